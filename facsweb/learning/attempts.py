"""What a worker may do to a training: conditional UPDATEs that name the attempt (see `runs.attempts`)."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from facsweb.audit.services import record
from facsweb.learning import lapses, packages
from facsweb.learning.models import Training
from facsweb.processes import queue
from facsweb.runs.attempts import Order

State = Training.State
TASK = "facsweb.learning.tasks.learn"  # by name: the task imports this module


class Lapsed(Exception):  # noqa: N818 (a state that people are told about)
    """Somebody's consent ended while the scorer was trained; nothing was published."""


def job_id(training_id: uuid.UUID, attempt: int) -> str:
    """The queue's name of one attempt."""
    return f"training-{training_id}-{attempt}"


def enqueue(training_id: uuid.UUID, attempt: int) -> None:
    """Let a worker have the attempt once the transaction is committed."""
    queue.enqueue_on_commit(TASK, str(training_id), attempt, job_id=job_id(training_id, attempt))


def _mine(training_id: uuid.UUID, attempt: int) -> Any:
    return Training.objects.filter(pk=training_id, attempt=attempt, state=State.RUNNING)


def claim(training_id: uuid.UUID, attempt: int, worker: str) -> Training | None:
    """Take a queued training; None when this attempt is not waiting (any more)."""
    now = timezone.now()
    waiting = Training.objects.filter(pk=training_id, attempt=attempt, state=State.QUEUED)
    if not waiting.update(
        state=State.RUNNING, worker=worker, heartbeat_at=now, started_at=now, stage="", done=0, total=None
    ):
        return None
    return Training.objects.get(pk=training_id)


def beat(training_id: uuid.UUID, attempt: int, **values: Any) -> Order:
    """Say that the attempt is alive, store how far it is, and hear what to do."""
    if not _mine(training_id, attempt).update(heartbeat_at=timezone.now(), **values):
        return Order.LOST
    return order(training_id, attempt)


def order(training_id: uuid.UUID, attempt: int) -> Order:
    """Hear what to do, without writing."""
    asked = list(_mine(training_id, attempt).values_list("cancel_requested_at", flat=True))
    if not asked:
        return Order.LOST
    return Order.GO_ON if asked[0] is None else Order.CANCEL


def succeed(training: Training, made: Path, learned: dict[str, Any]) -> bool:
    """Publish a finished scorer; False when the training is no longer this attempt's.

    Raises
    ------
    Lapsed
        A participant's consent ended since their coding was read; nothing was published.
    """
    files = packages.hashes(made)
    with transaction.atomic():
        # A cancelling that was asked for wins, even at the last moment.
        changed = (
            _mine(training.pk, training.attempt)
            .filter(cancel_requested_at=None)
            .update(
                state=State.SUCCEEDED,
                finished_at=timezone.now(),
                learned=learned,
                files=files,
                error="",
                error_detail="",
            )
        )
        if not changed:
            return False
        if lapses.of_training(training):
            raise Lapsed
        record(None, "training.succeed", training, scorer=training.scorer, files=files)
        packages.publish(made, training.version)  # last: when it fails, the lines above are undone
    return True


def fail(training_id: uuid.UUID, attempt: int, *, error: str, detail: str) -> bool:
    """End the training with a sentence for a person and a traceback for the operator."""
    return _end(training_id, attempt, State.FAILED, "training.fail", error=error, error_detail=detail)


def confirm_cancel(training_id: uuid.UUID, attempt: int) -> bool:
    """End a training whose cancelling was asked for."""
    return _end(training_id, attempt, State.CANCELLED, "training.cancelled")


def _end(training_id: uuid.UUID, attempt: int, state: str, action: str, **values: Any) -> bool:
    with transaction.atomic():
        if not _mine(training_id, attempt).update(state=state, finished_at=timezone.now(), **values):
            return False
        record(None, action, Training.objects.get(pk=training_id), attempt=attempt)
    return True


def give_back(training_id: uuid.UUID, attempt: int) -> bool:
    """Put the training back into the queue as the next attempt: its worker is being stopped on purpose."""
    with transaction.atomic():
        if not requeue(_mine(training_id, attempt), attempt):
            return False
        enqueue(training_id, attempt + 1)
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
            **values,
        )
    )
