"""When the installation has more to do than it can: new work is put off, with a sentence, and nothing is lost.

Reading pages, coding and signing go on; so does everything that was accepted.
"""

from __future__ import annotations

import shutil
import time
from typing import Final

from django.conf import settings

from facsweb.processes import belt

RETRY_AFTER_S: Final = 60
FRESH_S: Final = 5.0  # so long what was found is believed
WITHOUT_REDIS: Final = 100  # this part of what may wait may wait while Redis is gone
BACKLOG: Final = "More work waits here than is taken on at once."
DISK: Final = "The server's disk is nearly full, so nothing that needs room is begun."
REDIS: Final = "The queue of work is not there at the moment, and much waits for it already."

_found: tuple[float, int] = (-FRESH_S, 0)


def why(*, disk: bool = True) -> str:
    """Why new work is put off now, in a sentence; empty where it is not.

    Parameters
    ----------
    disk : bool
        Whether the work needs room of a size that is not known.
    """
    if disk and shutil.disk_usage(settings.DATA_DIR).free < settings.DISK_RESERVE_MB << 20:
        return DISK
    waits = _backlog()
    if waits >= settings.MOST_WAITING:
        return BACKLOG
    if waits >= max(1, settings.MOST_WAITING // WITHOUT_REDIS) and belt.redis_is_away():
        return REDIS
    return ""


def _backlog() -> int:
    """How many jobs wait, counted every few seconds and no farther than counts."""
    global _found
    if time.monotonic() - _found[0] >= FRESH_S:
        _found = (time.monotonic(), belt.backlog(settings.MOST_WAITING))
    return _found[1]
