"""Bytes on disk: where partial uploads and recordings lie, locks, hashes, moves that survive a crash.

An upload is a folder ``<UPLOAD_DIR>/<upload id>/`` with one file, ``data``. The folder itself is the lock (flock
on its descriptor), so a killed process leaves no stale lock behind.
A recording is ``<MEDIA_ROOT>/recordings/<id>/``.

Where files lie in a bucket, pieces of uploads go there one by one (`recordings.pieces`), and entries in the
database that are renewed (`storage.claims`) stand for locks.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from uuid import UUID

from django.conf import settings

from facsweb.storage import claims, shelf

PIECE = 1024 * 1024  # bytes read or written at once


class Busy(Exception):  # noqa: N818 (a state, not a fault)
    """Another process or request holds the lock."""


def upload_folder(upload_id: UUID) -> Path:
    return Path(settings.UPLOAD_DIR) / str(upload_id)


def upload_data(upload_id: UUID) -> Path:
    return upload_folder(upload_id) / "data"


def recording_folder(recording_id: UUID) -> Path:
    return Path(settings.MEDIA_ROOT) / "recordings" / str(recording_id)


def recording_original(recording_id: UUID) -> Path:
    return recording_folder(recording_id) / "original"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for this process alone.

    Raises
    ------
    Busy
        Somebody else holds it.
    FileNotFoundError
        There is no such folder.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(str(folder)) from None
        yield
    finally:
        os.close(descriptor)  # releases the lock


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """As `locked`, also against other hosts where they share a bucket: a folder need not be on this one then.

    Raises
    ------
    Busy
        Somebody else holds it.
    FileNotFoundError
        There is no such folder.
    """
    with contextlib.ExitStack() as stack:
        if not shelf.is_shared():
            stack.enter_context(locked(folder))
        else:
            try:
                stack.enter_context(claims.claimed(f"files {shelf.full_name(folder)}"))
            except claims.Busy:
                raise Busy(str(folder)) from None
        yield


def is_held(folder: Path) -> bool:
    """Whether somebody holds a folder.

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    """
    if shelf.is_shared():
        return claims.is_claimed(f"files {shelf.full_name(folder)}")
    try:
        with locked(folder):
            return False
    except Busy:
        return True


def sha256_of(path: Path) -> str:
    """SHA-256 (hex) of a file, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def free_bytes(folder: Path) -> int:
    """Bytes that may still be written below a folder, which is made when absent."""
    folder.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(folder).free


def is_disk_full(error: OSError) -> bool:
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def plain_name(filename: str) -> str:
    """The last part of a file name, without folders and control characters, at most 255 characters."""
    name = PurePosixPath(filename.replace("\\", "/")).name
    return "".join(character for character in name if character.isprintable()).strip()[-255:] or "video"


def make_upload(upload_id: UUID) -> None:
    """Make the folder of an upload; its name survives a power cut, as the bytes do that come."""
    folder = upload_folder(upload_id)
    folder.mkdir(parents=True)
    upload_data(upload_id).touch()
    for one in (folder, Path(settings.UPLOAD_DIR)):
        sync_folder(one)


def sync_folder(folder: Path) -> None:
    """Make names in a folder survive a power cut, as fsync does for the contents of a file."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move(source: Path, target: Path) -> None:
    """Move a file so that the target is there whole or not at all, also between file systems."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        draft = target.with_name(f"{target.name}.draft")
        with source.open("rb") as reader, draft.open("wb") as writer:
            shutil.copyfileobj(reader, writer, PIECE)
            os.fsync(writer.fileno())
        draft.replace(target)
        source.unlink()
    sync_folder(target.parent)


def write_whole(path: Path, content: bytes) -> None:
    """Write a small file into a folder that is there; readers see it whole or not at all, the last writer wins."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove a file, or a folder with what is in it, on every host; absent is fine (`storage.shelf.remove`)."""
    shelf.remove(path)
