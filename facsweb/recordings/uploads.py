"""Uploads: begin, receive piece by piece, refuse, throw away. How they become recordings is in ``acceptance``.

``Upload.offset`` is the truth: so many bytes are on disk and synced, or in the bucket (`pieces`). A file may be
longer than that after a crash; the rest is cut off before the next piece is written.

Under ASGI, Django hands a request over when its body is complete, so a cut connection costs the piece under way
and nothing else; our page sends pieces of 8 MiB. Measured with those on a busy 2-core machine (fsync at every
piece, a file of 1 GiB): 46 MB/s, 163 ms a piece; the SHA-256 and the probe at the end take 2.4 s; the server's
memory grew by 32 MB.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from facsweb.audit.personal import mark
from facsweb.audit.services import record
from facsweb.processes import pressure
from facsweb.recordings import files, hooks, pieces
from facsweb.recordings.models import Recording, Upload, next_expiry
from facsweb.storage import shelf
from facsweb.studies.models import Consent, Participant, Scope
from facsweb.studies.services import ConsentMissing, missing_scopes, require_consent, require_consent_now

#: Room that is left alone on the disk, for the database and the results of runs.
RESERVE: Final = 256 * 1024**2
LOST: Final = "What had arrived was lost on the server. Upload the file again."


class UploadError(Exception):
    """Base of everything that can go wrong; the message is fit to show a person."""


class TooLarge(UploadError):  # noqa: N818
    """The file, or the piece, is larger than allowed."""


class NoSpace(UploadError):  # noqa: N818
    """The disk is full. What was acknowledged is kept."""


class OverQuota(UploadError):  # noqa: N818
    """The study has as much as it may have."""


class PutOff(UploadError):  # noqa: N818
    """The installation has more to do than it can: later the same request is answered."""


class Gone(UploadError):  # noqa: N818
    """The upload is over: rejected, thrown away or expired."""


class WrongOffset(UploadError):  # noqa: N818
    """The piece does not begin where the last one ended."""


class WrongChecksum(UploadError):  # noqa: N818
    """The piece was damaged on its way; it was thrown away."""


class Locked(UploadError):  # noqa: N818
    """Another request is writing this upload."""


class Incomplete(UploadError):  # noqa: N818
    """The upload cannot be finished before its last byte is here."""


class Rejected(UploadError):  # noqa: N818
    """The file cannot become a recording; it was deleted."""


class Readable(Protocol):
    """A stream such as ``HttpRequest``."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a piece must hash to."""

    algorithm: str  # sha1 or sha256
    digest: bytes


def begin_upload(
    actor: Any,
    participant: Participant,
    *,
    filename: str,
    length: int | None,
    expected_sha256: str = "",
    id: UUID | None = None,
) -> Upload:
    """Open an upload of ``length`` bytes for a participant who consented to video; None: `announce` says it later.

    With an ``id`` that the caller chose, beginning twice gives the same upload, however far that is.

    Raises
    ------
    ConsentMissing, TooLarge, NoSpace, OverQuota, PutOff, UploadError
    """
    if id is not None and (begun := Upload.objects.filter(pk=id, participant=participant).first()):
        return begun
    require_consent(participant, [Scope.VIDEO])
    if length is not None and length <= 0:
        raise UploadError("The file is empty. Choose a video file.")
    if length is not None and length > settings.MAX_UPLOAD_BYTES:
        limit = filesizeformat(settings.MAX_UPLOAD_BYTES)
        raise TooLarge(f"The file is larger than {limit}. Cut it into parts, or export it at a smaller size.")
    if files.free_bytes(Path(settings.UPLOAD_DIR)) < (length or RESERVE) + RESERVE:
        raise NoSpace("The server has not enough room for this file. Tell the operator, then try again.")
    if why := pressure.why(disk=False):
        raise PutOff(f"{why} Nothing was sent yet; the upload can begin later.")
    with transaction.atomic():
        require_consent_now(participant, [Scope.VIDEO])
        for check in hooks.before_upload:
            check(participant, length or 0)
        upload = Upload.objects.create(
            **({"id": id} if id else {}),
            participant=participant,
            filename=files.plain_name(filename),
            length=length or 0,
            expected_sha256=expected_sha256.lower(),
            created_by=actor,
        )
        record(
            actor,
            "upload.begin",
            upload,
            participant=participant.code,
            filename=mark(upload.filename),
            size=length,
        )
    if not shelf.is_shared():  # after the commit: cleaning may take a folder whose row it cannot see for nobody's
        _make_place(upload)
    return upload


