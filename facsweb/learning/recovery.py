"""Putting back trainings that a dead worker or an emptied Redis lost; called by the recovery process."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import Final

from facsweb.learning import attempts, packages
from facsweb.learning.models import Training

STALE: Final = timedelta(seconds=20)  # a living attempt beats every second
MAX_CRASHES: Final = 3
GIVEN_UP: Final = (
    f"The training stopped unexpectedly {MAX_CRASHES} times, so it was given up. Codings and scorers are "
    "unchanged. Look at the log of the workers (memory may have run out), then train again."
)


def recover() -> int:
    """Requeue a training whose worker is gone or whose job is lost; return how many were put back."""
    how = {"stale": STALE, "most_crashes": MAX_CRASHES, "given_up": GIVEN_UP}
    return attempts.FENCE.recover(**how, leftovers=_remove_draft)


def _remove_draft(training: Training) -> None:
    shutil.rmtree(packages.draft(f"{training.pk}-{training.attempt}"), ignore_errors=True)
