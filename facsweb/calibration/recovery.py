"""Puts calibrations back whose worker fell silent, or whose job got lost. A duty of the recovery process."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from facsweb.calibration import attempts

STALE: Final = timedelta(seconds=20)  # a living attempt beats every second
MAX_CRASHES: Final = 3
GIVEN_UP: Final = (
    f"The calibration stopped unexpectedly {MAX_CRASHES} times, so it was given up. Codings and results are "
    "unchanged. Look at the log of the workers (memory may have run out), then calibrate again."
)


def recover() -> int:
    """Requeue a calibration whose worker is gone or whose job is lost; return how many were put back."""
    return attempts.FENCE.recover(stale=STALE, most_crashes=MAX_CRASHES, given_up=GIVEN_UP)
