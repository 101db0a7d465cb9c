"""What this host has of the bucket: its folders of files, used as a cache.

A copy is used without asking while the keeper of this host is at work, which takes away within seconds what was
removed or replaced elsewhere (`keeper`). While it is not, the bucket is asked about every file before it is used.
So a file that was destroyed is read nowhere, also not on a host that was away meanwhile.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings

from facsweb.storage import bucket
from facsweb.storage.errors import CacheFull

#: Folder of the cache's own things, in each of the roots.
OWN: Final = ".shelf"
TRUSTED_S: Final = 10.0  # how long the keeper's word holds
IN_USE_S: Final = 3600.0  # what was used so recently is not taken away to make room
KEEP_FREE: Final = 1024**3  # bytes of the disk that the cache leaves to others
_TOUCH_S: Final = 60.0


def roots() -> dict[str, Path]:
    """Folders of this host by the first part of full names."""
    return {
        "media": Path(settings.MEDIA_ROOT),
        "uploads": Path(settings.UPLOAD_DIR),
        "scorers": Path(settings.SCORERS_DIR),
    }


def located(name: str) -> Path:
    """Where this host has a file or folder by its full name, or would have it."""
    first, _, rest = name.partition("/")
    return roots()[first] / rest


def own(name: str = "media/") -> Path:
    """The cache's own folder in the root of a name."""
    return roots()[name.partition("/")[0]] / OWN


# --- trust ---------------------------------------------------------------------------------------------------


def say_alive() -> None:
    """The keeper has gone through everything up to this moment."""
    mark = own() / "alive"
    draft = mark.with_name(f"alive.{os.getpid()}")
    draft.write_text(str(time.monotonic()))
    draft.replace(mark)


def say_gone() -> None:
    """Nobody keeps the cache any more, or not yet."""
    (own() / "alive").unlink(missing_ok=True)


def is_trusted() -> bool:
    """Whether copies may be used without asking."""
    try:
        return 0 <= time.monotonic() - float((own() / "alive").read_text()) <= TRUSTED_S
    except (OSError, ValueError):
        return False


# --- one at a time ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def locked(name: str, *, wait: bool = True) -> Iterator[None]:
    """Hold what belongs together (a recording, a run) against the other threads and processes of this host.

    Raises
    ------
    BlockingIOError
        Somebody holds it, and it was not to be waited for.
    """
    unit = "/".join(name.split("/")[:3])
    folder = own() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / hashlib.sha256(unit.encode()).hexdigest()[:2]
    descriptor = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)


# --- folders that are here whole ---------------------------------------------------------------------------


def _mark(name: str) -> Path:
    return own() / "whole" / name / ".whole"


def mark_whole(name: str) -> None:
    """Note that all of a folder is here."""
    _mark(name).parent.mkdir(parents=True, exist_ok=True)
    _mark(name).touch()


def unmark(name: str) -> None:
    """Note that of a name, of folders in it and of those that it lies in something may be missing."""
    shutil.rmtree(_mark(name).parent, ignore_errors=True)
    parts = name.split("/")
    for length in range(1, len(parts)):
        _mark("/".join(parts[:length])).unlink(missing_ok=True)


def is_here(name: str) -> bool:
    """Whether a file, or all of a folder, is here; notes that it is used."""
    here = located(name)
    if here.is_file():
        _used(here)
        return True
    mark = _mark(name)
    if here.is_dir() and mark.exists():
        _used(mark)
        return True
    return False


