"""What workers may do to the segments of a long recording, behind fences of their own (`processes.fence`).

A segment lives as long as its run: what stops the run stops all of its segments, and what ends it removes them.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from facsweb.audit.attempts import RecordedFence
from facsweb.processes import queue
from facsweb.processes.fence import Order
from facsweb.runs.models import AnalysisRun, Segment
from facsweb.storage import shelf

STALE: Final = timedelta(seconds=15)  # a living attempt beats every second
MAX_CRASHES: Final = 5
GIVEN_UP: Final = (
    f"Measuring a part of the recording stopped unexpectedly {MAX_CRASHES} times, so it was given up. The "
    "recording is safe. Ask an administrator to look at the log of the workers (memory may have run out), then "
    "try again."
)
_ENDED: Final = ("succeeded", "failed", "cancelled")


class SegmentFence(RecordedFence):
    """Also hears what is ordered to the run."""

    def claim(self, pk: uuid.UUID, attempt: int, worker: str) -> bool:
        return self._is_wanted(pk) and super().claim(pk, attempt, worker)

    def order(self, pk: uuid.UUID, attempt: int) -> Order:
        if not self.mine(pk, attempt).exists():
            return Order.LOST
        return Order.GO_ON if self._is_wanted(pk) else Order.CANCEL

    def take_back(self, run: AnalysisRun) -> None:
        """Put back a run's segments whose worker is gone; the recovery process does it too, if there is one."""
        for segment in self.silent(STALE).filter(run=run):
            if self._revived(segment, most_crashes=MAX_CRASHES, given_up=GIVEN_UP):
                _remove(segment)

    def _is_wanted(self, pk: uuid.UUID) -> bool:
        active = {"run__state__in": AnalysisRun.ACTIVE, "run__cancel_requested_at": None}
        return bool(self.rows().filter(pk=pk, **active).exists())


FENCE: Final = SegmentFence(lambda: Segment.objects, "facsweb.runs.tasks.measure_segment", "segment")


def folder(segment: Segment) -> str:
    """Where an attempt at a segment measures, relative to MEDIA_ROOT."""
    return f"runs/{segment.run_id}/segments/{segment.number}-{segment.attempt}"


def make(run: AnalysisRun, plan: dict[str, Any], frames: Sequence[int]) -> None:
    """Write the plan and a row for each segment, and let workers have them; nothing where that was done before."""
    with transaction.atomic():
        if not AnalysisRun.objects.filter(pk=run.pk, attempt=run.attempt, plan={}).update(plan=plan):
            return
        for number, total in enumerate(frames):
            segment = Segment.objects.create(run=run, number=number, total=total)
            FENCE.enqueue(segment.pk, segment.attempt)


def take(run: AnalysisRun, worker: str) -> Segment | None:
    """Claim the first segment of a run that waits; None when none does."""
    for segment in run.segments.filter(state=Segment.State.QUEUED).order_by("number"):
        if FENCE.claim(segment.pk, segment.attempt, worker):
            queue.remove(FENCE.job_id(segment.pk, segment.attempt))
            segment.refresh_from_db()
            return segment
    return None


def give_up_hung(segment: Segment) -> None:
    """Give a segment to another worker although its own still beats: it does not get on."""
    with transaction.atomic():
        crashes = segment.crashes + 1
        mine = FENCE.mine(segment.pk, segment.attempt)
        if crashes >= MAX_CRASHES:
            mine.update(state="failed", finished_at=timezone.now(), crashes=crashes, error=GIVEN_UP)
        elif FENCE.requeue(mine, segment.attempt, crashes=crashes):
            FENCE.enqueue(segment.pk, segment.attempt + 1)


def again(segment: Segment) -> bool:
    """Have a finished segment measured once more: its files are gone, or other models made them."""
    with transaction.atomic():
        done = Segment.objects.filter(pk=segment.pk, attempt=segment.attempt, state="succeeded")
        if not FENCE.requeue(done, segment.attempt, folder=""):
            return False
        FENCE.enqueue(segment.pk, segment.attempt + 1)
    return True


def recover() -> int:
    """Put back segments whose worker is gone or whose job is lost; remove those of runs that ended."""
    # From the few segments there are: joined to them, every run that ever ended would be looked at.
    for run in AnalysisRun.objects.filter(pk__in=Segment.objects.values("run"), state__in=_ENDED):
        clear(run)
    return FENCE.recover(stale=STALE, most_crashes=MAX_CRASHES, given_up=GIVEN_UP, leftovers=_remove)


def clear(run: AnalysisRun) -> None:
    """Remove the segments of a run that has ended."""
    if run.is_active:
        return
    for segment in run.segments.all():
        queue.remove(FENCE.job_id(segment.pk, segment.attempt))
    if run.segments.all().delete()[0]:
        shelf.remove(f"runs/{run.pk}/segments")


def _remove(segment: Segment) -> None:
    shelf.remove(folder(segment))
