"""Moments that rows carry, seen by a clock that may be set: what is long ago, and whether to trust that now.

A moment in the future was written before the clock was set back; whoever waited for it to pass would wait for
hours. And right after the clock was set forward, or the machine woke up, everything looks silent that is alive:
whoever judges by silence waits until the living have had time to speak.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

#: Clocks of several hosts differ by less than this; it is not taken for the future.
APART: Final = timedelta(seconds=60)
#: A clock that went so far beside the steady one was set; otherwise it was only corrected.
SET_S: Final = 5.0

_lock = threading.Lock()
_difference: float | None = None  # between the two clocks when they were last looked at
_set_at = float("-inf")  # by the steady clock


def passed(field: str, since: timedelta) -> Q:
    """Rows whose moment is so long ago, or lies in the future because the clock was set back since."""
    now = timezone.now()
    return Q(**{f"{field}__lt": now - since}) | Q(**{f"{field}__gt": now + APART})


def trusted(since: timedelta) -> bool:
    """Whether the clock was not set for so long, as far as this process looked."""
    global _difference, _set_at
    steady = time.monotonic()
    difference = time.time() - steady
    with _lock:
        if _difference is not None and abs(difference - _difference) > SET_S:
            _set_at = steady
        _difference = difference
        return steady - _set_at > since.total_seconds()
