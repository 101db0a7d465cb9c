"""Handing a coding in, and taking it back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from analysis.facs.codes import CATALOGUE
from facsweb.coding import hooks, page, workflow
from facsweb.coding.models import Layer
from facsweb.coding.reading import current_events
from facsweb.studies import access

LAYER = ("owner", "run__recording__participant__study")


def _own(request: HttpRequest, pk: UUID) -> Layer:
    layer = access.get(request, Layer, pk, related=LAYER)
    if layer.owner_id != request.user.pk:
        raise PermissionDenied
    return layer


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def submit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What is left undone in one's coding, and handing it in."""
    layer = _own(request, pk)
    error = ""
    if request.method == "POST":
        seen = request.POST.get("revision", "")
        try:
            workflow.submit(
                request.user,  # type: ignore[arg-type]
                layer,
                revision=int(seen) if seen.isascii() and seen.isdigit() else None,
            )
        except workflow.WrongState as wrong:
            error = str(wrong)
            layer.refresh_from_db()
        else:
            messages.success(request, "Your coding is submitted. You can take it back until it is adjudicated.")
            return redirect("coding:review", pk=layer.run_id)
    return render(
        request, "coding/submit.html", _what_is_left(layer) | {"error": error}, status=409 if error else 200
    )


def _what_is_left(layer: Layer) -> dict[str, Any]:
    states = current_events(layer, include_deleted=True)
    proposals = [state for state in states if state.source is not None]
    standing = [state for state in states if not state.deleted]
    empty = [
        span
        for span in layer.spans
        if not any(_touches(state.onset_us, state.offset_us, span) for state in standing)
    ]
    return {
        "layer": layer,
        "recording": layer.run.recording,
        "events": len(standing),
        "proposals": len(proposals),
        "unreviewed": [state for state in proposals if not state.reviewed],
        "empty": empty,
        "without_intensity": [state for state in standing if _wants_intensity(state)],
        "may_submit": layer.state == Layer.State.OPEN,
        "about": hooks.about(layer),
        "crumbs": [*page.crumbs(layer.run)[:-1], ("Submit", "")],
    }


def _touches(onset_us: int, offset_us: int, span: list[int]) -> bool:
    return onset_us <= span[1] and offset_us >= span[0]


def _wants_intensity(state: Any) -> bool:
    code = CATALOGUE.get(state.code)
    return code is not None and code.has_intensity and not state.intensity


@require_POST
def take_back(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Go on with what one submitted."""
    layer = _own(request, pk)
    try:
        workflow.take_back(request.user, layer)  # type: ignore[arg-type]
    except workflow.WrongState as wrong:
        messages.error(request, str(wrong))
    else:
        messages.success(request, "Your coding is open again. Submit it when you are done.")
    return redirect("coding:review", pk=layer.run_id)
