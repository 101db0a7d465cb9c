"""What a worker may do to a training, behind the fence of its attempt (`processes.fence`)."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from facsweb.audit.services import record
from facsweb.learning import lapses, packages
from facsweb.learning.models import Training
from facsweb.processes.fence import Fence

State = Training.State
_FENCE = Fence(lambda: Training.objects, "facsweb.learning.tasks.learn", "training")
job_id, enqueue, beat, order = _FENCE.job_id, _FENCE.enqueue, _FENCE.beat, _FENCE.order
requeue, silent, revive, put_back_lost = _FENCE.requeue, _FENCE.silent, _FENCE.revive, _FENCE.put_back_lost
_mine = _FENCE.mine


class Lapsed(Exception):  # noqa: N818 (a state that people are told about)
    """Somebody's consent ended while the scorer was trained; nothing was published."""


def claim(training_id: uuid.UUID, attempt: int, worker: str) -> Training | None:
    """Take a queued training; None when this attempt is not waiting (any more)."""
    if not _FENCE.claim(training_id, attempt, worker):
        return None
    return Training.objects.get(pk=training_id)


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