def _make_place(upload: Upload) -> None:
    """Make the folder of an upload on this host, and its name safe; a full disk takes the upload back."""
    try:
        files.make_upload(upload.id)
    except OSError as error:
        if not files.is_disk_full(error):
            raise
        Upload.objects.filter(pk=upload.pk).delete()
        files.remove(files.upload_folder(upload.id))
        raise NoSpace("The server's disk is full. Tell the operator, then try again.") from error


def announce(upload: Upload, length: int) -> None:
    """Say once how long an upload is that was begun without a length; saying the same again is fine.

    Raises
    ------
    UploadError, TooLarge, OverQuota
        More has arrived already, another length was said before, or it is more than is taken.
    """
    if length > settings.MAX_UPLOAD_BYTES:
        raise TooLarge(f"The film is larger than {filesizeformat(settings.MAX_UPLOAD_BYTES)}.")
    open_ = Upload.objects.filter(pk=upload.pk, state=Upload.State.RECEIVING, length=0, offset__lte=length)
    with transaction.atomic():
        if length > upload.offset:
            hooks.check_more(upload, length - upload.offset)
        changed = open_.update(length=length) if length > 0 else 0
    upload.refresh_from_db()
    if not changed and upload.length != length:
        raise UploadError(f"This upload has {upload.offset} bytes already and cannot end at {length}.")


def receive(upload: Upload, offset: int, stream: Readable, *, checksum: Checksum | None = None) -> int:
    """Append a piece and return the new offset; when this returns, the bytes are on the disk, or in the bucket.

    Parameters
    ----------
    upload : Upload
    offset : int
        Where the piece begins, in bytes.
    stream : Readable
        Read to its end, 1 MiB at a time.
    checksum : Checksum, optional
        Of this piece.

    Raises
    ------
    Gone, Locked, WrongOffset, WrongChecksum, TooLarge, NoSpace, OverQuota, Rejected, StoreAway
        Nothing that was acknowledged before is lost, except by Rejected.
    """
    if shelf.is_shared():
        return _receive_piece(upload, offset, stream, checksum)
    with held(upload):
        _check(upload, offset)
        received = _append(files.upload_data(upload.id), upload.offset, upload, stream, checksum)
        mine = Upload.objects.filter(pk=upload.pk, state=Upload.State.RECEIVING, offset=offset)
        try:
            with transaction.atomic():
                hooks.check_more(upload, received)
                changed = mine.update(offset=offset + received, expires_at=next_expiry())
        except UploadError:
            os.truncate(files.upload_data(upload.id), offset)
            raise
        if not changed:
            raise Gone("This upload was ended while the piece arrived.")
        upload.offset = offset + received
    return upload.offset


def _check(upload: Upload, offset: int) -> None:
    """Raise unless a piece of the upload may begin at the offset now."""
    if upload.state != Upload.State.RECEIVING:
        raise Gone(upload.error or "This upload is finished.")
    if offset != upload.offset:
        raise WrongOffset(f"The next piece begins at byte {upload.offset}, not at {offset}.")
    if missing_scopes(upload.participant, [Scope.VIDEO]):
        _reject_for_consent(upload)


def _receive_piece(upload: Upload, offset: int, stream: Readable, checksum: Checksum | None) -> int:
    """As `receive`, where several hosts share a bucket."""
    _read_again(upload)
    _check(upload, offset)
    received = pieces.accept(upload, stream, checksum, lambda path, *more: _append(path, 0, *more))
    if received is None:
        _read_again(upload)
        _check(upload, offset)
        raise WrongOffset("Another request sent the same piece. Ask where the next one begins.")
    upload.offset = offset + received
    return upload.offset


def _read_again(upload: Upload) -> None:
    try:
        upload.refresh_from_db()
    except Upload.DoesNotExist:
        raise Gone("This upload was thrown away. Choose the file again.") from None


def _append(path: Path, at: int, upload: Upload, stream: Readable, checksum: Checksum | None) -> int:
    """Write the stream into a file from a byte on, behind what is acknowledged, and sync it; return its length."""
    hasher = hashlib.new(checksum.algorithm) if checksum else None
    received = 0
    with path.open("r+b") as file:
        file.truncate(at)
        file.seek(at)
        try:
            while piece := stream.read(files.PIECE):
                received += len(piece)
                if upload.offset + received > (upload.length or settings.MAX_UPLOAD_BYTES):
                    raise TooLarge("More bytes came than the upload announced. Choose the file again.")
                file.write(piece)
                if hasher:
                    hasher.update(piece)
            file.flush()
            os.fsync(file.fileno())
            if checksum and hasher and hasher.digest() != checksum.digest:
                raise WrongChecksum("A piece was damaged on its way. It will be sent again.")
        except UploadError:
            file.truncate(at)
            raise
        except OSError as error:
            with contextlib.suppress(OSError):
                file.truncate(at)
            if files.is_disk_full(error):
                raise NoSpace(
                    "The server's disk is full. What has arrived is safe; tell the operator, then continue."
                ) from error
            raise
    return received


