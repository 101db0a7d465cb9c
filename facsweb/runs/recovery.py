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
from redis import RedisError

from facsweb.audit.services import record
from facsweb.processes import queue
from facsweb.runs import attempts, progress
from facsweb.runs.models import AnalysisRun

logger = logging.getLogger(__name__)
State = AnalysisRun.State

STALE: Final = timedelta(seconds=15)  # a living attempt beats every two seconds
GRACE: Final = timedelta(seconds=3)  # between the commit and the enqueueing
TAKEN: Final = timedelta(seconds=30)  # between a worker's taking the job and its claiming the run
MAX_CRASHES: Final = 5
GIVEN_UP: Final = (
    f"The analysis stopped unexpectedly {MAX_CRASHES} times, so it was given up. The recording is safe. "
    "Ask an administrator to look at the log of the workers (memory may have run out), then try again."
)
SWEEP_EVERY_S: Final = 600.0
_last_sweep = 0.0


def recover() -> int:
    """Requeue runs whose worker is gone or whose job is lost; return how many were put back."""
    global _last_sweep
    count = _stale_attempts() + _lost_jobs()
    if time.monotonic() - _last_sweep > SWEEP_EVERY_S or not _last_sweep:
        _last_sweep = time.monotonic()
        sweep()
    return count


def _stale_attempts() -> int:
    silent_since = timezone.now() - STALE
    stale = AnalysisRun.objects.filter(state=State.RUNNING, heartbeat_at__lt=silent_since)
    return sum(_revive(run) for run in stale)


def _revive(run: AnalysisRun) -> bool:
    """Give a run whose worker fell silent to another one, unless it was to be cancelled or crashes every time."""
    now = timezone.now()
    with transaction.atomic():
        mine = AnalysisRun.objects.filter(
            pk=run.pk, state=State.RUNNING, attempt=run.attempt, heartbeat_at=run.heartbeat_at
        )
        if run.cancel_requested_at is not None:
            changed = mine.update(state=State.CANCELLED, finished_at=now, stills=0)
            text = "Cancelled."
        elif run.crashes + 1 >= MAX_CRASHES:
            changed = mine.update(
                state=State.FAILED,
                finished_at=now,
                crashes=run.crashes + 1,
                error=GIVEN_UP,
                error_detail=f"No heartbeat from {run.worker} since {run.heartbeat_at}.",
            )
            text = GIVEN_UP
        else:
            changed = attempts.requeue(mine, run.attempt, crashes=run.crashes + 1)
            text = "The worker stopped answering. The run waits for another worker."
            if changed:
                attempts.enqueue(run.pk, run.attempt + 1)
        if not changed:
            return False
        attempts.note(run.pk, run.attempt, text)
        record(None, "run.recover", run, attempt=run.attempt, worker=run.worker)
    logger.warning("Run %s, attempt %s (%s): %s", run.pk, run.attempt, run.worker, text)
    attempts.remove_leftovers(AnalysisRun.objects.get(pk=run.pk))
    progress.announce(run.pk)
    return True


def _lost_jobs() -> int:
    """Enqueue again the runs that wait in the database but not in the queue."""
    count = 0
    now = timezone.now()
    for run in AnalysisRun.objects.filter(state=State.QUEUED, queued_at__lt=now - GRACE).order_by("queued_at"):
        job_id = attempts.job_id(run.pk, run.attempt)
        try:
            if queue.is_waiting(job_id) or (run.queued_at > now - TAKEN and queue.is_started(job_id)):
                continue
        except RedisError:
            return count  # nothing to do until Redis is back; the rows keep waiting
        attempts.enqueue(run.pk, run.attempt)
        logger.warning("Run %s was not in the queue; it was put back.", run.pk)
        count += 1
    return count


def sweep() -> None:
    """Remove what ended runs left behind beside their result. Folders of unknown runs are left alone."""
    for run in AnalysisRun.objects.exclude(state__in=AnalysisRun.ACTIVE).iterator():
        attempts.remove_leftovers(run)
