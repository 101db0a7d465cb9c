"""Putting back readings that a dead worker or an emptied Redis lost; called by the recovery process."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from facsweb.meaning import attempts
from facsweb.meaning.models import Reading
from facsweb.storage import shelf

STALE: Final = timedelta(seconds=20)  # a living attempt beats every second
MAX_CRASHES: Final = 3
GIVEN_UP: Final = (
    f"Reading stopped unexpectedly {MAX_CRASHES} times, so it was given up. The analysis and all codings are "
    "unchanged. Try again; if it happens again, give an administrator the address of this page."
)


def recover() -> int:
    """Requeue readings whose worker is gone or whose job is lost; return how many were put back."""
    how = {"stale": STALE, "most_crashes": MAX_CRASHES, "given_up": GIVEN_UP}
    return attempts.FENCE.recover(**how, leftovers=_remove_folder)


def _remove_folder(reading: Reading) -> None:
    shelf.remove(attempts.folder(reading.pk) / str(reading.attempt))
