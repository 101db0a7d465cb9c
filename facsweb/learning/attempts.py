"""What a worker may do to a training, behind the fence of its attempt (`audit.attempts`)."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from facsweb.audit.attempts import RecordedFence
from facsweb.learning import lapses, packages
from facsweb.learning.models import Training

FENCE: Final = RecordedFence(lambda: Training.objects, "facsweb.learning.tasks.learn", "training")


def claim(training_id: uuid.UUID, attempt: int, worker: str) -> Training | None:
    """Take a queued training; None when this attempt is not waiting (any more)."""
    return Training.objects.get(pk=training_id) if FENCE.claim(training_id, attempt, worker) else None


def succeed(training: Training, made: Path, learned: dict[str, Any]) -> bool:
    """Publish a finished scorer; False when the training is no longer this attempt's.

    Raises
    ------
    Lapsed
        A participant's consent ended since their coding was read; nothing was published.
    """
    files = packages.hashes(made)
    with transaction.atomic():
        kept = {"learned": learned, "files": files}
        if not FENCE.finish(training, kept, scorer=training.scorer, files=files):
            return False
        if lapses.of_training(training):
            raise lapses.Lapsed(lapses.WHILE_TRAINING)
        packages.publish(made, training.version)  # last: when it fails, the lines above are undone
    return True
