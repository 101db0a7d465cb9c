"""The helper processes that read files (`analysis.confined`), and the folders that a reader may write into."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from analysis.confined.server import PREFIX
from tests.programs import alive


def helpers() -> list[Path]:
    """Places in /proc of the helper process of this one."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            ours = f"PPid:\t{os.getpid()}\n" in (place / "status").read_text()
            if ours and b"analysis.confined.server" in (place / "cmdline").read_bytes():
                found.append(place)
    return found


def scratch_left() -> list[Path]:
    """Folders of this process's helper, and of helpers that are gone; not of those at work beside it."""
    ours, found = {int(place.name) for place in helpers()}, []
    for path in Path("/tmp").glob(f"{PREFIX}*"):  # noqa: S108 (a helper knows no other, whatever TMPDIR says)
        named = re.match(rf"{PREFIX}(\d+)-", path.name)
        if named and (int(named[1]) in ours or not alive(int(named[1]))):
            found.append(path)
    return found
