"""The tus 1.0.0 protocol: its headers in, its status codes out (https://tus.io/protocols/resumable-upload).

Extensions: creation, creation-with-upload, creation-defer-length, checksum, termination, expiration. What the
protocol means here is in ``uploads``; nothing in this module touches the database or the disk.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date

from facsweb.processes import pressure
from facsweb.recordings import uploads
from facsweb.recordings.models import Upload
from facsweb.storage.errors import CacheFull, StoreAway
from facsweb.studies.services import ConsentMissing

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,creation-defer-length,checksum,termination,expiration"
ALGORITHMS: Final = {"sha1": 20, "sha256": 32}  # name → bytes of a digest
PIECE_TYPE: Final = "application/offset+octet-stream"

STATUS: Final[dict[type[Exception], int]] = {
    ConsentMissing: 403,
    uploads.OverQuota: 403,
    uploads.WrongOffset: 409,
    uploads.Incomplete: 409,
    uploads.Gone: 410,
    uploads.TooLarge: 413,
    uploads.Rejected: 422,
    uploads.Locked: 423,
    uploads.WrongChecksum: 460,
    uploads.PutOff: 503,
    uploads.NoSpace: 507,
    uploads.UploadError: 400,
    CacheFull: 507,
    StoreAway: 503,
}


class BadRequest(Exception):  # noqa: N818
    """The request does not follow the protocol."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


def answer(status: int, text: str = "", **headers: str) -> HttpResponse:
    """Response with the headers that tus asks for; keyword ``Upload_Offset`` becomes ``Upload-Offset``."""
    response = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8" if text else None)
    if not text:
        del response["Content-Type"]
    response["Tus-Resumable"] = VERSION
    response["Cache-Control"] = "no-store"
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    return response


def refusal(error: Exception) -> HttpResponse:
    """The response that tells a client about one of the exceptions in ``STATUS``, or BadRequest."""
    if isinstance(error, BadRequest):
        return answer(error.status, str(error), **({"Tus_Version": VERSION} if error.status == 412 else {}))
    status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
    later = {423: "2", 503: str(pressure.RETRY_AFTER_S)}.get(status)
    return answer(status, str(error), **({"Retry_After": later} if later else {}))


def options() -> HttpResponse:
    return answer(
        204,
        Tus_Version=VERSION,
        Tus_Extension=EXTENSIONS,
        Tus_Max_Size=str(settings.MAX_UPLOAD_BYTES),
        Tus_Checksum_Algorithm=",".join(ALGORITHMS),
    )


def length(request: HttpRequest) -> int | None:
    """``Upload-Length``; None where the client says that it will tell it later (``Upload-Defer-Length: 1``)."""
    if "Upload-Defer-Length" not in request.headers:
        return number(request, "Upload-Length")
    if request.headers["Upload-Defer-Length"] != "1" or "Upload-Length" in request.headers:
        raise BadRequest("Give either Upload-Length, or Upload-Defer-Length with the value 1.")
    return None


def state_headers(upload: Upload) -> dict[str, str]:
    """Offset, when the partial upload expires, and whether its length is to be told yet."""
    headers = {"Upload_Offset": str(upload.offset)}
    if not upload.length:
        headers["Upload_Defer_Length"] = "1"
    if upload.state == Upload.State.RECEIVING:
        headers["Upload_Expires"] = http_date(upload.expires_at.timestamp())
    return headers


def method(request: HttpRequest) -> str:
    """The request's method; a POST may stand for another one where a firewall lets nothing else through."""
    if request.method == "POST":
        return request.headers.get("X-HTTP-Method-Override", "POST").upper()
    return request.method or ""


def check_version(request: HttpRequest) -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise BadRequest(f"This server speaks tus {VERSION}.", 412)


def number(request: HttpRequest, header: str) -> int:
    """A header that is a whole number of bytes."""
    value = request.headers.get(header, "")
    if not re.fullmatch(r"[0-9]{1,30}", value, re.ASCII):
        raise BadRequest(f"{header} must be a whole number of bytes.")
    return int(value)


def metadata(request: HttpRequest) -> dict[str, str]:
    """``Upload-Metadata``: names and Base64 values; values that are not UTF-8 text are an error."""
    header, found = request.headers.get("Upload-Metadata", ""), {}
    if len(header) > 4096:
        raise BadRequest("Upload-Metadata is too long.", 413)
    for pair in filter(None, (part.strip() for part in header.split(","))):
        name, _, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise BadRequest("Upload-Metadata must be names with Base64 values of UTF-8 text.") from None
    if "sha256" in found and not re.fullmatch(r"[0-9a-fA-F]{64}", found["sha256"]):
        raise BadRequest("sha256 in Upload-Metadata must be 64 hexadecimal digits.")
    return found


def checksum(request: HttpRequest) -> uploads.Checksum | None:
    """``Upload-Checksum``: algorithm and Base64 digest of this piece; None when absent."""
    header = request.headers.get("Upload-Checksum")
    if header is None:
        return None
    algorithm, _, value = header.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        raise BadRequest(f"Upload-Checksum must use one of {', '.join(ALGORITHMS)}.")
    try:
        digest = base64.b64decode(value.strip(), validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != ALGORITHMS[algorithm]:
        raise BadRequest("Upload-Checksum must hold a Base64 digest of the algorithm's length.")
    return uploads.Checksum(algorithm, digest)


def check_piece_type(request: HttpRequest) -> None:
    if request.content_type != PIECE_TYPE:
        raise BadRequest(f"Content-Type must be {PIECE_TYPE}.", 415)
