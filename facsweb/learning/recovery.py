"""Putting back trainings that a dead worker or an emptied Redis lost; called by the recovery process."""

from __future__ import annotations

import logging
import shutil
from datetime import timedelta
from typing import Final

from django.db import transaction

from facsweb.audit.services import record
from facsweb.learning import attempts, packages
from facsweb.learning.models import Training

logger = logging.getLogger(__name__)

STALE: Final = timedelta(seconds=20)  # a living attempt beats every second
MAX_CRASHES: Final = 3
GIVEN_UP: Final = (
    f"The training stopped unexpectedly {MAX_CRASHES} times, so it was given up. Codings and scorers are "
    "unchanged. Look at the log of the workers (memory may have run out), then train again."
)


def recover() -> int:
    """Requeue a training whose worker is gone or whose job is lost; return how many were put back."""
    return sum(_revive(training) for training in attempts.silent(STALE)) + attempts.put_back_lost()


def _revive(training: Training) -> bool:
    with transaction.atomic():
        if not attempts.revive(training, most_crashes=MAX_CRASHES, given_up=GIVEN_UP):
            return False
        record(None, "training.recover", training, attempt=training.attempt, worker=training.worker)
    logger.warning("Training %s, attempt %s: its worker fell silent.", training.number, training.attempt)
    shutil.rmtree(packages.draft(f"{training.pk}-{training.attempt}"), ignore_errors=True)
    return True
