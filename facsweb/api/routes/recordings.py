"""Recordings: what is known of them, and small files in one request."""

from __future__ import annotations

import contextlib
import time
from typing import IO, Annotated, Any, Final
from uuid import UUID

from django.db.models import QuerySet
from ninja import Query, Router
from ninja.responses import Status

from facsweb.api import gate, paging, schemas
from facsweb.api.gate import CallerRequest, operation
from facsweb.api.models import Scope
from facsweb.recordings import acceptance, uploads
from facsweb.recordings.models import Recording, Upload
from facsweb.studies.models import Participant, Study

router = Router()
FINISHED_ELSEWHERE_S: Final = 30
LARGEST: Final = 64 * 1024**2  # bytes of a file in one request: what the web server lets in (`body_limit`)
Sha256 = Annotated[
    str, Query(pattern="^([0-9a-fA-F]{64})?$", description="Hexadecimal, of the whole file; checked on arrival.")
]


def recording_out(recording: Recording) -> dict[str, Any]:
    """A recording as its page tells of it."""
    names = ("title", "size", "sha256", "duration_us", "width", "height", "frame_rate", "has_audio", "created_at")
    return {
        "id": recording.pk,
        "participant": recording.participant_id,
        "study": recording.participant.study_id,
        **{name: getattr(recording, name) for name in names},
    }


@operation(
    router,
    "GET",
    "/studies/{uuid:study}/recordings",
    response=schemas.Page[schemas.RecordingOut],
    scope=Scope.RECORDINGS_READ,
)
def recordings_list(
    request: CallerRequest,
    study: UUID,
    participant: UUID | None = None,
    cursor: paging.Cursor = "",
    limit: paging.Limit = 50,
) -> Any:
    """Recordings of a study, or of one of its participants"""
    found = gate.get(request, "recordings_list", Study, study)
    rows: QuerySet[Recording] = Recording.objects.filter(participant__study=found).select_related("participant")
    if participant is not None:
        rows = rows.filter(participant=participant)
    page = paging.page(request, rows, cursor, limit)
    return page | {"items": [recording_out(one) for one in page["items"]]}


@operation(
    router,
    "GET",
    "/recordings/{uuid:recording}",
    response=schemas.RecordingOut,
    scope=Scope.RECORDINGS_READ,
)
def recording_get(request: CallerRequest, recording: UUID) -> Any:
    """One recording"""
    return recording_out(gate.get(request, "recording_get", Recording, recording, "participant__study"))


@operation(
    router,
    "POST",
    "/participants/{uuid:participant}/recordings",
    response={201: schemas.RecordingOut},
    scope=Scope.RECORDINGS_WRITE,
    takes="application/octet-stream",
    most=LARGEST,
    together=False,
    also={
        409: "The participant's consent does not cover recording, or the request is being answered already.",
        403: "The token lacks the scope, its owner the role, or the study has what it may store (type `quota`).",
        503: "The server has more to do than it can (type `put-off`); `Retry-After` says when to try again.",
        507: "The server's disk is full.",
    },
)
def recording_upload(
    request: CallerRequest,
    participant: UUID,
    filename: Annotated[str, Query(min_length=1, max_length=255, description="Becomes the recording's title.")],
    sha256: Sha256 = "",
) -> Any:
    """Upload a recording of up to 64 MB in one request

    The body is the file itself. It is looked at before it is kept: a file that is no video, or that has sound the
    participant did not agree to, is refused with 422 and deleted. Larger files go in resumable pieces (tus 1.0) to
    `/api/v1/participants/{participant}/uploads/` with the same token.
    """
    found = gate.get(request, "recording_upload", Participant, participant, "study")
    length = request.spooled.seek(0, 2)
    request.spooled.seek(0)
    upload = uploads.begin_upload(
        request.user,
        found,
        filename=filename,
        length=length,
        expected_sha256=sha256 or request.body_sha256,
        id=request.act_id,
    )
    try:
        return Status(201, recording_out(_received(upload, request.spooled)))
    except BaseException:
        # Nobody can go on with it by another request: what arrived of somebody's video must not lie there.
        if Upload.objects.filter(pk=upload.pk, state=Upload.State.RECEIVING).exists():
            with contextlib.suppress(uploads.UploadError):
                uploads.discard(request.user, upload)
        raise


def _received(upload: Upload, body: IO[bytes]) -> Recording:
    """The recording of an upload whose whole body is here; one that a dead server had begun goes on."""
    if upload.state == Upload.State.RECEIVING and upload.offset < upload.length:
        body.seek(upload.offset)
        uploads.receive(upload, upload.offset, body)
    for _ in range(FINISHED_ELSEWHERE_S):
        with contextlib.suppress(uploads.Locked):  # the recovery process found it complete, and finishes it
            return acceptance.finish_upload(upload)
        time.sleep(1)
    return acceptance.finish_upload(upload)
