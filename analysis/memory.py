"""Keeps a long measurement's memory as small as a short one's."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Final

_M_TRIM_THRESHOLD: Final = -1  # malloc.h of glibc
_M_MMAP_THRESHOLD: Final = -3
_BLOCK: Final = 512 * 1024  # whole pictures are larger, what is made for one face is smaller
_KEPT: Final = 64 * 1024**2


@cache
def return_large_blocks() -> bool:
    """Have the C library give freed pictures back to the system; for the whole process, and once.

    glibc raises the size from which a block gets pages of its own once one of them is freed. Decoded pictures
    then share the heap with small blocks that live longer, and it grows with holes that no next picture fits into
    (docs/validation.md, Speed and memory).

    Returns
    -------
    bool
        Whether it took effect; with another C library nothing is done.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _BLOCK)) and bool(mallopt(_M_TRIM_THRESHOLD, _KEPT))
