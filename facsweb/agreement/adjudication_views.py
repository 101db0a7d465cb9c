"""The page on which two codings are settled, and what it asks for."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from facsweb.agreement import adjudication as services
from facsweb.agreement import adjudication_page, beginning
from facsweb.agreement.models import Adjudication
from facsweb.coding.api import BadRequest, body, failure, field, json_api
from facsweb.studies import access

RELATED = ("layer__owner", "layer__run__recording__participant__study", "first__owner", "second__owner")


def _found(request: HttpRequest, pk: uuid.UUID) -> Adjudication:
    """The adjudication, for its adjudicator and for leads; other coders are not told what colleagues coded."""
    found = access.get(request, Adjudication, pk, related=RELATED)
    if found.layer.owner_id != request.user.pk and not access.roles_of(request.user, found.study) & access.LEADS:
        raise PermissionDenied
    adjudication_page.check_blind(request.user, found)
    return found


@require_GET
def adjudication(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Two codings on one timeline above the result, and the disagreements to step through."""
    found = _found(request, pk)
    return render(request, "agreement/adjudication.html", adjudication_page.context(request, found))


@require_GET
def steps(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Every disagreement and the result as they stand."""
    response = JsonResponse(adjudication_page.state(_found(request, pk)))
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@json_api
def decide(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Decide a disagreement, or take a decision back; answers with how everything stands."""
    found = _found(request, pk)
    values = body(request)
    taken = field(values, "taken", str)
    if taken not in adjudication_page.CHOICES:
        raise BadRequest
    try:
        services.decide(
            request.user,
            found,
            field(values, "step", int),
            taken,
            expected=field(values, "expected", int),
            content=field(values, "content", dict, None),
            note=field(values, "note", str, ""),
        )
    except services.Stale as stale:
        return failure(str(stale), "conflict", 409, state=adjudication_page.state(found))
    except beginning.Refused as refused:
        return failure(str(refused), "refused", 409)
    return JsonResponse(adjudication_page.state(found))


@require_POST
def give_up(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """End it without a result; the codings are submitted again."""
    found = _found(request, pk)
    try:
        services.give_up(request.user, found, request.POST.get("reason", ""))
    except beginning.Refused as refused:
        messages.error(request, str(refused))
        return redirect("agreement:adjudication", pk=found.pk)
    messages.success(request, "The adjudication was given up. The two codings are submitted again.")
    return redirect(reverse("agreement:study", args=[found.study.pk]))


@require_POST
def names(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """A lead lets the adjudicator see who coded, or hides it again."""
    found: Any = access.get(request, Adjudication, pk, related=RELATED)
    services.show_names(request.user, found, request.POST.get("shown") == "1")
    return redirect("agreement:adjudication", pk=found.pk)
