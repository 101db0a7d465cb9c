"""Files of the installation by name: paths relative to the media folder, such as ``recordings/<id>/original``.

Who writes a file below `path` calls `keep` when it is complete and before the database says that it is there; who
reads asks `fetch`. So a host finds what another one wrote, where files lie in object storage. Instead of a name,
every function takes the path itself, also below the folders of uploads and of scorers.

Without a bucket all this is one folder: `fetch` is a look whether the file is there.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from django.conf import settings

from facsweb.storage.errors import CacheFull, StorageError, StoreAway
from facsweb.storage.patience import patient, patiently

if TYPE_CHECKING:
    from facsweb.storage.bucket import Known

__all__ = ["CacheFull", "StorageError", "StoreAway", "patient", "patiently"]

log = logging.getLogger(__name__)


def is_shared() -> bool:
    """Whether files lie in a bucket, and this host has only copies."""
    return bool(settings.S3_BUCKET)


def path(name: str) -> Path:
    """Where this host has the file or folder, or would have it."""
    return Path(settings.MEDIA_ROOT) / name


def full_name(name: str | Path) -> str | None:
    """Name with the root that it lies in, such as ``media/recordings/…``; None for what lies elsewhere."""
    if isinstance(name, str):
        return f"media/{name}"
    from facsweb.storage import cache

    for first, root in cache.roots().items():
        if name.is_relative_to(root):
            return f"{first}/{name.relative_to(root).as_posix()}"
    return None


def _local(name: str | Path) -> Path:
    return path(name) if isinstance(name, str) else name


def _shared(name: str | Path) -> str | None:
    return full_name(name) if is_shared() else None


# --- reading ---------------------------------------------------------------------------------------------------


def fetch(name: str | Path, *, fresh: bool = False) -> Path:
    """The file or folder on this host.

    Parameters
    ----------
    name : str or Path
    fresh : bool
        Ask whether the store has a newer one, as of a picture that changes all the time.

    Raises
    ------
    FileNotFoundError
        There is none of that name.
    StoreAway, CacheFull
        It cannot be had now.
    """
    full = _shared(name)
    if full is None:
        here = _local(name)
        if not here.exists():
            raise FileNotFoundError(str(name))
        return here
    from facsweb.storage import cache

    if not fresh and cache.is_trusted() and cache.is_here(full):
        return cache.located(full)

    def ask() -> Path:
        with cache.locked(full):
            if not fresh and cache.is_trusted() and cache.is_here(full):  # another process has just brought it
                return cache.located(full)
            return cache.bring(full)

    return patiently(ask)


def bring(name: str | Path, *, fresh: bool = False) -> Path:
    """As `fetch`; where there is none of that name, a path at which there is none.

    Raises
    ------
    StoreAway, CacheFull
    """
    if not is_shared():
        return _local(name)
    try:
        return fetch(name, fresh=fresh)
    except FileNotFoundError:  # what lies here is a copy of what is gone, or nobody else's yet
        from facsweb.storage import cache

        return cache.own() / "absent" / str(name).lstrip("/")


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A file that is not on this host, to be read from the bucket in ranges."""

    name: str
    known: Known

    def stat(self) -> Stat:
        return Stat(0, self.known.size, self.known.mtime_us * 1000, self.known.mtime_us / 1e6)

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """Bytes from `start` up to but without `stop`; an error where it is no longer the same file."""
        from facsweb.storage import bucket

        return bucket.read(self.name, start, stop, self.known.etag) if stop > start else iter(())


class Stat(NamedTuple):
    """What is asked of a file before it is sent, named as in `os.stat_result`."""

    st_ino: int
    st_size: int
    st_mtime_ns: int
    st_mtime: float


def stream(name: str) -> Path | Elsewhere:
    """A file for somebody who reads ranges of it: this host's copy, or the one in the bucket.

    Raises
    ------
    FileNotFoundError
        There is none of that name.
    StoreAway
    """
    full = _shared(name)
    if full is None:
        return fetch(name)
    from facsweb.storage import bucket, cache

    if cache.is_trusted() and cache.is_here(full):
        return cache.located(full)
    known = bucket.head(full)
    if known is None:
        raise FileNotFoundError(name)
    return cache.located(full) if known.is_same(cache.located(full)) else Elsewhere(full, known)


def exists(name: str | Path) -> bool:
    """Whether anything of that name is anywhere: here, in the store, or in what the store keeps of it."""
    if _local(name).exists():
        return True
    full = _shared(name)
    if full is None:
        return False
    from facsweb.storage import bucket

    return bool(patiently(lambda: bucket.remains(full)))


def hashes(name: str | Path) -> dict[str, str]:
    """SHA-256 (hex) of a file by its name, or of every file of a folder by its name in it; empty for none."""
    full, here = _shared(name), _local(name)
    if full is None:
        from facsweb.storage.bucket import sha256_of

        if here.is_file():
            return {here.name: sha256_of(here)}
        inside = sorted(one for one in here.rglob("*") if one.is_file() and not one.is_symlink())
        return {one.relative_to(here).as_posix(): sha256_of(one) for one in inside}
    from facsweb.storage import bucket

    def ask() -> dict[str, str]:
        found = {}
        for one in bucket.listed(full):
            said = bucket.head(one)
            if said is not None:
                found[here.name if one == full else one.removeprefix(f"{full}/")] = said.sha256
        return found

    return patiently(ask)


