"""What happened in a layer, change by change, and what it said at a moment."""

from __future__ import annotations

import uuid

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from facsweb.coding import hooks, past
from facsweb.coding.api import json_api, number
from facsweb.coding.models import Layer
from facsweb.coding.sight import may_read
from facsweb.coding.views import LAYER
from facsweb.studies import access


def _layer(request: HttpRequest, pk: uuid.UUID) -> Layer:
    layer = access.get(request, Layer, pk, related=LAYER)
    if not may_read(request.user, layer):
        raise PermissionDenied
    return layer


@require_GET
@json_api
def layer_history(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One page of everything that people changed in the layer, the newest first."""
    layer = _layer(request, pk)
    page = past.changes(layer, before=number(request, "before", 0) or None, code=request.GET.get("code", ""))
    hooks.unnamed(request.user, layer, page["changes"])
    response = JsonResponse(page)
    response["Cache-Control"] = "private, no-store"
    return response


@require_GET
@json_api
def layer_moment(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What has to be brought back so that the layer says what it said after a revision."""
    layer = _layer(request, pk)
    way = past.way_back(layer, number(request, "revision"))
    hooks.unnamed(request.user, layer, [one["said"] for one in way if one["said"]])
    response = JsonResponse({"events": way})
    response["Cache-Control"] = "private, no-store"
    return response
