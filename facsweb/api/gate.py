"""What stands before every operation: a token, its scope, how often it asks, how much it sends, whether twice.

No session cookie opens anything here, so there is no authority that another site's page could borrow: that is why
the API, and nothing else, needs no CSRF token.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import IO, Any, Final
from uuid import UUID, uuid5

from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.utils.http import parse_etags
from ninja import Router
from ninja.decorators import decorate_view
from ninja.security import HttpBearer

from facsweb.api import idempotency, limits, problems, tokens
from facsweb.api.models import Delivery, Scope, Token, Webhook
from facsweb.api.problems import Problem
from facsweb.audit import reading
from facsweb.audit.services import record
from facsweb.recordings.models import Recording
from facsweb.reports.models import Report
from facsweb.runs.models import AnalysisRun
from facsweb.studies import access
from facsweb.studies.models import ConsentLink, Participant, Study

MAX_JSON: Final = 1024**2
JSON: Final = "application/json"
Run = Callable[..., HttpResponseBase]


class CallerRequest(HttpRequest):
    """A request that passed the gate."""

    token: Token
    spooled: IO[bytes]
    body_sha256: str
    #: Of an act with an ``Idempotency-Key``: the same when it is begun again because its server died in it.
    act_id: UUID | None = None


@dataclass(frozen=True)
class Spec:
    """What an operation needs and may answer, beside what its function says.

    Attributes
    ----------
    name : str
        Of the operation; ``api:<name>`` in the table of `studies.access`.
    scope : Scope
    takes : str
        Media type of the body; empty where there is none, ``*/*`` where any is taken.
    most : int
        Bytes of the body at most.
    gives : mapping of str to str
        Media type → description, where a success is no JSON.
    also : mapping of int to str
        Statuses beside the usual ones, with what they mean here.
    example : object
        Of the request's body.
    together : bool
        Whether the act is quick enough for one transaction with the answer kept under its key.
    still : callable, optional
        Takes the request and the object that the path names, and raises where roles and scopes do not say all of
        who may be told a kept answer again.
    """

    name: str
    scope: Scope
    method: str
    takes: str = ""
    most: int = MAX_JSON
    gives: Mapping[str, str] = field(default_factory=dict)
    also: Mapping[int, str] = field(default_factory=dict)
    example: Any = None
    together: bool = True
    still: Callable[[CallerRequest, Any], None] | None = None

    @property
    def page(self) -> str:
        """The page whose roles may use it."""
        return access.API[f"api:{self.name}"]


#: What a parameter of a path names, where an answer may be given twice.
NAMED: Final[dict[str, type[Any]]] = {
    **{"study": Study, "participant": Participant, "recording": Recording, "run": AnalysisRun},
    **{"consent_link": ConsentLink, "report": Report, "webhook": Webhook, "delivery": Delivery},
}

#: Every operation by name; what the description and the tests walk.
SPECS: Final[dict[str, Spec]] = {}


class Bearer(HttpBearer):
    """Tells the description about tokens; `guarded` has checked the token before."""

    def authenticate(self, request: HttpRequest, token: str) -> Token:
        return request.token  # type: ignore[attr-defined, no-any-return]


BEARER: Final = Bearer()


def operation(router: Router, method: str, path: str, *, response: Any, scope: Scope, **how: Any) -> Any:
    """Register a function as an operation behind the gate; ``how`` are fields of `Spec`."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        spec = SPECS[function.__name__] = Spec(function.__name__, scope, method, **how)
        summary, _, more = (function.__doc__ or "").strip().partition("\n\n")
        kwargs: dict[str, Any] = {"response": response, "auth": BEARER, "operation_id": spec.name}
        kwargs |= {"summary": summary.rstrip("."), "description": more.strip(), "url_name": spec.name}
        added = router.api_operation([method], path, **kwargs)(function)
        decorate_view(guarded(spec))(added)
        return function

    return register


def guarded(spec: Spec) -> Callable[[Run], Run]:
    """Have an operation run only for requests that may, and answer every error as a problem."""

    def around(run: Run) -> Run:
        @wraps(run)
        def answered(request: CallerRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            headers: dict[str, str] = {}
            request.act_id = None
            try:
                request.token = tokens.authenticate(request)
                request.user = request.token.owner
                headers = limits.count(request.token).headers()
                _check(request, spec)
                with tokens.acting_with(request.token):
                    response = _run(request, spec, lambda: run(request, *args, **kwargs))
                    _log_reading(request, response)
            except Exception as error:
                response = problems.of_exception(request, error)
            for name, value in headers.items():
                response[name] = value
            return _fresh(request, response)

        return answered  # type: ignore[return-value]

    return around


def _log_reading(request: CallerRequest, response: HttpResponseBase) -> None:
    """Write what was read under the token's name; what cannot be logged is not answered (``audit.reading``)."""
    try:
        reading.write(request, response.status_code)
    except reading.Unlogged as error:
        response.close()
        raise _not_logged() from error
    finally:
        request.readings = []  # type: ignore[attr-defined]


def log_download(request: CallerRequest, action: str, obj: Any, **details: Any) -> None:
    """Write what exactly is being taken; what the log cannot note is not given."""
    try:
        record(request.user, action, obj, **details)
    except DatabaseError as error:
        raise _not_logged() from error


def _not_logged() -> Problem:
    return Problem(503, str(reading.Unlogged()), kind="not-logged", headers={"Retry-After": "5"})


def _check(request: CallerRequest, spec: Spec) -> None:
    """Raise Problem unless the token has the scope, and the body has the right type and size."""
    if spec.scope not in request.token.scopes:
        raise Problem(403, f"This token lacks the scope {spec.scope}. Make one that has it.", kind="scope-missing")
    if spec.method != "POST":
        return  # nobody reads a body there
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if announced.isdecimal() and int(announced) > spec.most:
        raise Problem(413, f"The body may have {spec.most} bytes, not {announced}.")
    if spec.takes == JSON and request.content_type != JSON:
        raise Problem(415, f"Send the body as {JSON}.")
    if spec.takes == JSON and len(request.body) > spec.most:  # its length was not announced
        raise Problem(413, f"The body may have {spec.most} bytes.")


def _run(request: CallerRequest, spec: Spec, run: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Run the operation, once for each ``Idempotency-Key``."""
    if spec.method != "POST":
        return run()
    key = idempotency.key_of(request)
    if spec.takes and spec.takes != JSON:
        request.spooled, request.body_sha256 = idempotency.spooled(request, spec.most)
    elif key:
        request.body_sha256 = hashlib.sha256(request.body).hexdigest()
    if not key:
        return run()
    _may_still(request, spec)
    print_ = idempotency.fingerprint(request, request.body_sha256)

    def act(number: int) -> HttpResponse:
        request.act_id = uuid5(request.token.pk, f"{number}:{print_}")
        return run()  # type: ignore[return-value]

    return idempotency.once(request.token, key, print_, act, together=spec.together)


def _may_still(request: CallerRequest, spec: Spec) -> None:
    """Raise Http404 or PermissionDenied where a kept answer would tell what the token's owner may see no more."""
    assert request.resolver_match is not None
    for name, pk in request.resolver_match.kwargs.items():
        obj = get(request, spec.name, NAMED[name], pk)
        if spec.still is not None:
            spec.still(request, obj)


def _fresh(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Keep answers out of shared caches; a JSON answer that the client has already is 304."""
    if not response.has_header("Cache-Control"):
        response["Cache-Control"] = "private, no-cache"
    is_json = response.get("Content-Type", "").startswith(JSON)
    if request.method != "GET" or response.status_code != 200 or not is_json or response.streaming:
        return response
    assert isinstance(response, HttpResponse)
    etag = response.get("ETag") or f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response["ETag"] = etag
    known = [tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))]
    if etag in known or "*" in known:
        kept = {name: value for name, value in response.items() if name not in ("Content-Type", "Content-Length")}
        return HttpResponse(status=304, headers=kept)
    return response


def outermost(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The frame around an address of the API: open to who is not signed in, and no HTML for a wrong method."""

    @wraps(view)
    def framed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if isinstance(response, HttpResponseNotAllowed):
            allowed = ", ".join(sorted(response["Allow"].replace(" ", "").split(",")))
            wrong = Problem(405, f"This address answers {allowed}.", headers={"Allow": allowed})
            return problems.answer(request, wrong)
        return response

    framed.csrf_exempt = True  # type: ignore[attr-defined]
    framed.login_required = False  # type: ignore[attr-defined]
    return framed


# --- from a request to an object -------------------------------------------------------------------------


def get(request: CallerRequest, name: str, model: type[Any], pk: Any, *related: str) -> Any:
    """The object for an operation, as `access.get` finds it for a page; the token's study is the only one it sees.

    Raises
    ------
    Http404, PermissionDenied
    """
    obj = model._default_manager.select_related(*related).filter(pk=pk).first()
    if obj is None:
        raise Http404
    check(request, name, obj)
    return obj


def check(request: CallerRequest, name: str, obj: Any) -> None:
    """Raise Http404 or PermissionDenied unless the token's owner may use the operation on the object now."""
    if request.token.study_id is not None and obj.study.pk != request.token.study_id:
        raise Http404
    access.check(request.user, SPECS[name].page, obj)
    reading.asked(request, SPECS[name].page, obj)


def studies(request: CallerRequest) -> Any:
    """Studies that the token opens: its owner's, or the one it is made for."""
    mine = Study.objects.filter(memberships__user=request.user).distinct()
    return mine if request.token.study_id is None else mine.filter(pk=request.token.study_id)
