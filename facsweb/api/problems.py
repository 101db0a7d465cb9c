"""Errors as the API tells them: RFC 9457, ``application/problem+json``."""

from __future__ import annotations

import json
import logging
from typing import Any, Final

from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from ninja.errors import HttpError
from ninja.errors import ValidationError as NotAsDescribed

from analysis.types import AnalysisError, ModelError
from facsweb.processes import pressure
from facsweb.recordings import tus, uploads
from facsweb.reports.documents import NotReady
from facsweb.runs.services import RunOverQuota, RunPutOff, RunRefused
from facsweb.studies.services import ConsentMissing
from facsweb.unavailable import refusal_of

log = logging.getLogger(__name__)
MEDIA_TYPE: Final = "application/problem+json"
#: Status → the end of ``type`` and the title.
KINDS: Final = {
    400: ("malformed", "The request cannot be read"),
    401: ("unauthorised", "A valid token is needed"),
    403: ("forbidden", "Not allowed"),
    404: ("not-found", "Not found"),
    405: ("method-not-allowed", "This address does not answer this method"),
    409: ("conflict", "The state of things does not allow it"),
    413: ("too-large", "Too large"),
    415: ("unsupported-media-type", "Another type of content is expected"),
    422: ("not-acceptable-values", "Something in the request is not acceptable"),
    429: ("too-many-requests", "Too many requests"),
    500: ("server-error", "Something went wrong on the server"),
    503: ("unavailable", "Not available at the moment"),
    507: ("no-space", "The server has not enough room"),
}
STRANGER: Final = "There is no such thing here, or it is not yours to see."


class Problem(Exception):  # noqa: N818 (what it tells may be anybody's mistake)
    """An answer other than success.

    Parameters
    ----------
    status : int
        HTTP status, a key of `KINDS`.
    detail : str
        What happened, what is safe, what to do.
    kind : str, optional
        The end of ``type`` where the status does not say enough.
    headers : dict, optional
        Sent with it.
    **more
        Further members of the document.
    """

    def __init__(
        self, status: int, detail: str, *, kind: str = "", headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.kind = status, detail, kind
        self.headers, self.more = headers or {}, more


def answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The response that tells a client about a problem."""
    kind, title = KINDS[problem.status]
    body = {
        "type": f"urn:facsweb:problem:{problem.kind or kind}",
        "title": title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.path,
        **problem.more,
    }
    headers = {"Cache-Control": "no-store", **problem.headers}
    if problem.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="facsweb"'
    return HttpResponse(json.dumps(body), status=problem.status, content_type=MEDIA_TYPE, headers=headers)


def of(error: Exception) -> Problem:
    """The problem that an exception of a service or of the framework stands for."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, NotAsDescribed):
        told = [{"where": ".".join(str(p) for p in one["loc"]), "message": one["msg"]} for one in error.errors]
        return Problem(422, "; ".join(f"{one['where']}: {one['message']}" for one in told), errors=told)
    if isinstance(error, ValidationError):
        return Problem(422, " ".join(error.messages))
    if isinstance(error, Http404):
        return Problem(404, STRANGER)
    if isinstance(error, PermissionDenied):
        return Problem(403, str(error) or "The role of the token's owner in this study does not allow this.")
    if isinstance(error, ConsentMissing):
        return Problem(409, str(error), kind="consent-missing")
    if isinstance(error, ModelError):
        return Problem(503, str(error), kind="models-missing")
    if isinstance(error, (RunPutOff, uploads.PutOff)):
        return Problem(503, str(error), kind="put-off", headers={"Retry-After": str(pressure.RETRY_AFTER_S)})
    if isinstance(error, RunOverQuota):  # it goes down by itself while workers work
        return Problem(429, str(error), kind="quota", headers={"Retry-After": str(pressure.RETRY_AFTER_S)})
    if isinstance(error, uploads.OverQuota):
        return Problem(403, str(error), kind="quota")
    if isinstance(error, (RunRefused, NotReady)):
        return Problem(409, str(error))
    if isinstance(error, uploads.UploadError):
        status = next(code for kind, code in tus.STATUS.items() if isinstance(error, kind))
        return Problem({400: 422, 410: 409, 423: 409, 460: 422}.get(status, status), str(error))
    if (refusal := refusal_of(error)) is not None:
        return Problem(refusal.status, refusal.sentence, headers={"Retry-After": str(refusal.retry_s)})
    if isinstance(error, RequestDataTooBig):
        return Problem(413, "The body is too large. Send less at once.")
    if isinstance(error, HttpError):  # ninja's, for a body that is no JSON
        return Problem(400, str(error))
    if isinstance(error, AnalysisError):
        return Problem(409, str(error))
    log.error("A request to the API failed", exc_info=error)
    return Problem(
        500, "Something unexpected went wrong; it is in the server's log. Try again, or tell the operator."
    )


def of_exception(request: HttpRequest, error: Exception) -> HttpResponse:
    """The answer to whatever was raised."""
    return answer(request, of(error))