def _used(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        stat = path.stat()
        if time.time() - stat.st_atime > _TOUCH_S:
            os.utime(path, ns=(time.time_ns(), stat.st_mtime_ns))


# --- in and out ----------------------------------------------------------------------------------------------


def bring(name: str) -> Path:
    """Have a file or folder here as the bucket has it now; the name is held.

    Raises
    ------
    FileNotFoundError
        The bucket has none of that name. What lies here is left alone and is not to be used.
    StoreAway, CacheFull
    """
    here = located(name)
    if (known := bucket.head(name)) is not None:
        if not known.is_same(here):
            _receive(name, here)
        _used(here)
        return here
    listed = list(bucket.listed(name))
    if not listed:
        raise FileNotFoundError(name)
    if not here.exists():
        _receive_folder(name, here, listed)
    for one in listed:
        known = bucket.head(one)
        if known is not None and not known.is_same(located(one)):
            _receive(one, located(one))
    mark_whole(name)
    return here


def _receive_folder(name: str, here: Path, listed: list[str]) -> None:
    """Bring a folder so that it is here with everything in it, or not at all."""
    staging = own(name) / "incoming" / uuid.uuid4().hex
    try:
        for one in listed:
            _receive(one, staging / one.removeprefix(f"{name}/"))
        here.parent.mkdir(parents=True, exist_ok=True)
        staging.rename(here)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _receive(name: str, here: Path) -> None:
    folder = own(name) / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / uuid.uuid4().hex
    try:
        try:
            known = bucket.get(name, draft)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            evict(least=1 << 40)
            try:
                known = bucket.get(name, draft)
            except OSError as still:
                if still.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                raise CacheFull from still
        draft.chmod(0o600)
        os.utime(draft, ns=(time.time_ns(), known.mtime_us * 1000))
        here.parent.mkdir(parents=True, exist_ok=True)
        draft.replace(here)
    finally:
        draft.unlink(missing_ok=True)


def send(name: str) -> list[str]:
    """Put a file, or every file of a folder, into the bucket; return the names that were there and were other.

    Raises
    ------
    FileNotFoundError, StoreAway
    """
    here, replaced = located(name), []
    found = sorted(one for one in here.rglob("*") if one.is_file()) if here.is_dir() else [here]
    for path in found:
        one = name if path == here else f"{name}/{path.relative_to(here).as_posix()}"
        stat = path.stat()
        if stat.st_mtime_ns % 1000:  # times travel in microseconds
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns // 1000 * 1000))
        known = bucket.head(one)
        if known is not None and known.is_same(path) and known.sha256 == bucket.sha256_of(path):
            continue
        bucket.put(one, path)
        if known is not None:
            replaced.append(one)
    if here.is_dir():
        mark_whole(name)
    return replaced


def drop(name: str) -> None:
    """Take a file or folder out of the cache; the bucket is not asked."""
    with locked(name):
        unmark(name)
        here = located(name)
        if here.is_dir():
            shutil.rmtree(here, ignore_errors=True)
        else:
            here.unlink(missing_ok=True)


# --- room ------------------------------------------------------------------------------------------------------


def _files() -> Iterator[tuple[float, int, str]]:
    """Last use, size and full name of every file of the cache."""
    root = roots()["media"]
    for folder, inside, names in os.walk(root):
        if OWN in inside:
            inside.remove(OWN)
        for one in names:
            path = Path(folder) / one
            with contextlib.suppress(FileNotFoundError):
                stat = path.stat()
                name = f"media/{path.relative_to(root).as_posix()}"
                yield max(stat.st_atime, _folder_used(name)), stat.st_size, name


def _folder_used(name: str) -> float:
    parts, used = name.split("/"), 0.0
    for length in range(2, len(parts)):
        with contextlib.suppress(FileNotFoundError):
            used = max(used, _mark("/".join(parts[:length])).stat().st_atime)
    return used


def evict(*, least: int = 0, in_use_s: float = IN_USE_S) -> int:
    """Make room: copies go, the longest unused first, until the limits hold; return how many bytes went.

    What the bucket does not have in just this form stays (it is not kept yet), and what was used within the hour.

    Parameters
    ----------
    least : int
        Bytes that are to go in any case, as far as they can.
    in_use_s : float
        How recently something must have been used to stay.
    """
    found = sorted(_files())
    size, free = sum(one[1] for one in found), shutil.disk_usage(roots()["media"]).free
    limit = settings.S3_CACHE_BYTES
    wanted = max(least, KEEP_FREE - free, size - limit if limit else 0)
    gone = 0
    for used, length, name in found:
        if gone >= wanted or time.time() - used < in_use_s:
            break
        with contextlib.suppress(BlockingIOError), locked(name, wait=False):  # whoever makes room may hold another
            path = located(name)
            known = bucket.head(name)
            if known is not None and known.is_same(path):
                unmark(name)
                path.unlink(missing_ok=True)
                gone += length
    return gone
