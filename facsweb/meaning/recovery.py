"""Putting back readings that a dead worker or an emptied Redis lost; called by the recovery process."""

from __future__ import annotations

import logging
import shutil
from datetime import timedelta
from typing import Final

from django.db import transaction

from facsweb.audit.services import record
from facsweb.meaning import attempts
from facsweb.meaning.models import Reading

logger = logging.getLogger(__name__)

STALE: Final = timedelta(seconds=20)  # a living attempt beats every second
MAX_CRASHES: Final = 3
GIVEN_UP: Final = (
    f"Reading stopped unexpectedly {MAX_CRASHES} times, so it was given up. The analysis and all codings are "
    "unchanged. Try again; if it happens again, give an administrator the address of this page."
)


def recover() -> int:
    """Requeue readings whose worker is gone or whose job is lost; return how many were put back."""
    return sum(_revive(reading) for reading in attempts.silent(STALE)) + attempts.put_back_lost()


def _revive(reading: Reading) -> bool:
    with transaction.atomic():
        if not attempts.revive(reading, most_crashes=MAX_CRASHES, given_up=GIVEN_UP):
            return False
        record(None, "reading.recover", reading, attempt=reading.attempt, worker=reading.worker)
    logger.warning("Reading %s, attempt %s: its worker fell silent.", reading.pk, reading.attempt)
    shutil.rmtree(attempts.folder(reading.pk) / str(reading.attempt), ignore_errors=True)
    return True
