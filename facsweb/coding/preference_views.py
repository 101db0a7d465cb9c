"""The workbench's settings of the person who is signed in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_http_methods

from facsweb.coding.api import body, json_api
from facsweb.coding.preferences import preferences_of, save_preferences


@require_http_methods(["GET", "POST"])
@json_api
def preferences(request: HttpRequest) -> HttpResponse:
    """What one has set; POST replaces the sections that it names."""
    user = request.user
    values = save_preferences(user, body(request)) if request.method == "POST" else preferences_of(user)
    response = JsonResponse({"values": values})
    response["Cache-Control"] = "private, no-store"
    return response
