"""Puts calibrations back whose worker fell silent, or whose job got lost. A duty of the recovery process."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from django.db import transaction

from facsweb.audit.services import record
from facsweb.calibration import attempts
from facsweb.calibration.models import Version

logger = logging.getLogger(__name__)

STALE: Final = timedelta(seconds=20)  # a living attempt beats every second
MAX_CRASHES: Final = 3
GIVEN_UP: Final = (
    f"The calibration stopped unexpectedly {MAX_CRASHES} times, so it was given up. Codings and results are "
    "unchanged. Look at the log of the workers (memory may have run out), then calibrate again."
)


def recover() -> int:
    """Requeue a calibration whose worker is gone or whose job is lost; return how many were put back."""
    return sum(_revive(version) for version in attempts.silent(STALE)) + attempts.put_back_lost()


def _revive(version: Version) -> bool:
    with transaction.atomic():
        if not attempts.revive(version, most_crashes=MAX_CRASHES, given_up=GIVEN_UP):
            return False
        record(None, "calibration.recover", version, attempt=version.attempt, worker=version.worker)
    logger.warning("Calibration %s, attempt %s: its worker fell silent.", version.number, version.attempt)
    return True
