"""What a worker may do to a run, behind the fence of its attempt (`processes.fence`).

Nothing that a worker made that was thought dead is ever published.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from facsweb.audit.services import record
from facsweb.processes import queue
from facsweb.processes.fence import Fence
from facsweb.runs import hooks, progress
from facsweb.runs.models import AnalysisRun, LogLine
from facsweb.storage import shelf

State = AnalysisRun.State
SEGMENTS = "segments"


def _queue_of(run_id: uuid.UUID) -> str:
    """A run that only reads a measurement again looks at no pictures."""
    again = AnalysisRun.objects.filter(pk=run_id, parameters__has_key="measurement_from").exists()
    return queue.CPU if again else queue.GPU


_FENCE = Fence(
    lambda: AnalysisRun.objects, "facsweb.runs.tasks.analyse", "run", {"rate": None}, queue_of=_queue_of
)
job_id, enqueue, beat, order = _FENCE.job_id, _FENCE.enqueue, _FENCE.beat, _FENCE.order
requeue, silent, revive, put_back_lost = _FENCE.requeue, _FENCE.silent, _FENCE.revive, _FENCE.put_back_lost
_mine = _FENCE.mine


def folder(run_id: uuid.UUID) -> Path:
    """Folder of everything that belongs to a run."""
    return Path(settings.MEDIA_ROOT) / "runs" / str(run_id)


def note(run_id: uuid.UUID, attempt: int, text: str) -> None:
    """Add a line to the run's log."""
    LogLine.objects.create(run_id=run_id, attempt=attempt, text=text[:500])


def claim(run_id: uuid.UUID, attempt: int, worker: str) -> AnalysisRun | None:
    """Take a queued run; None when this attempt is not waiting (any more), which is normal for a repeated job."""
    with transaction.atomic():
        if not _FENCE.claim(run_id, attempt, worker):
            return None
        note(run_id, attempt, f"Attempt {attempt} begun by worker {worker}.")
    progress.announce(run_id)
    return AnalysisRun.objects.select_related("recording__participant__study", "created_by").get(pk=run_id)


def succeed(run_id: uuid.UUID, attempt: int, *, files: dict[str, str], summary: dict[str, Any]) -> bool:
    """Publish the attempt's folder as the run's result; False when the run is no longer this attempt's.

    The UPDATE, the upper layers' hooks and the log entry are one transaction: either everybody knows the result or
    nobody does.
    """
    with transaction.atomic():
        # A cancelling that was asked for wins, even at the last moment.
        changed = (
            _mine(run_id, attempt)
            .filter(cancel_requested_at=None)
            .update(
                state=State.SUCCEEDED,
                finished_at=timezone.now(),
                folder=f"runs/{run_id}/{attempt}",
                files=files,
                summary=summary,
                error="",
                error_detail="",
            )
        )
        if not changed:
            return False
        run = AnalysisRun.objects.select_related("recording__participant__study", "created_by").get(pk=run_id)
        for hook in hooks.on_success:
            hook(run)
        note(run_id, attempt, "Finished.")
        record(None, "run.succeed", run, attempt=attempt, files=files)
    progress.announce(run_id)
    return True


def fail(run_id: uuid.UUID, attempt: int, *, error: str, detail: str) -> bool:
    """End the run with a sentence for a person and a traceback for the operator."""
    return _end(run_id, attempt, State.FAILED, error, "run.fail", error=error, error_detail=detail)


def confirm_cancel(run_id: uuid.UUID, attempt: int) -> bool:
    """End a run whose cancelling was asked for."""
    return _end(run_id, attempt, State.CANCELLED, "Cancelled.", "run.cancelled", stills=0)


def _end(run_id: uuid.UUID, attempt: int, state: str, text: str, action: str, **values: Any) -> bool:
    with transaction.atomic():
        if not _mine(run_id, attempt).update(state=state, finished_at=timezone.now(), **values):
            return False
        note(run_id, attempt, text)
        record(None, action, AnalysisRun.objects.get(pk=run_id), attempt=attempt)
    progress.announce(run_id)
    return True


def give_back(run_id: uuid.UUID, attempt: int, text: str) -> bool:
    """Put the run back into the queue as the next attempt: its worker is being stopped on purpose."""
    with transaction.atomic():
        if not requeue(_mine(run_id, attempt), attempt):
            return False
        note(run_id, attempt, text)
        enqueue(run_id, attempt + 1)
    progress.announce(run_id)
    return True


def remove_leftovers(run: AnalysisRun) -> None:
    """Remove the folders of a run's attempts that are neither published nor at work, as far as `run` tells.

    Of a cancelled run nothing is kept, its picture included.
    """
    here = folder(run.pk)
    if run.state == State.CANCELLED:
        shelf.remove(here)
    # Finished segments serve the next attempt.
    kept = {str(run.attempt), SEGMENTS} if run.is_active else {Path(run.folder).name} if run.folder else set()
    there = {path.name for path in here.iterdir() if path.is_dir()} if here.is_dir() else set()
    if shelf.is_shared():  # a worker of another host may have died over them
        there |= {str(number) for number in range(1, run.attempt + 1)}
    for name in there - kept:
        shelf.remove(here / name)
