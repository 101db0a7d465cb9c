"""Files of the installation: which there are, and how one comes into a generation or back."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from facsweb.operation.backup import BackupError
from facsweb.operation.backup.manifest import CHUNK, Kept, sha256_of
from facsweb.storage import shelf

MEDIA: Final = "media"
#: What lies in the bucket where there is one.
SHARED: Final = frozenset({MEDIA, "scorers", "uploads"})
#: A folder of notes about which copies a host has.
OF_THIS_HOST: Final = ".shelf"
SECRET_KEY: Final = "secret_key"  # noqa: S105 (the file's name)  # nosec B105
DEMONSTRATION: Final = "demonstration.json"
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


def roots(*, keys: bool, uploads: bool) -> dict[str, Path]:
    """Name in a generation → folder or file of the installation, besides the media."""
    found = {"scorers": Path(settings.SCORERS_DIR), "anchors": Path(settings.ANCHORS_DIR)}
    found[DEMONSTRATION] = Path(settings.DATA_DIR) / DEMONSTRATION
    if uploads:
        found["uploads"] = Path(settings.UPLOAD_DIR)
    if keys:
        found |= {"keys": Path(settings.KEYS_DIR), SECRET_KEY: Path(settings.DATA_DIR) / SECRET_KEY}
    return found


def place_of(name: str) -> Path:
    """Where a file of a generation belongs in the installation."""
    top, _, rest = name.partition("/")
    if top == MEDIA:
        return shelf.path(rest)
    root = roots(keys=True, uploads=True).get(top)
    if root is None or ".." in Path(rest).parts:
        raise BackupError(f"The backup names {name}, which has no place in an installation.")
    return root / rest if rest else root


def bucket_of(name: str) -> Any:
    """What speaks to the bucket in which a file lies; None where it lies in a folder of this host."""
    if name.partition("/")[0] not in SHARED or not getattr(shelf, "is_shared", bool)():
        return None
    return importlib.import_module("facsweb.storage.bucket")


def names(top: str, root: Path) -> Iterator[str]:
    """Every file of one of the installation's folders, wherever it lies, as it is called in a generation."""
    bucket = bucket_of(f"{top}/")
    yield from bucket.listed(f"{top}/") if bucket is not None else (f"{top}/{name}" for name in below(root))


def below(folder: Path) -> Iterator[str]:
    """Every file below a folder, relative to it; nothing where it is not there."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if one != OF_THIS_HOST)
        for name in sorted(names):
            path = Path(place) / name
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(folder).as_posix()


def sources(*, keys: bool, uploads: bool) -> Iterator[str]:
    """Names in a generation of everything that is to be in it."""
    yield from names(MEDIA, Path(settings.MEDIA_ROOT))
    for top, root in roots(keys=keys, uploads=uploads).items():
        if root.is_file():
            yield top
        else:
            yield from names(top, root)


def brought(name: str) -> Path:
    """The file on this host; FileNotFoundError where it is gone."""
    top, _, rest = name.partition("/")
    if top == MEDIA:
        return shelf.fetch(rest)
    path = place_of(name)
    if not path.exists():
        raise FileNotFoundError(name)
    return path


def copied(source: Path, target: Path) -> tuple[int, str]:
    """Copy a file that nobody else may read; its size and SHA-256 as they were read."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_name(f"{target.name}.draft")
    draft.unlink(missing_ok=True)
    found, size = hashlib.sha256(), 0
    with (
        source.open("rb") as reading,
        os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
    ):
        while piece := reading.read(CHUNK):
            found.update(piece)
            size += len(piece)
            file.write(piece)
    draft.replace(target)
    return size, found.hexdigest()


def linked(old: Path, new: Path) -> bool:
    """Let a generation share an older one's file; False where the file system cannot."""
    new.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        new.unlink(missing_ok=True)
        os.link(old, new)
    except OSError as error:
        if error.errno in _FULL:
            raise
        return False
    return True


def taken(name: str, folder: Path, before: Kept | None, older: Path | None) -> tuple[Kept, bool]:
    """Bring a file into a generation; what it is, and whether its bytes were copied.

    Parameters
    ----------
    name : str
        As in `sources`.
    folder : Path
        The generation that is being made.
    before : Kept, optional
        What the same file was, and `older` the generation where it lies (the same one, where this goes on).
    """
    target, bucket = folder / name, bucket_of(name)
    size, changed_ns = _stat(name)
    same = before is not None and (before.size, before.changed_ns) == (size, changed_ns)
    if same and before is not None and older is not None and (older / name).is_file():
        with contextlib.suppress(FileNotFoundError):
            if (older / name).stat().st_size == before.size and (older == folder or linked(older / name, target)):
                return before, False
    if bucket is not None:  # straight from it: a copy of everything would fill this host's disk
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        known = bucket.get(name, target)
        target.chmod(0o600)
        return Kept(name, known.size, sha256_of(target), known.mtime_us * 1000), True
    source = brought(name)
    for _ in range(3):  # somebody may write it just now
        stat = source.stat()
        size, digest = copied(source, target)
        if (size, stat.st_mtime_ns) == (source.stat().st_size, source.stat().st_mtime_ns):
            break
    return Kept(name, size, digest, stat.st_mtime_ns), True


def _stat(name: str) -> tuple[int, int]:
    """Size and time of a file of the installation; FileNotFoundError where it is gone."""
    bucket = bucket_of(name)
    if bucket is None:
        stat = brought(name).stat()
        return stat.st_size, stat.st_mtime_ns
    known = bucket.head(name)
    if known is None:
        raise FileNotFoundError(name)
    return known.size, known.mtime_us * 1000


def sentence(error: OSError, folder: Path) -> str:
    """What an operator is told who meets an error of the file system."""
    goes_on = "What was copied stays and is used when the command is given again."
    if error.errno in _FULL:
        return f"The disk of {folder} is full. Make room or choose another one. {goes_on}"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        place = error.filename or folder
        return (
            f"{place} cannot be used ({error.strerror}). Run this as the user that facsweb runs as, and give that "
            f"user the right to write to {folder}. {goes_on}"
        )
    return f"{error.filename or folder}: {error.strerror}. {goes_on}"
