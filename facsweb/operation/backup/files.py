"""Files of the installation: which there are, and how one comes into a generation or back."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings

from facsweb.operation.backup import BackupError
from facsweb.operation.backup.manifest import CHUNK, Kept
from facsweb.storage import shelf

MEDIA: Final = "media"
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


def media_names() -> Iterator[str]:
    """Every file below the media folder, wherever the installation keeps it."""
    listing = getattr(shelf, "names", None)
    yield from listing() if listing is not None else below(Path(settings.MEDIA_ROOT))


def below(folder: Path) -> Iterator[str]:
    """Every file below a folder, relative to it; nothing where it is not there."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place) / name
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(folder).as_posix()


def sources(*, keys: bool, uploads: bool) -> Iterator[str]:
    """Names in a generation of everything that is to be in it."""
    yield from (f"{MEDIA}/{name}" for name in media_names())
    for top, root in roots(keys=keys, uploads=uploads).items():
        if root.is_file():
            yield top
        else:
            yield from (f"{top}/{name}" for name in below(root))


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
    source, target = brought(name), folder / name
    stat = source.stat()
    same = before is not None and (before.size, before.changed_ns) == (stat.st_size, stat.st_mtime_ns)
    if same and before is not None and older is not None and (older / name).is_file():
        with contextlib.suppress(FileNotFoundError):
            if (older / name).stat().st_size == before.size and (older == folder or linked(older / name, target)):
                return before, False
    for _ in range(3):  # somebody may write it just now
        stat = source.stat()
        size, digest = copied(source, target)
        if (size, stat.st_mtime_ns) == (source.stat().st_size, source.stat().st_mtime_ns):
            break
    return Kept(name, size, digest, stat.st_mtime_ns), True


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