def beginning(name: str) -> list[str]:
    """Names of files, relative to the media folder, that begin with `name`."""
    full = _shared(name)
    if full is None:
        return sorted(one.relative_to(settings.MEDIA_ROOT).as_posix() for one in path("").glob(f"{name}*"))
    from facsweb.storage import bucket

    asked = patiently(lambda: list(bucket.listed(full, beginning=True)))
    return sorted(one.removeprefix("media/") for one in asked)


def written_at(name: str | Path) -> float | None:
    """When a file was written, seconds since 1970; None where there is none."""
    full = _shared(name)
    if full is None:
        here = _local(name)
        return here.stat().st_mtime if here.is_file() else None
    from facsweb.storage import bucket

    said = patiently(lambda: bucket.head(full))
    return None if said is None else said.mtime_us / 1e6


_asked: dict[str, float] = {}
ASKED_S: Final = 600.0


def folders(name: str) -> set[str]:
    """What lies directly in a folder. For cleaning: a bucket is asked every ten minutes, this host every time."""
    here, full = path(name), _shared(name)
    found = {one.name for one in here.iterdir()} if here.is_dir() else set()
    if full is not None and time.monotonic() - _asked.get(full, float("-inf")) > ASKED_S:
        from facsweb.storage import bucket

        found |= {one.removeprefix(f"{full}/").partition("/")[0] for one in bucket.listed(full)}
        _asked[full] = time.monotonic()
    return found


# --- writing ---------------------------------------------------------------------------------------------------


def keep(name: str | Path, *, purge: bool = False) -> None:
    """Make a complete file or folder safe.

    When this returns, it survives a power cut; with a bucket, the bucket has acknowledged it, and other hosts no
    longer use what was there before.

    Parameters
    ----------
    name : str or Path
    purge : bool
        What was there before must not be left anywhere, nor in a versioned bucket.

    Raises
    ------
    FileNotFoundError
        There is none of that name on this host.
    StoreAway
        It is not safe yet; call it again.
    """
    full, here = _shared(name), _local(name)
    if full is None:
        for one in [here, *here.rglob("*")] if here.is_dir() else [here]:
            descriptor = os.open(one, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        return
    from facsweb.storage import bucket, cache, hosts, removals

    if not here.exists():
        raise FileNotFoundError(str(name))

    def ask() -> None:
        with cache.locked(full):
            removals.catch_up(full)
            for one in cache.send(full):
                hosts.announce(one, mine=True)
            if purge:  # also where an attempt that died sent it already, and told nobody
                hosts.announce(full, mine=True)
                bucket.purge_former(full)

    patiently(ask)


def write(target: Path, content: bytes) -> Path:
    """Write a small file and keep it; readers see it whole or not at all, the last writer wins.

    Raises
    ------
    OSError, StoreAway
    """
    draft = target.with_name(f"{target.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        if is_shared():
            target.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    if is_shared():
        keep(target)
    return target


# --- removing ----------------------------------------------------------------------------------------------------


def remove(name: str | Path, *, for_good: bool = False, again: bool = False) -> None:
    """Remove a file, or a folder with what is in it, wherever it lies; absent is fine.

    Where the store is away, it is noted and done as soon as it is back.

    Parameters
    ----------
    name : str or Path
    for_good : bool
        Nothing of that name may ever be there again: what a versioned bucket keeps of it goes, too, and every host
        looks again for an hour. Then a store that is away is an error.
    again : bool
        Though it goes for good, something else of that name may be made, so nobody looks again.

    Raises
    ------
    StoreAway
        Only with `for_good`.
    """
    full, here = _shared(name), _local(name)
    if full is None:
        if here.is_dir():
            shutil.rmtree(here, ignore_errors=True)
        else:
            here.unlink(missing_ok=True)
        return
    from facsweb.storage import bucket, cache, removals

    cache.drop(full)
    row = removals.begin(full, for_good=for_good and not again)
    try:
        if for_good:
            patiently(lambda: bucket.remove(full, for_good=True))
        else:
            bucket.remove(full)
    except StoreAway as error:
        if for_good:
            raise
        log.warning("%s is removed from the store when it is back: %s", full, error.why)
        return
    removals.done(row)


def let_go(name: str | Path) -> None:
    """Have no other host go on with its copy of a file or folder, nor with what it made of it."""
    full = _shared(name)
    if full is None:
        return
    from facsweb.storage import hosts

    hosts.announce(full, mine=True)


def remove_here(target: Path) -> None:
    """Remove a draft, which was never kept, from this host alone."""
    if target.is_dir():
        shutil.rmtree(target, ignore_errors=True)
    else:
        target.unlink(missing_ok=True)
