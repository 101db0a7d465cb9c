"""Files of the installation by name: paths relative to the media folder, such as ``recordings/<id>/original``.

Who writes a file below `path` calls `keep` when it is complete and before the database says that it is there; who
reads asks `fetch`. So a host finds what another one wrote, where files lie in object storage.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from django.conf import settings


def path(name: str) -> Path:
    """Where this host has the file or folder, or would have it."""
    return Path(settings.MEDIA_ROOT) / name


def fetch(name: str) -> Path:
    """The file or folder on this host.

    Raises
    ------
    FileNotFoundError
        There is none of that name.
    """
    here = path(name)
    if not here.exists():
        raise FileNotFoundError(name)
    return here


def keep(name: str) -> None:
    """Make a complete file or folder safe: when this returns, it survives a power cut."""
    here = path(name)
    for one in [here, *here.rglob("*")] if here.is_dir() else [here]:
        descriptor = os.open(one, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove(name: str) -> None:
    """Remove a file, or a folder with what is in it, wherever it lies; absent is fine."""
    here = path(name)
    if here.is_dir():
        shutil.rmtree(here, ignore_errors=True)
    else:
        here.unlink(missing_ok=True)
