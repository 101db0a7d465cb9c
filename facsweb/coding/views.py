"""The review page, and what its scripts ask for."""

from __future__ import annotations

import base64
import uuid
from typing import Any

import numpy as np
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition, require_GET, require_POST

from facsweb.coding import hooks, page, services, sight
from facsweb.coding import signals as windows
from facsweb.coding.api import BadRequest, json_api, number
from facsweb.coding.machine import BadResult
from facsweb.coding.models import Event, Layer
from facsweb.coding.reading import EventState
from facsweb.runs.models import AnalysisRun
from facsweb.runs.services import result_dir
from facsweb.studies import access
from facsweb.studies.services import ConsentMissing

RUN = ("recording__participant__study",)
LAYER = tuple(f"run__{path}" for path in RUN)
MAX_WIDTH = 4096
DAY_S = 86_400


def _finished_run(request: HttpRequest, pk: uuid.UUID) -> AnalysisRun:
    run = access.get(request, AnalysisRun, pk, related=RUN)
    if run.state != AnalysisRun.State.SUCCEEDED:
        raise BadRequest("This analysis is not finished, so there is nothing to review yet.")
    return run


@require_GET
def review(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Video, timeline and events of a finished run."""
    run = access.get(request, AnalysisRun, pk, related=RUN)
    context: dict[str, Any] = {"run": run, "recording": run.recording, "crumbs": page.crumbs(run)}
    if run.state != AnalysisRun.State.SUCCEEDED:
        return render(request, "coding/not_ready.html", context)
    try:
        machine = services.make_machine_layer(run)
    except BadResult as error:
        return render(request, "coding/not_ready.html", {**context, "error": str(error)})
    layers = sight.readable_layers(request.user, run)
    layer = page.chosen_layer(request.user, layers, request.GET.get("layer", ""))
    if layer is None:  # another analysis of the recording is being coded blind by this person
        return render(request, "coding/not_ready.html", {**context, "error": sight.WHY_HIDDEN})
    if layer.state == Layer.State.ASSIGNED and layer.owner_id == request.user.pk:
        may_start = access.may(request.user, "coding:layer_create", run)
        return render(
            request,
            "coding/start.html",
            {**context, "layer": layer, "about": hooks.about(layer), "may_start": may_start},
        )
    data = page.page_data(request.user, run, layer, machine)
    context |= {
        "layer": layer,
        "speeds": ["0.25", "0.5", "0.75", "1", "1.25", "1.5", "2"],
        "times": page.TIMES,
        "playing": page.PLAYING,
        "data": data,
        "wanted_first": page.wanted_first(data),
        "layers": [(str(other.pk), page.name_of(other, request.user)) for other in layers],
        "may_open": access.may(request.user, "coding:layer_create", run)
        and all(other.owner_id != request.user.pk or other.state == Layer.State.ASSIGNED for other in layers),
        "practice_url": page.practice_url(layer),
        "more": page.more(request.user, layer),
        **page.endings(request.user, layer),
    }
    return render(request, "coding/review.html", context)


@require_GET
@json_api
def signals(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One window of the signals at the resolution of the asking screen."""
    run = _finished_run(request, pk)
    if sight.hides(request.user, run):
        raise PermissionDenied(sight.WHY_HIDDEN)
    return _signals_window(request, run)


def _etag(request: HttpRequest, run: AnalysisRun) -> str:
    return f'"{run.pk}-{run.attempt}-{request.META["QUERY_STRING"]}"'


@gzip_page
@condition(etag_func=_etag)
def _signals_window(request: HttpRequest, run: AnalysisRun) -> HttpResponse:
    from_us, to_us = number(request, "from", 0), number(request, "to", services.limit_us(run))
    width, codes = (
        number(request, "width", 1000),
        [code for code in request.GET.get("codes", "").split(",") if code],
    )
    ends = [code for code in request.GET.get("ends", "").split(",") if code]
    if not (0 <= from_us < to_us and 1 <= width <= MAX_WIDTH and {*codes, *ends} <= set(windows.ROWS)):
        raise BadRequest
    folder = result_dir(run)
    face = windows.track(folder, number(request, "face", 0))
    answer: dict[str, Any] = {"from_us": from_us, "to_us": to_us, "width": width, "step": windows.STEP}
    if request.GET.get("heat", "1") == "1":
        heat = windows.heat_window(face, from_us, to_us, width)
        answer |= {"codes": face.codes, "sure": face.sure, "heat": _base64(heat)}
        answer["gates"] = windows.gates_window(face, from_us, to_us, width)
    if ends:
        sure, low, high = windows.ends_window(face, ends, from_us, to_us, width)
        answer["ends"] = {"codes": sure, "low": _base64(low), "high": _base64(high)}
    if codes:
        answer["curves"] = windows.curves(folder, face, codes, from_us, to_us, width)
    return _lasting(JsonResponse(answer))


def _base64(values: windows.Bytes) -> str:
    return base64.b64encode(values.tobytes()).decode()


@require_GET
@json_api
def frames(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """When every frame comes on screen: little-endian 32-bit differences in microseconds, the first from zero."""
    return _frame_times(request, _finished_run(request, pk))


@gzip_page
@condition(etag_func=_etag)
def _frame_times(request: HttpRequest, run: AnalysisRun) -> HttpResponse:
    steps = np.diff(windows.frame_times(result_dir(run)), prepend=0).astype("<u4")
    return _lasting(HttpResponse(steps.tobytes(), content_type="application/octet-stream"))


def _lasting(response: HttpResponse) -> HttpResponse:
    # A finished run's files never change, and the address holds everything that the answer depends on.
    patch_cache_control(response, private=True, max_age=DAY_S, immutable=True)
    return response


@require_POST
def layer_create(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Open one's own layer and go to it."""
    run = access.get(request, AnalysisRun, pk, related=RUN)
    if run.state != AnalysisRun.State.SUCCEEDED:
        return redirect("coding:review", pk=run.pk)
    try:
        services.open_layer(request.user, run)
    except ConsentMissing as error:
        messages.error(request, str(error))
    return redirect("coding:review", pk=run.pk)


def _readable(request: HttpRequest, layer: Layer) -> None:
    if not sight.may_read(request.user, layer):
        raise PermissionDenied


@require_GET
@gzip_page
def events(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Every event of a layer as it stands, those taken out too; with ``since`` only what changed then."""
    layer = access.get(request, Layer, pk, related=LAYER)
    _readable(request, layer)
    since = request.GET.get("since", "")
    states = services.current_events(layer, include_deleted=True, since=int(since) if since.isdecimal() else None)
    response = JsonResponse(
        {
            "revision": layer.revision,
            "state": layer.state,
            "events": hooks.unnamed(request.user, layer, [state.as_dict() for state in states]),
        }
    )
    response["Cache-Control"] = "private, no-store"
    return response


@require_GET
def event_history(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Everything that an event ever said, the newest first."""
    event = access.get(request, Event, pk, related=("layer", *(f"layer__{path}" for path in LAYER)))
    _readable(request, event.layer)
    revisions = [
        {
            **EventState.of(revision).as_dict(),
            "label": revision.get_action_display(),
            "restores": revision.restores,
        }
        for revision in services.history(event)
    ]
    response = JsonResponse({"revisions": hooks.unnamed(request.user, event.layer, revisions)})
    response["Cache-Control"] = "private, no-store"
    return response
