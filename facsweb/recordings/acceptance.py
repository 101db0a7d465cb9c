"""How a complete upload becomes a recording, or does not.

The recording takes the upload's id, so finishing twice, or again after a crash in its middle, ends with the same
one recording.
"""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from analysis import confined
from analysis.types import MediaError
from facsweb.audit.personal import mark
from facsweb.audit.services import record
from facsweb.processes import moments
from facsweb.recordings import files, pieces, proxies
from facsweb.recordings.models import PARTIAL_UPLOADS_LAST, Recording, Upload, original_path
from facsweb.recordings.uploads import LOST, Gone, Incomplete, Locked, Rejected, delete_bytes, held, reject
from facsweb.storage import shelf
from facsweb.studies.models import Participant, Scope
from facsweb.studies.services import ConsentMissing, missing_scopes, require_consent, require_consent_now

if TYPE_CHECKING:
    from analysis.media import MediaInfo

#: Longest recording that is taken, microseconds.
LONGEST_US: Final = 24 * 3_600_000_000


def finish_upload(upload: Upload) -> Recording:
    """Turn a complete upload into a recording, once; calling it again returns the same recording.

    Raises
    ------
    Incomplete, Locked, Gone
        Nothing was changed.
    Rejected
        The file is not a video that may be kept; it was deleted and the upload says why.
    """
    upload.refresh_from_db()
    if upload.state == Upload.State.RECEIVING:
        if not upload.is_complete:
            left = f"{upload.length - upload.offset} bytes are" if upload.length else "The end is"
            raise Incomplete(f"{left} still missing.")
        with held(upload):
            if upload.state == Upload.State.RECEIVING:
                _finish(upload)
    if upload.state == Upload.State.REJECTED:
        raise Rejected(upload.error)
    if upload.recording is None:
        raise Gone("The recording of this upload was deleted.")
    return upload.recording


def _finish(upload: Upload) -> None:
    data, final = files.upload_data(upload.id), files.recording_original(upload.id)
    try:
        if shelf.is_shared():
            data = pieces.assemble(upload)
        path = data if data.exists() else final  # a crash may have come between the move and the commit
        sha256, info = _examine(upload, path)
        if path == data:
            files.move(data, final)
        if shelf.is_shared():
            shelf.keep(final)
        _store(upload, sha256, info)
    except pieces.Lost:
        reject(upload, LOST)
        return
    except (Rejected, ConsentMissing) as refusal:
        reject(upload, str(refusal))
        return
    if upload.state == Upload.State.FINISHED:
        pieces.forget(upload.id)
        files.remove(files.upload_folder(upload.id))
    else:
        delete_bytes(upload)  # consent was withdrawn while the file was read


def _examine(upload: Upload, path: Path) -> tuple[str, MediaInfo]:
    """Check consent, checksum and content of a complete file; return its SHA-256 and what was found in it."""
    require_consent(upload.participant, [Scope.VIDEO])
    sha256 = files.sha256_of(path)
    if upload.expected_sha256 and sha256 != upload.expected_sha256:
        raise Rejected(
            "The file that arrived is not the file that was sent (its checksum differs). Upload it again."
        )
    try:
        info = confined.probe(path)
    except MediaError as error:
        raise Rejected(str(error)) from error
    if info.video is None:
        raise Rejected("There is no video in this file. Choose a recording of a face.")
    if not 0 <= info.duration_us <= LONGEST_US:
        raise Rejected(
            f"This file says that it lasts {info.duration_us / 3.6e9:,.0f} hours; at most "
            f"{LONGEST_US // 3_600_000_000} are taken. It is damaged, or must be cut into pieces."
        )
    if info.audio is not None:
        _require_audio(upload.participant)
    return sha256, info


def _require_audio(participant: Participant) -> None:
    if missing_scopes(participant, [Scope.AUDIO]):
        raise Rejected(
            f"This file has sound, and {participant.code} did not agree to “{Scope.AUDIO.phrase}”. "
            "Upload a copy without sound, or ask for a new consent that covers it and upload the file again. "
            "The file was deleted here."
        )


@transaction.atomic
def _store(upload: Upload, sha256: str, info: MediaInfo) -> None:
    """Create the recording and finish the upload, together or not at all."""
    assert info.video is not None
    require_consent_now(upload.participant, [Scope.VIDEO])  # it may have been withdrawn while the file was read
    if info.audio is not None:
        _require_audio(upload.participant)
    finished = Upload.objects.filter(pk=upload.pk, state=Upload.State.RECEIVING).update(
        state=Upload.State.FINISHED
    )
    if not finished:
        upload.refresh_from_db()
        return
    waiting, not_needed = Recording.ProxyState.WAITING, Recording.ProxyState.NOT_NEEDED
    recording = Recording(
        id=upload.id,
        participant=upload.participant,
        title=PurePosixPath(upload.filename).stem[:160] or "Recording",
        filename=upload.filename,
        size=upload.length,
        sha256=sha256,
        duration_us=info.duration_us,
        width=info.video.width,
        height=info.video.height,
        has_audio=info.audio is not None,
        media_info=asdict(info),
        proxy_state=not_needed if info.playable_in_browser else waiting,
        created_by=upload.created_by,
    )
    recording.original.name = original_path(recording, "")
    recording.save(force_insert=True)
    Upload.objects.filter(pk=upload.pk).update(recording=recording)
    upload.state, upload.recording = Upload.State.FINISHED, recording
    record(
        upload.created_by,
        "recording.create",
        recording,
        participant=upload.participant.code,
        filename=mark(upload.filename),
        size=upload.length,
        sha256=sha256,
    )
    if recording.proxy_state == waiting:
        proxies.enqueue_on_commit(recording.id)


#: Whoever sent the last piece has so long to be answered before somebody else finishes their upload.
ANSWERED: Final = timedelta(minutes=1)


def recover() -> int:
    """Finish complete uploads that nobody came back for after a crash. A duty of the recovery process."""
    return finish_complete(ANSWERED)


def finish_complete(quiet: timedelta = timedelta()) -> int:
    """Finish uploads whose last byte came just before a crash, so long ago; return how many became recordings."""
    finished, latest = 0, timezone.now() + PARTIAL_UPLOADS_LAST  # every piece moves the expiry there
    # One that lies behind it was moved before the clock was set back.
    still = Q(expires_at__lte=latest - quiet) | Q(expires_at__gt=latest + moments.APART)
    complete = Upload.objects.filter(state=Upload.State.RECEIVING, offset=F("length"), length__gt=0)
    for upload in complete.filter(still) if quiet else complete:
        with contextlib.suppress(Rejected, Locked, Gone):
            finish_upload(upload)
            finished += 1
    return finished


def duplicates(recording: Recording) -> list[Recording]:
    """Other recordings of the same study with exactly the same bytes, oldest first."""
    return list(
        Recording.objects.filter(sha256=recording.sha256, participant__study=recording.study)
        .exclude(pk=recording.pk)
        .select_related("participant")
        .order_by("created_at")
    )
