"""What takes long to make and is the same for every lane: made once, by whoever asks first."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

#: Names the folder that the lanes of one run of the suite share (tests/side_by_side.py).
SHARED = "FACSWEB_TEST_SHARED"


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """The folder that `make` fills, which need not be there before; others wait for it, and see no half of it."""
    shared = Path(os.environ.get(SHARED) or os.environ["FACSWEB_TEST_DATA"])
    made, begun = shared / name, shared / f"{name}-begun"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(begun, ignore_errors=True)
            make(begun)
            begun.rename(made)
    return made
