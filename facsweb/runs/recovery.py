"""Putting back what a dead worker or an emptied Redis lost, and sweeping what dead attempts left.

Called every few seconds by the recovery process; may run in several processes at once, because every change is a
conditional UPDATE.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from facsweb.audit.services import record
from facsweb.runs import attempts, progress, segment_attempts
from facsweb.runs.models import AnalysisRun

logger = logging.getLogger(__name__)
State = AnalysisRun.State

STALE: Final = timedelta(seconds=15)  # a living attempt beats every two seconds
MAX_CRASHES: Final = 5
GIVEN_UP: Final = (
    f"The analysis stopped unexpectedly {MAX_CRASHES} times, so it was given up. The recording is safe. "
    "Ask an administrator to look at the log of the workers (memory may have run out), then try again."
)
SWEEP_EVERY_S: Final = 600.0
#: Runs that ended within this time are swept; at the start of the process, within the longer one.
SWEPT: Final = timedelta(days=2)
SWEPT_FIRST: Final = timedelta(days=30)
_last_sweep = 0.0


def recover() -> int:
    """Requeue runs whose worker is gone or whose job is lost; return how many were put back."""
    global _last_sweep
    count = sum(_revive(run) for run in attempts.silent(STALE)) + attempts.put_back_lost()
    count += segment_attempts.recover()
    if time.monotonic() - _last_sweep > SWEEP_EVERY_S or not _last_sweep:
        sweep(SWEPT if _last_sweep else SWEPT_FIRST)
        _last_sweep = time.monotonic()
    return count


_SAID: Final = {
    State.CANCELLED: "Cancelled.",
    State.FAILED: GIVEN_UP,
    State.QUEUED: "The worker stopped answering. The run waits for another worker.",
}


def _revive(run: AnalysisRun) -> bool:
    """Give a run whose worker fell silent to another one, unless it was to be cancelled or crashes every time."""
    with transaction.atomic():
        state = attempts.revive(run, most_crashes=MAX_CRASHES, given_up=GIVEN_UP, stills=0)
        if not state:
            return False
        text = _SAID[State(state)]
        attempts.note(run.pk, run.attempt, text)
        record(None, "run.recover", run, attempt=run.attempt, worker=run.worker)
    logger.warning("Run %s, attempt %s (%s): %s", run.pk, run.attempt, run.worker, text)
    attempts.remove_leftovers(AnalysisRun.objects.get(pk=run.pk))
    progress.announce(run.pk)
    return True


def sweep(since: timedelta) -> None:
    """Remove what runs that ended lately left behind beside their result. Folders of unknown runs are left alone.

    A dead attempt's child may write for moments after its run ended, never for days: who looks through all runs
    that there ever were looks through a million folders.
    """
    ended = AnalysisRun.objects.filter(finished_at__gt=timezone.now() - since).exclude(
        state__in=AnalysisRun.ACTIVE
    )
    for run in ended.only("state", "attempt", "folder").iterator():
        attempts.remove_leftovers(run)
