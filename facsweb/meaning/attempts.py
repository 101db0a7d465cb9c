"""What a worker may do to a reading, behind the fence of its attempt (`processes.fence`)."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from facsweb.audit.services import record
from facsweb.meaning.models import Reading
from facsweb.processes.fence import Fence

State = Reading.State
_FENCE = Fence(lambda: Reading.objects, "facsweb.meaning.tasks.read", "reading")
job_id, enqueue, beat, order = _FENCE.job_id, _FENCE.enqueue, _FENCE.beat, _FENCE.order
requeue, silent, revive, put_back_lost = _FENCE.requeue, _FENCE.silent, _FENCE.revive, _FENCE.put_back_lost
_mine = _FENCE.mine


def folder(reading_id: uuid.UUID) -> Path:
    """Folder of everything that belongs to a reading."""
    return Path(settings.MEDIA_ROOT) / "readings" / str(reading_id)


def claim(reading_id: uuid.UUID, attempt: int, worker: str, inputs: Any) -> Reading | None:
    """Take a queued reading and write down what it is read from; None when this attempt is not waiting.

    Parameters
    ----------
    inputs : callable
        Given the reading, what holds at this moment: what changed while it waited is read at once.
    """
    with transaction.atomic():
        if not _FENCE.claim(reading_id, attempt, worker):
            return None
        reading = Reading.objects.select_related("run__recording__participant__study").get(pk=reading_id)
        reading.inputs = inputs(reading)
        _mine(reading_id, attempt).update(inputs=reading.inputs)
    return reading


def succeed(reading: Reading, *, files: dict[str, str], summary: dict[str, Any]) -> bool:
    """Publish the attempt's folder; False when the reading is no longer this attempt's."""
    with transaction.atomic():
        changed = (
            _mine(reading.pk, reading.attempt)
            .filter(cancel_requested_at=None)
            .update(
                state=State.SUCCEEDED,
                finished_at=timezone.now(),
                folder=f"readings/{reading.pk}/{reading.attempt}",
                files=files,
                summary=summary,
                error="",
                error_detail="",
            )
        )
        if not changed:
            return False
        record(None, "reading.succeed", reading, run=str(reading.run_id), inputs=reading.inputs, files=files)
    return True


def fail(reading_id: uuid.UUID, attempt: int, *, error: str, detail: str) -> bool:
    """End the reading with a sentence for a person and a traceback for the operator."""
    return _end(reading_id, attempt, State.FAILED, "reading.fail", error=error, error_detail=detail)


def confirm_cancel(reading_id: uuid.UUID, attempt: int) -> bool:
    """End a reading whose cancelling was asked for."""
    return _end(reading_id, attempt, State.CANCELLED, "reading.cancelled")


def _end(reading_id: uuid.UUID, attempt: int, state: str, action: str, **values: Any) -> bool:
    with transaction.atomic():
        if not _mine(reading_id, attempt).update(state=state, finished_at=timezone.now(), **values):
            return False
        record(None, action, Reading.objects.get(pk=reading_id), attempt=attempt)
    return True


def give_back(reading_id: uuid.UUID, attempt: int) -> bool:
    """Put the reading back into the queue as the next attempt: its worker is being stopped on purpose."""
    with transaction.atomic():
        if not requeue(_mine(reading_id, attempt), attempt):
            return False
        enqueue(reading_id, attempt + 1)
    return True
