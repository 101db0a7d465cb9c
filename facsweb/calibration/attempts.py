"""What a worker may do to a calibration, behind the fence of its attempt (`audit.attempts`)."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db import transaction

from facsweb.audit.attempts import RecordedFence
from facsweb.calibration import lapses
from facsweb.calibration.models import Version
from facsweb.learning.lapses import Lapsed

FENCE: Final = RecordedFence(lambda: Version.objects, "facsweb.calibration.tasks.calibrate", "calibration")


def claim(version_id: uuid.UUID, attempt: int, worker: str) -> Version | None:
    """Take a queued calibration; None when this attempt is not waiting (any more)."""
    return Version.objects.get(pk=version_id) if FENCE.claim(version_id, attempt, worker) else None


def succeed(version: Version, result: dict[str, Any]) -> bool:
    """Keep a finished calibration; False when it is no longer this attempt's.

    Raises
    ------
    Lapsed
        A participant's consent ended since their coding was read; nothing was kept.
    """
    with transaction.atomic():
        entry = {"number": version.number, "participants": result.get("participants")}
        if not FENCE.finish(version, {"result": result}, **entry):
            return False
        if lapses.of_version(version):
            raise Lapsed(lapses.WHILE_CALIBRATING)
    return True
