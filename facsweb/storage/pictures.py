"""Pictures of the moment: of work that is under way, for whoever watches it."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

from facsweb.storage import shelf
from facsweb.storage.errors import StorageError

log = logging.getLogger(__name__)

_shown: dict[Path, bytes] = {}
_showing = threading.Lock()


def show(target: Path, content: bytes) -> None:
    """Write a picture of the moment: here at once, for other hosts as soon as the store has taken the one before.

    Whoever calls this waits for nobody, and a picture may be left out. Readers ask with ``fresh``.
    """
    draft = target.with_name(f"{target.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        draft.write_bytes(content)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    if shelf.is_shared():
        with _showing:
            idle = not _shown
            _shown[target] = content
        if idle:
            threading.Thread(target=_send_shown, name="pictures", daemon=True).start()


def _send_shown() -> None:
    from facsweb.storage import bucket

    while True:
        with _showing:
            target, content = next(iter(_shown.items()))
        try:
            if target.exists() and (full := shelf.full_name(target)) is not None:
                bucket.put(full, target)
        except (StorageError, OSError) as error:
            log.info("A picture was not sent: %s", error)
        with _showing:
            if _shown[target] is content:
                del _shown[target]
            if not _shown:
                return
