"""What a worker may do to a run: every change is a conditional UPDATE that names the attempt it belongs to.

``attempt`` is a fence. A worker that was thought dead holds an old number, its UPDATEs touch no row, and each
function here tells it so; nothing that it made is ever published.
"""

from __future__ import annotations

import enum
import shutil
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from facsweb.audit.services import record
from facsweb.processes import queue
from facsweb.runs import hooks, progress
from facsweb.runs.models import AnalysisRun, LogLine

State = AnalysisRun.State
TASK = "facsweb.runs.tasks.analyse"  # by name: the task imports this module


class Order(enum.Enum):
    """What a running attempt is told at every beat."""

    GO_ON = "go on"
    CANCEL = "cancel"
    LOST = "lost"  # another attempt has the run, or it ended


def folder(run_id: uuid.UUID) -> Path:
    """Folder of everything that belongs to a run."""
    return Path(settings.MEDIA_ROOT) / "runs" / str(run_id)


def job_id(run_id: uuid.UUID, attempt: int) -> str:
    """The queue's name of one attempt."""
    return f"run-{run_id}-{attempt}"


def enqueue(run_id: uuid.UUID, attempt: int) -> None:
    """Let a worker have the attempt once the transaction is committed."""
    queue.enqueue_on_commit(TASK, str(run_id), attempt, job_id=job_id(run_id, attempt))


def note(run_id: uuid.UUID, attempt: int, text: str) -> None:
    """Add a line to the run's log."""
    LogLine.objects.create(run_id=run_id, attempt=attempt, text=text[:500])


def _mine(run_id: uuid.UUID, attempt: int) -> Any:
    return AnalysisRun.objects.filter(pk=run_id, attempt=attempt, state=State.RUNNING)


def claim(run_id: uuid.UUID, attempt: int, worker: str) -> AnalysisRun | None:
    """Take a queued run; None when this attempt is not waiting (any more), which is normal for a repeated job."""
    now = timezone.now()
    with transaction.atomic():
        waiting = AnalysisRun.objects.filter(pk=run_id, attempt=attempt, state=State.QUEUED)
        if not waiting.update(
            state=State.RUNNING, worker=worker, heartbeat_at=now, started_at=now, stage="", done=0, total=None
        ):
            return None
        note(run_id, attempt, f"Attempt {attempt} begun by worker {worker}.")
    progress.announce(run_id)
    return AnalysisRun.objects.select_related("recording__participant__study", "created_by").get(pk=run_id)


def beat(run_id: uuid.UUID, attempt: int, **values: Any) -> Order:
    """Say that the attempt is alive, store how far it is, and hear what to do."""
    if not _mine(run_id, attempt).update(heartbeat_at=timezone.now(), **values):
        return Order.LOST
    return order(run_id, attempt)


def order(run_id: uuid.UUID, attempt: int) -> Order:
    """Hear what to do, without writing."""
    asked = list(_mine(run_id, attempt).values_list("cancel_requested_at", flat=True))
    if not asked:
        return Order.LOST
    return Order.GO_ON if asked[0] is None else Order.CANCEL


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


def requeue(chosen: Any, attempt: int, **values: Any) -> bool:
    """Make the chosen row wait as the next attempt."""
    return bool(
        chosen.update(
            state=State.QUEUED,
            attempt=attempt + 1,
            queued_at=timezone.now(),
            worker="",
            heartbeat_at=None,
            stage="",
            done=0,
            total=None,
            rate=None,
            **values,
        )
    )


def remove_leftovers(run: AnalysisRun) -> None:
    """Remove the folders of a run's attempts that are neither published nor at work, as far as `run` tells.

    Of a cancelled run nothing is kept, its picture included.
    """
    here = folder(run.pk)
    if run.state == State.CANCELLED:
        shutil.rmtree(here, ignore_errors=True)
    kept = {str(run.attempt)} if run.is_active else {Path(run.folder).name} if run.folder else set()
    if here.is_dir():
        for path in here.iterdir():
            if path.is_dir() and path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)
