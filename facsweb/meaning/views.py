"""Lanes for the review page, and the page about a whole session."""

from __future__ import annotations

import uuid

from csp.decorators import csp_update
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_POST

from facsweb.coding.api import json_api, number
from facsweb.coding.page import crumbs
from facsweb.coding.sight import hides
from facsweb.headers import PLOTS
from facsweb.meaning import inputs, lanes, responses, services, whose
from facsweb.meaning import session as session_page
from facsweb.meaning.models import Markers
from facsweb.meaning.presentation import why_not, words_of
from facsweb.runs.hooks import why_hidden
from facsweb.runs.models import AnalysisRun
from facsweb.studies import access

RUN = ("recording__participant__study",)


def readable_run(request: HttpRequest, pk: uuid.UUID) -> AnalysisRun:
    """The run, for whoever may see what was found in it; nobody who codes it blind may."""
    run = access.get(request, AnalysisRun, pk, related=RUN)
    if hidden := hides(request.user, run) or why_hidden(request.user, run):  # type: ignore[arg-type]
        raise PermissionDenied(hidden)
    return run


@require_GET
@gzip_page
@json_api
def lanes_of_run(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The newest reading of a run, for the review page."""
    run = readable_run(request, pk)
    reading, active = services.latest(run), services.active(run)
    marks = inputs.latest_marks(Markers, run.recording)
    face = number(request, "face", 0)
    found = lanes.lanes(reading, face, marks) if reading else []
    return JsonResponse(
        {
            "words": words_of(run, reading, active),
            "coming": active is not None,
            "statement": lanes.STATEMENT,
            "lanes": found,
            "indicators": session_page.indicators_in_short(reading, face) if reading else None,
        }
    )


@require_GET
@csp_update(PLOTS)
def session(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What was read from a whole session."""
    run = readable_run(request, pk)
    reading, active = services.latest(run), services.active(run)
    context = {
        "run": run,
        "recording": run.recording,
        "reading": reading,
        "active": active,
        "words_state": words_of(run, reading, active),
        **why_not(run),
        "whose_notes": whose.of_run(run).notes if run.state == AnalysisRun.State.SUCCEEDED else (),
        "statement": lanes.STATEMENT,
        "crumbs": [*crumbs(run)[:-1], ("Meaning", "")],
        "may_read": access.may(request.user, "meaning:read", run),
    }
    if reading is not None:
        face = number(request, "face", 0)
        context |= session_page.context(reading, face) | {"responses": responses.of_reading(reading, face)}
    return render(request, "meaning/session.html", context)


@require_POST
def read(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Read a run again."""
    run = access.get(request, AnalysisRun, pk, related=RUN)
    if services.ask(request.user, run) is None:  # type: ignore[arg-type]
        messages.error(request, "There is nothing that may be read here: see the participant’s consent.")
    return redirect("meaning:session", pk=run.pk)
