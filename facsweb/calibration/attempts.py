"""What a worker may do to a calibration, behind the fence of its attempt (`processes.fence`)."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from facsweb.audit.services import record
from facsweb.calibration import lapses
from facsweb.calibration.models import Version
from facsweb.processes.fence import Fence

State = Version.State
_FENCE = Fence(lambda: Version.objects, "facsweb.calibration.tasks.calibrate", "calibration")
job_id, enqueue, beat, order = _FENCE.job_id, _FENCE.enqueue, _FENCE.beat, _FENCE.order
requeue, silent, revive, put_back_lost = _FENCE.requeue, _FENCE.silent, _FENCE.revive, _FENCE.put_back_lost


class Lapsed(Exception):  # noqa: N818 (a state that people are told about)
    """Somebody's consent ended while it was calibrated; nothing was kept."""


def claim(version_id: uuid.UUID, attempt: int, worker: str) -> Version | None:
    """Take a queued calibration; None when this attempt is not waiting (any more)."""
    return Version.objects.get(pk=version_id) if _FENCE.claim(version_id, attempt, worker) else None


def succeed(version: Version, result: dict[str, Any]) -> bool:
    """Keep a finished calibration; False when it is no longer this attempt's.

    Raises
    ------
    Lapsed
        A participant's consent ended since their coding was read; nothing was kept.
    """
    done = {"state": State.SUCCEEDED, "finished_at": timezone.now(), "error": "", "error_detail": ""}
    with transaction.atomic():
        # A cancelling that was asked for wins, even at the last moment.
        mine = _FENCE.mine(version.pk, version.attempt).filter(cancel_requested_at=None)
        if not mine.update(result=result, **done):
            return False
        if lapses.of_version(version):
            raise Lapsed
        record(None, "calibration.succeed", version, number=version.number, participants=result["participants"])
    return True


def fail(version_id: uuid.UUID, attempt: int, *, error: str, detail: str) -> bool:
    """End the calibration with a sentence for a person and a traceback for the operator."""
    return _end(version_id, attempt, State.FAILED, "calibration.fail", error=error, error_detail=detail)


def confirm_cancel(version_id: uuid.UUID, attempt: int) -> bool:
    """End a calibration whose cancelling was asked for."""
    return _end(version_id, attempt, State.CANCELLED, "calibration.cancelled")


def _end(version_id: uuid.UUID, attempt: int, state: str, action: str, **values: Any) -> bool:
    with transaction.atomic():
        mine = _FENCE.mine(version_id, attempt)
        if not mine.update(state=state, finished_at=timezone.now(), **values):
            return False
        record(None, action, Version.objects.get(pk=version_id), attempt=attempt)
    return True


def give_back(version_id: uuid.UUID, attempt: int) -> bool:
    """Put the calibration back into the queue as the next attempt: its worker is being stopped on purpose."""
    with transaction.atomic():
        if not requeue(_FENCE.mine(version_id, attempt), attempt):
            return False
        enqueue(version_id, attempt + 1)
    return True
