"""Addresses of the API. Everything here answers tokens and never a session."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja import NinjaAPI

import facsweb
from facsweb.api import openapi, problems, tus
from facsweb.api.gate import outermost
from facsweb.api.problems import Problem
from facsweb.api.routes import people, recordings, reports, results, runs, webhooks

app_name = "api"
DESCRIPTION = (
    "Programs create participants, ask what they agreed to, upload recordings, run analyses and fetch results and "
    "signed reports. A token does what its owner may do, in the studies and for the scopes it was made for, and "
    "nothing more. Every error is a problem document (RFC 9457). Machines propose codes and people decide: "
    "results are supportive indicators, never a diagnosis."
)
api = NinjaAPI(
    title="facsweb",
    version=facsweb.__version__,
    description=DESCRIPTION,
    docs_url=None,
    openapi_url=None,
    urls_namespace=app_name,
)
for name, module in (
    ("people", people),
    ("recordings", recordings),
    ("runs", runs),
    ("results", results),
    ("reports", reports),
    ("webhooks", webhooks),
):
    api.add_router("", module.router, tags=[name])
api.exception_handler(Exception)(problems.of_exception)
for kind in list(api._exception_handlers):
    api.add_exception_handler(kind, problems.of_exception)


@login_not_required
@require_safe
def description(request: HttpRequest) -> HttpResponse:
    """The description of the API; it tells nothing of this installation but its version."""
    return JsonResponse(openapi.document())


@csrf_exempt
@login_not_required
def unknown(request: HttpRequest, rest: str) -> HttpResponse:
    """An address of the API that leads nowhere."""
    return problems.answer(request, Problem(404, "The API has no such address. See /api/v1/openapi.json."))


def _framed() -> list[Any]:
    return [
        path(str(entry.pattern), outermost(entry.callback), entry.default_args, name=entry.name)
        for entry in api.urls[0]
        if entry.name in openapi.gate.SPECS
    ]


urlpatterns = [
    path("openapi.json", description, name="openapi"),
    *_framed(),
    path("participants/<uuid:pk>/uploads/", tus.create, name="tus_create"),
    path("uploads/<uuid:pk>/", tus.resume, name="tus"),
    re_path(r"^(?P<rest>(?s:.*))\Z", unknown, name="unknown"),
]
