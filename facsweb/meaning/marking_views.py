"""Markers and speakers of a run's recording, for the review page."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_http_methods

from facsweb.coding.api import BadRequest, body, failure, field, json_api, number
from facsweb.meaning import marking, speaking
from facsweb.meaning.marking import MARKERS, SPEAKERS, Kind
from facsweb.meaning.models import Speakers
from facsweb.meaning.presentation import why_no_names, why_no_speakers
from facsweb.meaning.views import readable_run
from facsweb.runs.models import AnalysisRun


@require_http_methods(["GET", "POST"])
@json_api
def markers(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Tasks, questions and scenes: read them and every earlier version, save a new list."""
    return _answer(request, MARKERS, readable_run(request, pk))


@require_http_methods(["GET", "POST"])
@json_api
def speakers(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Who speaks when, and which face of the run each speaker is: the same."""
    run = readable_run(request, pk)
    if why := why_no_names(run.recording):
        return failure(why, "consent", 409)
    return _answer(request, SPEAKERS, run)


def _answer(request: HttpRequest, kind: Kind, run: AnalysisRun) -> HttpResponse:
    if request.method == "POST":
        return _save(request, kind, run)
    if "revision" in request.GET:
        one = marking.revision(kind, run.recording, number(request, "revision"))
        if one is None:
            return failure("There is no such version.", "gone", 404)
        return JsonResponse({**_content(one, run), **_about(one)})
    return JsonResponse(_state(kind, run, first=True))


def _save(request: HttpRequest, kind: Kind, run: AnalysisRun) -> HttpResponse:
    values = body(request)
    expected: int = field(values, "expected", int)
    user: Any = request.user
    if "marks" not in values:
        raise BadRequest
    before = marking.revision(kind, run.recording, expected)
    marks = values["marks"]
    if kind is SPEAKERS and marks != (before.marks if before else []) and (why := why_no_speakers(run.recording)):
        return failure(why, "consent", 409)
    try:
        faces = None
        if kind is SPEAKERS and "faces" in values:
            faces = speaking.checked(run, values["faces"], before.faces if before else {})
        marking.write(user, kind, run.recording, marks, expected=expected, faces=faces)
    except marking.Changed as error:
        return failure(str(error), "changed", 409, **_state(kind, run))
    except marking.Wrong as error:
        problems = [{"index": error.index, "why": error.messages[0]}]
        return failure(error.messages[0], "invalid", 422, problems=problems)
    except ValueError as error:
        return failure(str(error), "invalid", 422, problems=[])
    return JsonResponse(_state(kind, run))


def _state(kind: Kind, run: AnalysisRun, *, first: bool = False) -> dict[str, Any]:
    """The newest list, and the versions before it; with what was heard where somebody might begin with it."""
    past = marking.revisions(kind, run.recording)
    found: dict[str, Any] = {
        "revision": past[0].number if past else 0,
        **_content(past[0] if past else kind.model(marks=[]), run),
        "revisions": [_about(one) for one in past],
    }
    if first and kind is SPEAKERS:
        found |= {"heard": marking.heard(run.recording), "asked": speaking.asked(run)}
    return found


def _content(one: Any, run: AnalysisRun) -> dict[str, Any]:
    if not isinstance(one, Speakers):
        return {"marks": one.marks}
    who = speaking.resolved(one.faces, run)
    faces = {name: speaking.NOBODY if face is None else face for name, face in who.items()}
    return {"marks": one.marks, "faces": faces}


def _about(one: Any) -> dict[str, Any]:
    about = {"number": one.number, "author": str(one.author), "at": one.at.isoformat(), "count": len(one.marks)}
    return about | ({"said": len(one.faces)} if isinstance(one, Speakers) else {})
