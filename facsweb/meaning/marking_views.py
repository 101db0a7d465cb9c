"""Markers and speakers of a run's recording, for the review page."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_http_methods

from facsweb.coding.api import BadRequest, body, failure, field, json_api, number
from facsweb.meaning import marking
from facsweb.meaning.marking import MARKERS, SPEAKERS, Kind
from facsweb.meaning.presentation import why_no_speakers
from facsweb.meaning.views import readable_run
from facsweb.recordings.models import Recording


@require_http_methods(["GET", "POST"])
@json_api
def markers(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Tasks, questions and scenes: read them and every earlier version, save a new list."""
    return _answer(request, MARKERS, readable_run(request, pk).recording)


@require_http_methods(["GET", "POST"])
@json_api
def speakers(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Who speaks when: the same."""
    recording = readable_run(request, pk).recording
    if why := why_no_speakers(recording):
        return failure(why, "consent", 409)
    return _answer(request, SPEAKERS, recording)


def _answer(request: HttpRequest, kind: Kind, recording: Recording) -> HttpResponse:
    if request.method == "POST":
        return _save(request, kind, recording)
    if "revision" in request.GET:
        one = marking.revision(kind, recording, number(request, "revision"))
        if one is None:
            return failure("There is no such version.", "gone", 404)
        return JsonResponse({"marks": one.marks, **_about(one)})
    return JsonResponse(_state(kind, recording, first=True))


def _save(request: HttpRequest, kind: Kind, recording: Recording) -> HttpResponse:
    values = body(request)
    expected: int = field(values, "expected", int)
    user: Any = request.user
    if "marks" not in values:
        raise BadRequest
    try:
        marking.write(user, kind, recording, values["marks"], expected=expected)
    except marking.Changed as error:
        return failure(str(error), "changed", 409, **_state(kind, recording))
    except marking.Wrong as error:
        problems = [{"index": error.index, "why": error.messages[0]}]
        return failure(error.messages[0], "invalid", 422, problems=problems)
    return JsonResponse(_state(kind, recording))


def _state(kind: Kind, recording: Recording, *, first: bool = False) -> dict[str, Any]:
    """The newest list, and the versions before it; with what was heard where somebody might begin with it."""
    past = marking.revisions(kind, recording)
    found = {
        "revision": past[0].number if past else 0,
        "marks": past[0].marks if past else [],
        "revisions": [_about(one) for one in past],
    }
    if first and kind is SPEAKERS:
        found["heard"] = marking.heard(recording)
    return found


def _about(one: Any) -> dict[str, Any]:
    return {"number": one.number, "author": str(one.author), "at": one.at.isoformat(), "count": len(one.marks)}
