"""The two addresses of resumable uploads: one makes an upload, the other receives it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from facsweb.recordings import acceptance, tus, uploads
from facsweb.recordings.models import Upload
from facsweb.recordings.views import upload_state
from facsweb.studies import access
from facsweb.studies.models import Participant

View = Callable[[HttpRequest, UUID], HttpResponse]


def speaks_tus(view: View) -> View:
    """Answer protocol errors and refusals as tus clients understand them."""

    @wraps(view)
    def answered(request: HttpRequest, pk: UUID) -> HttpResponse:
        try:
            return view(request, pk)
        except (tus.BadRequest, *tus.STATUS) as error:
            return tus.refusal(error)

    return answered


@speaks_tus
def create(request: HttpRequest, pk: UUID) -> HttpResponse:
    participant = access.get(request, Participant, pk, related=["study"])
    method = tus.method(request)
    if method == "OPTIONS":
        return tus.options()
    if method != "POST":
        return tus.answer(405, Allow="OPTIONS, POST")
    tus.check_version(request)
    named = tus.metadata(request)
    upload = uploads.begin_upload(
        request.user,
        participant,
        filename=named.get("filename", ""),
        length=tus.length(request),
        expected_sha256=named.get("sha256", ""),
    )
    if request.content_type == tus.PIECE_TYPE:
        _receive(request, upload, 0)
    # The address of the same door that the request came through: the page's, or the API's (`api.tus`).
    assert request.resolver_match is not None
    location = reverse(f"{request.resolver_match.namespace}:tus", args=[upload.pk])
    return tus.answer(201, Location=location, **tus.state_headers(upload))


@speaks_tus
def resume(request: HttpRequest, pk: UUID) -> HttpResponse:
    upload = access.get(request, Upload, pk, related=["participant__study", "recording"])
    method = tus.method(request)
    if method == "OPTIONS":
        return tus.options()
    if method == "GET":
        return _state(request, upload)
    if method not in ("HEAD", "PATCH", "DELETE"):
        return tus.answer(405, Allow="DELETE, GET, HEAD, OPTIONS, PATCH")
    tus.check_version(request)
    if upload.created_by_id != request.user.pk:
        raise PermissionDenied("Only the person who began an upload may continue it.")
    if method == "HEAD":
        if upload.state == Upload.State.REJECTED:
            return tus.answer(410)
        known = {"Upload_Length": str(upload.length)} if upload.length else {}
        return tus.answer(200, **known, **tus.state_headers(upload))
    if method == "DELETE":
        uploads.discard(request.user, upload)
        return tus.answer(204)
    tus.check_piece_type(request)
    if not upload.length and "Upload-Length" in request.headers:
        uploads.announce(upload, tus.number(request, "Upload-Length"))
    _receive(request, upload, tus.number(request, "Upload-Offset"))
    return tus.answer(204, **tus.state_headers(upload))


def _receive(request: HttpRequest, upload: Upload, offset: int) -> None:
    uploads.receive(upload, offset, request, checksum=tus.checksum(request))
    if upload.is_complete:
        acceptance.finish_upload(upload)


def _state(request: HttpRequest, upload: Upload) -> HttpResponse:
    """What became of the upload; finishes it when its last byte came just before a crash."""
    if upload.state == Upload.State.RECEIVING and upload.is_complete:
        try:
            acceptance.finish_upload(upload)
        except uploads.Rejected:
            upload.refresh_from_db()
    return upload_state(request, upload)
