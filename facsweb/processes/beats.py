"""A process without a port says that its loop turns: by the time of a file on its host, and to whoever listens.

``python -m facsweb.processes.health worker`` reads the files and so tells a container whether its process is well;
it needs neither Django nor the database.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from facsweb import installation

logger = logging.getLogger(__name__)

#: A file is touched this often at most.
EVERY_S: Final = 2.0
#: Who listens is told this often at most.
TOLD_EVERY_S: Final = 15.0
#: A loop that has not turned for so long stands still. RQ's worker turns every six minutes at the latest, while it
#: waits for work; it is woken more often (``processes.worker``).
SILENT_S: Final = 120.0

#: Told the kind of process that beats, every so often; filled in ``AppConfig.ready()``.
listeners: Final[list[Callable[[str], None]]] = []
_last: dict[str, float] = {}
_told: dict[str, float] = {}


def folder() -> Path:
    """Where the processes of this installation on this host leave their beats."""
    digest = hashlib.sha256(str(installation.data_dir()).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"facsweb-beats-{os.getuid()}-{digest}"


def touch(kind: str) -> None:
    """Say so on this host alone."""
    now = time.monotonic()
    if now - _last.get(kind, -EVERY_S) < EVERY_S:
        return
    _last[kind] = now
    with contextlib.suppress(OSError):
        place = folder()
        place.mkdir(mode=0o700, exist_ok=True)
        (place / f"{kind}-{os.getpid()}").touch()


def beat(kind: str) -> None:
    """Say that the loop of this process turns; cheap enough for every turn, and it never fails."""
    touch(kind)
    now = time.monotonic()
    if now - _told.get(kind, -TOLD_EVERY_S) < TOLD_EVERY_S:
        return
    _told[kind] = now
    for listener in listeners:
        try:
            listener(kind)
        except Exception:  # a database that is away must not stop the loop
            logger.warning("The beat of this %s could not be noted.", kind)


def ages(kind: str) -> list[float]:
    """Seconds since the loops of living processes of that kind on this host turned; files of dead ones go."""
    found = []
    with contextlib.suppress(OSError):
        for path in folder().glob(f"{kind}-*"):
            pid = path.name.rpartition("-")[2]
            if pid.isdigit() and _lives(int(pid)):
                with contextlib.suppress(FileNotFoundError):
                    found.append(max(0.0, time.time() - path.stat().st_mtime))
            else:
                path.unlink(missing_ok=True)
    return found


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_well(kind: str) -> bool:
    """Whether there is a process of that kind on this host and the loop of each turns."""
    found = ages(kind)
    return bool(found) and max(found) < SILENT_S