# --- ends without a recording ----------------------------------------------------------------------------


def reject(upload: Upload, sentence: str, *, actor: Any = None) -> None:
    """End an upload for a reason that a person is told, and delete what arrived."""
    with transaction.atomic():
        rejected = Upload.objects.filter(pk=upload.pk, state=Upload.State.RECEIVING).update(
            state=Upload.State.REJECTED, error=sentence
        )
        if rejected:
            record(actor, "upload.reject", upload, filename=mark(upload.filename), reason=sentence)
    upload.refresh_from_db()
    if upload.state == Upload.State.REJECTED:
        delete_bytes(upload)


def _reject_for_consent(upload: Upload) -> None:
    try:
        require_consent(upload.participant, [Scope.VIDEO])
    except ConsentMissing as missing:
        reject(upload, f"{missing} What had arrived was deleted.")
        raise Rejected(upload.error) from missing


def discard(actor: Any, upload: Upload) -> None:
    """Throw an unfinished upload away because its owner asked for it.

    Raises
    ------
    Locked
        A piece is being written at this moment.
    Gone
        It is a recording already.
    """
    with held(upload):
        if upload.state == Upload.State.FINISHED:
            raise Gone("This upload is a recording already. Delete the recording instead.")
        with transaction.atomic():
            Upload.objects.filter(pk=upload.pk).exclude(state=Upload.State.FINISHED).delete()  # before the log
            record(actor, "upload.discard", upload, filename=mark(upload.filename), offset=upload.offset)
        delete_bytes(upload)


def reject_withdrawn(consent: Consent) -> None:
    """End the partial uploads of a participant whose consent no longer covers video (hook of ``studies``)."""
    participant = consent.participant
    if not missing_scopes(participant, [Scope.VIDEO]):
        return
    sentence = f"{participant.code} withdrew consent while the file was on its way. What had arrived was deleted."
    for upload in Upload.objects.filter(participant=participant, state=Upload.State.RECEIVING):
        Upload.objects.filter(pk=upload.pk).update(state=Upload.State.REJECTED, error=sentence)
        record(None, "upload.reject", upload, filename=mark(upload.filename), reason=sentence)
        transaction.on_commit(partial(delete_bytes, upload), robust=True)


def clean() -> tuple[int, int]:
    """Delete expired partial uploads, and folders that belong to no upload.

    Returns
    -------
    uploads, folders : int
        How many of each were removed.
    """
    uploads = folders = 0
    for upload in Upload.objects.filter(state=Upload.State.RECEIVING, expires_at__lt=timezone.now()):
        with contextlib.suppress(Locked, Gone):  # it moves on, or just ended
            discard(None, upload)
            uploads += 1
    root = Path(settings.UPLOAD_DIR)
    for name in {folder.name for folder in (root.iterdir() if root.is_dir() else ())} | pieces.strays():
        try:
            upload_id = UUID(name)
        except ValueError:
            continue  # not ours
        if not Upload.objects.filter(pk=upload_id, state=Upload.State.RECEIVING).exists():
            pieces.forget(upload_id)
            files.remove(files.upload_folder(upload_id))
            folders += 1
    return uploads, folders


def delete_bytes(upload: Upload) -> None:
    """Remove what arrived; also what a crash left where the recording would have been."""
    pieces.forget(upload.id)
    files.remove(files.upload_folder(upload.id))
    if not Recording.objects.filter(pk=upload.pk).exists():
        files.remove(files.recording_folder(upload.id))


@contextlib.contextmanager
def held(upload: Upload) -> Iterator[None]:
    """Hold the upload for this request alone, with its row read again.

    Raises
    ------
    Locked
        Another request holds it.
    Gone
        It was thrown away.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(files.held(files.upload_folder(upload.id)))
        except files.Busy:
            raise Locked("This upload is being written by another window or request. Wait a moment.") from None
        except FileNotFoundError:
            pass  # an upload that is over has no folder; there is nothing left to protect
        _read_again(upload)
        places = (files.upload_folder(upload.id), files.recording_original(upload.id))  # moved just before a crash
        is_lost = not shelf.is_shared() and not any(place.exists() for place in places)
        if upload.state == Upload.State.RECEIVING and is_lost:
            reject(upload, LOST)
        yield
