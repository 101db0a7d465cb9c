"""What a worker may do to a reading, behind the fence of its attempt (`audit.attempts`)."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from facsweb.audit.attempts import RecordedFence
from facsweb.meaning.models import Reading

FENCE: Final = RecordedFence(lambda: Reading.objects, "facsweb.meaning.tasks.read", "reading")


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
        if not FENCE.claim(reading_id, attempt, worker):
            return None
        reading = Reading.objects.select_related("run__recording__participant__study").get(pk=reading_id)
        reading.inputs = inputs(reading)
        FENCE.mine(reading_id, attempt).update(inputs=reading.inputs)
    return reading


def succeed(reading: Reading, *, files: dict[str, str], summary: dict[str, Any]) -> bool:
    """Publish the attempt's folder; False when the reading is no longer this attempt's."""
    published = {"folder": f"readings/{reading.pk}/{reading.attempt}", "files": files, "summary": summary}
    return FENCE.finish(reading, published, run=str(reading.run_id), inputs=reading.inputs, files=files)
