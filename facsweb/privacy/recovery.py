"""Putting back what dead workers lost, trying again what failed, and the daily rules: the recovery process's."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from facsweb.privacy import attempts, copying, destroying, retention
from facsweb.privacy.models import Erasure
from facsweb.storage import leftovers

log = logging.getLogger(__name__)

STALE: Final = timedelta(seconds=20)  # a living attempt beats every second
MAX_CRASHES: Final = 3
AGAIN_AFTER: Final = timedelta(minutes=10)
GIVEN_UP: Final = (
    f"Destroying stopped unexpectedly {MAX_CRASHES} times. What is left is hidden from everybody, and it is tried "
    "again every few minutes. Ask the operator to look at the worker's log (memory or disk may have run out)."
)
COPY_GIVEN_UP: Final = (
    f"Making the copy stopped unexpectedly {MAX_CRASHES} times, so it was given up. Nothing was changed. Ask the "
    "operator to look at the worker's log, then try again."
)
SLOWLY_S: Final = 30.0
_slow_at = 0.0


def recover() -> int:
    """Requeue what is lost; now and then also look at what is seldom due. Return how many were put back."""
    global _slow_at
    how = {"stale": STALE, "most_crashes": MAX_CRASHES}
    count = attempts.FENCE.recover(**how, given_up=GIVEN_UP)
    count += attempts.COPY_FENCE.recover(**how, given_up=COPY_GIVEN_UP, leftovers=copying.remove_draft)
    if time.monotonic() - _slow_at > SLOWLY_S or not _slow_at:
        _slow_at = time.monotonic()
        count += _again()
        destroying.look_again()
        copying.remove_expired()
        retention.daily()
        leftovers.sweep_seldom("certificates", (Erasure, "certificate"))
    return count


def _again() -> int:
    """Try again what failed: an erasure is never given up."""
    count = 0
    since = timezone.now() - AGAIN_AFTER
    for erasure in attempts.free().filter(state=Erasure.State.FAILED, finished_at__lt=since):
        with transaction.atomic():
            same = attempts.free().filter(pk=erasure.pk, state=Erasure.State.FAILED, attempt=erasure.attempt)
            if not attempts.FENCE.requeue(same, erasure.attempt, finished_at=None, crashes=0):
                continue
            attempts.FENCE.enqueue(erasure.pk, erasure.attempt + 1)
        log.warning("Erasure %s failed and is tried again.", erasure.pk)
        count += 1
    return count
