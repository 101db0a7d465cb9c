"""What the voice lane of the timeline asks for."""

from __future__ import annotations

import base64
import uuid

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_GET

from facsweb.coding import services
from facsweb.coding import waveform as sounds
from facsweb.coding.api import BadRequest, failure, json_api, number
from facsweb.runs.models import AnalysisRun
from facsweb.studies import access

MAX_WIDTH = 4096
DAY_S = 86_400


@require_GET
@json_api
def waveform(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The sound's outline in a window; status 202 and a sentence while it is not there."""
    run = access.get(request, AnalysisRun, pk, related=("recording__participant__study",))
    if run.state != AnalysisRun.State.SUCCEEDED:
        raise BadRequest("This analysis is not finished, so there is nothing to review yet.")
    told = sounds.sound(run)
    if not told["allowed"]:
        return failure(told["words"] or "There is no sound in this recording.", "hidden", 409)
    from_us, to_us = number(request, "from", 0), number(request, "to", services.limit_us(run))
    width = number(request, "width", 1000)
    if not (0 <= from_us < to_us and 1 <= width <= MAX_WIDTH):
        raise BadRequest
    found = sounds.window(run, from_us, to_us, width)
    if isinstance(found, str):
        response = JsonResponse({"words": found, "coming": found == sounds.MAKING}, status=202)
        response["Cache-Control"] = "private, no-store"
        return response
    response = JsonResponse({"peaks": base64.b64encode(found.tobytes()).decode()})
    # No longer than a session of work: consent can be withdrawn.
    patch_cache_control(response, private=True, max_age=3600)
    return response
