"""Keeps a long measurement's memory as small as a short one's."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Final

_M_ARENA_MAX: Final = -8  # malloc.h of glibc


@cache
def share_one_heap() -> bool:
    """Have all threads allocate from one heap; for the whole process, and once.

    By default glibc gives threads heaps of their own. A picture is decoded in one thread and freed in another, so
    each heap gets holes that the others cannot use, and the process grows (docs/validation.md, Speed and memory).

    Returns
    -------
    bool
        Whether it took effect; with another C library nothing is done.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(_M_ARENA_MAX, 1))  # musl has no mallopt
