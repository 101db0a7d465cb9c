"""Resumable uploads (tus 1.0) with a token: the same two addresses that pages use, behind another door."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.http import HttpRequest, HttpResponse

from facsweb.api import limits, problems, tokens
from facsweb.api.models import Scope
from facsweb.api.problems import Problem
from facsweb.recordings import tus_views
from facsweb.recordings.models import Upload
from facsweb.studies.models import Participant

View = Callable[..., HttpResponse]
#: What the address names, by view.
_NAMES: Final[dict[str, Any]] = {"create": Participant, "resume": Upload}


def _with_token(view: View) -> View:
    """Let a request in by its token. Refusals before the protocol begins are problems, as elsewhere here."""

    @wraps(view)
    def answered(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if request.method == "OPTIONS":  # what the server speaks is no secret, and tus clients ask first
            return tus_views.tus.options()
        try:
            token = tokens.authenticate(request)
            request.user = token.owner
            headers = limits.count(token).headers()
            _check(token, _NAMES[view.__name__], kwargs["pk"])
            with tokens.acting_with(token):
                response = view(request, **kwargs)
        except Exception as error:
            return problems.of_exception(request, error)
        for name, value in headers.items():
            response[name] = value
        return response

    answered.csrf_exempt = True  # type: ignore[attr-defined]
    answered.login_required = False  # type: ignore[attr-defined]
    return answered


def _check(token: Any, model: Any, pk: Any) -> None:
    """Raise Problem unless the token has the scope and opens the study; roles are `access.get`'s business."""
    if Scope.RECORDINGS_WRITE not in token.scopes:
        lacking = f"This token lacks the scope {Scope.RECORDINGS_WRITE}. Make one that has it."
        raise Problem(403, lacking, kind="scope-missing")
    if token.study_id is not None:
        found = model.objects.filter(pk=pk).first()
        if found is None or found.study.pk != token.study_id:
            raise Problem(404, problems.STRANGER)


create = _with_token(tus_views.create)
resume = _with_token(tus_views.resume)
