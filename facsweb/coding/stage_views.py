"""What the review page's stage and drawer ask for: cards, places, meshes, reasons."""

from __future__ import annotations

import base64
import uuid
from functools import cache
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition, require_GET

from analysis.face.outlines import OUTLINES, edges
from analysis.facs.cards import CARDS, MANUAL, SCALE, SOURCES
from analysis.facs.codes import CATALOGUE, EXCLUSIONS
from analysis.types import AnalysisError, MediaError, ModelError
from facsweb.coding import sight, stage
from facsweb.coding.api import BadRequest, json_api, number
from facsweb.coding.services import limit_us
from facsweb.coding.views import _finished_run, _lasting
from facsweb.runs.models import AnalysisRun
from facsweb.runs.services import result_dir

SIDES = ("both", "left", "right", "unilateral", "")
LONGEST_WINDOW_US = 300_000_000
HOUR_S = 3600
NO_MEASUREMENT = (
    "This analysis kept no measurement of this face, so where it is and what moved cannot be shown. "
    "Video, signals and events are here all the same."
)
UNREADABLE = "This frame cannot be read from the recording, so there is no mesh of it. Nothing is lost."
NO_MODEL = "The face model is not installed on this server, so only the face's box can be shown. Nothing is lost."


@cache
def _cards() -> dict[str, Any]:
    return {
        "manual": MANUAL,
        "scale": SCALE,
        "sources": [source._asdict() for source in SOURCES],
        "outlines": {name: [list(loop) for loop in loops] for name, loops in OUTLINES.items()},
        "edges": [point for edge in edges() for point in edge],
        "cards": {
            code: {
                "muscles": list(CATALOGUE[code].muscles),
                "where": list(card.where),
                "see": [list(seen) for seen in card.see],
                "alike": [list(other) for other in card.alike],
                "growth": card.growth._asdict() if card.growth else None,
                "still": card.still,
                "excludes": [
                    [pair.b if pair.a == code else pair.a, pair.why] for pair in EXCLUSIONS if code in pair[:2]
                ],
            }
            for code, card in CARDS.items()
        },
    }


@require_GET
@gzip_page
def cards(request: HttpRequest) -> HttpResponse:
    """The cards of all codes, and how the mesh is drawn: the same for everybody."""
    response = JsonResponse(_cards())
    patch_cache_control(response, private=True, max_age=HOUR_S)
    return response


@require_GET
@json_api
def geometry(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Where a face is during a stretch of time; no times and ``why`` for a run that kept no measurement."""
    return _geometry(request, _finished_run(request, pk))


def _etag(request: HttpRequest, run: AnalysisRun) -> str:
    return f'"{run.pk}-{run.attempt}-{request.META["QUERY_STRING"]}"'


@gzip_page
@condition(etag_func=_etag)
def _geometry(request: HttpRequest, run: AnalysisRun) -> HttpResponse:
    from_us = number(request, "from", 0)
    to_us = number(request, "to", min(limit_us(run), from_us + LONGEST_WINDOW_US))
    if not (0 <= from_us < to_us <= from_us + LONGEST_WINDOW_US):
        raise BadRequest
    try:
        times, values = stage.places_window(result_dir(run), number(request, "face", 0), from_us, to_us)
    except AnalysisError:
        return JsonResponse({"from_us": from_us, "to_us": to_us, "why": NO_MEASUREMENT})
    video = run.summary.get("video", {})
    return _lasting(
        JsonResponse(
            {
                "from_us": from_us,
                "to_us": to_us,
                "size": [video.get("width"), video.get("height")],
                "columns": stage.PLACE_COLUMNS,
                "times": base64.b64encode(times.astype("<f8").tobytes()).decode(),
                "values": base64.b64encode(values.astype("<f4").tobytes()).decode(),
            }
        )
    )


@require_GET
@json_api
def mesh(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The 478 points of a face in one frame, or in the picture of its neutral (``neutral=1``); or ``why`` not."""
    run = _finished_run(request, pk)
    face = number(request, "face", 0)
    try:
        if not request.GET.get("neutral"):
            return _lasting(JsonResponse(stage.mesh_at(run, face, number(request, "at", 0))))
        told = stage.mesh_of_neutral(run, face)
    except stage.NoMesh as error:
        told = {"why": str(error)}
    except ModelError:
        told = {"why": NO_MODEL}
    except MediaError:
        told = {"why": UNREADABLE}
    except (AnalysisError, OSError):
        told = {"why": NO_MEASUREMENT}
    response = JsonResponse(told)
    response["Cache-Control"] = "private, no-store"
    return response


@require_GET
@json_api
def reason(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What moved during an event, and the machine's figure for it; or ``why`` that cannot be said."""
    run = _finished_run(request, pk)
    if hidden := sight.hides(request.user, run):
        raise PermissionDenied(hidden)
    code, side = request.GET.get("code", ""), request.GET.get("side", "")
    times = {f"{name}_us": number(request, name) for name in ("onset", "apex", "offset")}
    in_order = 0 <= times["onset_us"] <= times["apex_us"] <= times["offset_us"]
    if code not in CATALOGUE or side not in SIDES or not in_order:
        raise BadRequest
    try:
        told = stage.reason(run, face=number(request, "face", 0), code=code, side=side, **times)
    except (AnalysisError, OSError):
        told = {"why": NO_MEASUREMENT}
    response = JsonResponse(told)
    response["Cache-Control"] = "private, no-store"
    return response
