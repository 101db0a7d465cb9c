"""Uploads whose pieces may arrive at different hosts: each is an object in the bucket before it is acknowledged.

The conditional UPDATE of the offset decides which of two requests with the same piece counts, and the row of the
piece, written together with it, names its object. Whoever finishes the upload puts the pieces together.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from facsweb.recordings import files, hooks
from facsweb.recordings.models import Upload, next_expiry
from facsweb.storage import bucket, shelf
from facsweb.storage.models import Piece

if TYPE_CHECKING:
    from facsweb.recordings.uploads import Checksum, Readable


class Lost(Exception):  # noqa: N818 (a state, not a fault)
    """A piece that was acknowledged is not in the bucket any more."""


def accept(
    upload: Upload,
    stream: Readable,
    checksum: Checksum | None,
    write: Callable[[Path, Upload, Readable, Checksum | None], int],
) -> int | None:
    """Take a piece that begins at the upload's offset; return its length.

    None where another request was faster or the upload ended meanwhile: then the piece counts for nothing.

    Parameters
    ----------
    upload, stream, checksum
        As for `uploads.receive`.
    write : callable
        Writes the stream into a file that is there, checks it and returns how many bytes came.

    Raises
    ------
    UploadError, StoreAway
        Nothing was acknowledged.
    """
    from facsweb.recordings.uploads import UploadError  # which itself needs this module

    draft = Path(settings.UPLOAD_DIR) / f".piece-{uuid.uuid4().hex}"
    draft.parent.mkdir(parents=True, exist_ok=True)
    name = f"uploads/{upload.pk}/{upload.offset:016d}-{uuid.uuid4().hex[:12]}"
    try:
        draft.touch(mode=0o600)
        received = write(draft, upload, stream, checksum)
        if not received:
            return 0
        bucket.put(name, draft)
    finally:
        draft.unlink(missing_ok=True)
    counts = 0
    try:
        with transaction.atomic():
            hooks.check_more(upload, received)
            mine = Upload.objects.filter(pk=upload.pk, state=Upload.State.RECEIVING, offset=upload.offset)
            counts = mine.update(offset=upload.offset + received, expires_at=next_expiry())
            if counts:
                Piece.objects.create(owner=upload.pk, offset=upload.offset, length=received, name=name)
    except UploadError:
        _take_back(upload, name)
        raise
    if not counts:
        _take_back(upload, name)
        return None
    return received


def _take_back(upload: Upload, name: str) -> None:
    shelf.remove(files.upload_folder(upload.pk) / name.rpartition("/")[2])


def assemble(upload: Upload) -> Path:
    """Put an upload's pieces together on this host; return the file.

    Raises
    ------
    Lost
        They are not all there.
    StoreAway
    """
    target = files.upload_data(upload.pk)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name("part")
    try:
        with target.open("wb") as whole:
            for piece in Piece.objects.filter(owner=upload.pk).order_by("offset"):
                if piece.offset != whole.tell():
                    raise Lost
                try:
                    bucket.get(piece.name, part)
                except FileNotFoundError as error:
                    raise Lost from error
                with part.open("rb") as arrived:
                    while some := arrived.read(files.PIECE):
                        whole.write(some)
            if whole.tell() != upload.length:
                raise Lost
            whole.flush()
            os.fsync(whole.fileno())
    finally:
        part.unlink(missing_ok=True)
    return target


def forget(upload_id: uuid.UUID) -> None:
    """Forget which pieces there were."""
    if shelf.is_shared():
        Piece.objects.filter(owner=upload_id).delete()


def strays() -> set[str]:
    """Ids of uploads of which something is in the bucket."""
    return {name.split("/")[1] for name in bucket.listed("uploads")} if shelf.is_shared() else set()
