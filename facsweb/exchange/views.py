"""Pages: take a layer out as a file, bring a file in as a layer."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis import confined
from analysis.exchange.formats import FORMATS
from analysis.exchange.values import ExchangeError
from facsweb.coding import hooks, page
from facsweb.coding.models import Layer
from facsweb.coding.reading import current_events
from facsweb.exchange import exports, services
from facsweb.exchange.forms import (
    MOST_TIERS,
    LayoutForm,
    OptionsForm,
    UploadForm,
    code_choices,
    fingerprint,
)
from facsweb.exchange.models import Upload
from facsweb.runs.models import AnalysisRun
from facsweb.studies import access
from facsweb.studies.models import Scope
from facsweb.studies.services import ConsentMissing, missing_scopes

RUN: Final = ("recording__participant__study",)
LAYER: Final = ("owner", *(f"run__{path}" for path in RUN))
SHOWN_REMARKS: Final = 100
SHOWN_EVENTS: Final = 50
NAMELESS: Final = (
    "You adjudicate this coding without being told whose it is, and a file would say it. "
    "A lead can show you the names."
)


def _readable(request: HttpRequest, pk: uuid.UUID) -> Layer:
    layer = access.get(request, Layer, pk, related=LAYER)
    if not page.may_read(request.user, layer):
        raise PermissionDenied
    if hooks.alias(request.user, layer):
        raise PermissionDenied(NAMELESS)
    return layer


def _crumbs(run: AnalysisRun, here: str) -> list[tuple[str, str]]:
    return [*page.crumbs(run)[:-1], (here, "")]


def _review(layer: Layer) -> str:
    return f"{reverse('coding:review', args=[layer.run_id])}?layer={layer.pk}"


@require_safe
def export(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Every format, what it keeps and what it leaves out."""
    layer = _readable(request, pk)
    context = {
        "layer": layer,
        "recording": layer.run.recording,
        "name": page.name_of(layer, request.user),
        "events": len(current_events(layer)),
        "formats": [(one, exports.filename(layer, one)) for one in FORMATS.values()],
        "layout": LayoutForm(),
        "review_url": _review(layer),
        "crumbs": _crumbs(layer.run, "Export"),
    }
    return render(request, "exchange/export.html", context)


@require_safe
def download(request: HttpRequest, pk: uuid.UUID, key: str) -> HttpResponseBase:
    """One file."""
    layer = _readable(request, pk)
    chosen = FORMATS.get(key)
    if chosen is None:
        raise Http404
    pieces = exports.write(request.user, layer, chosen, LayoutForm(request.GET).layout())
    response = StreamingHttpResponse(pieces, content_type=chosen.media_type)
    response["Content-Disposition"] = content_disposition_header(True, exports.filename(layer, chosen))
    response["Cache-Control"] = "private, no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Choose a file; the imports of this run so far."""
    run = access.get(request, AnalysisRun, pk, related=RUN)
    form = UploadForm(request.POST or None, request.FILES or None) if request.method == "POST" else UploadForm()
    ready = run.state == AnalysisRun.State.SUCCEEDED
    if request.method == "POST" and ready and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            received = services.receive(request.user, run, file.name, file.read())
        except (ExchangeError, ConsentMissing) as error:
            form.add_error("file", str(error))
        else:
            return redirect("exchange:preview", pk=received.pk)
    layers = [layer for layer in page.readable_layers(request.user, run) if layer.kind == Layer.Kind.IMPORTED]
    context = {
        "run": run,
        "recording": run.recording,
        "ready": ready,
        "consented": not missing_scopes(run.recording.participant, [Scope.VIDEO]),
        "form": form,
        "waiting": services.waiting(request.user, run),
        "formats": [one for one in FORMATS.values() if one.reads],
        "layers": [_row(request, layer) for layer in layers],
        "crumbs": _crumbs(run, "Import"),
    }
    return render(request, "exchange/import.html", context)


def _row(request: HttpRequest, layer: Layer) -> dict[str, Any]:
    kind = FORMATS.get(layer.source_file.get("format", ""))
    return {
        "layer": layer,
        "format": kind.name if kind else "–",
        "events": len(current_events(layer)),
        "review_url": _review(layer),
        "may_remove": services.may_remove(request.user, layer),
        "why_kept": services.why_kept(layer),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What is in the file; settings; import it."""
    received = access.get(request, Upload, pk, related=("owner", *(f"run__{path}" for path in RUN)))
    if received.owner_id != request.user.pk:
        messages.error(request, "This file was uploaded by somebody else. Upload it yourself to import it.")
        return redirect("exchange:import", pk=received.run_id)
    kind = confined.kind_of(bytes(received.content))
    form = OptionsForm(request.POST if request.method == "POST" else None, upload=received, kind=kind)
    context: dict[str, Any] = {"upload": received, "run": received.run, "recording": received.run.recording}
    context |= {"form": form, "kind": FORMATS[kind], "crumbs": _crumbs(received.run, "Import")}
    if not form.is_bound or form.is_valid():
        try:
            options = form.options()
            found = services.look(received, options)
            if request.POST.get("do") == "import":
                if form.cleaned_data["seen"] == fingerprint(options) and found.contents:
                    return _import(request, received, options, form.cleaned_data["name"])
                context["changed"] = True
            context |= _shown(found, form) | {"seen": fingerprint(options)}
        except ExchangeError as error:
            context["error"] = str(error)
    return render(request, "exchange/preview.html", context)


def _shown(found: services.Found, form: OptionsForm) -> dict[str, Any]:
    unmatched = list(found.reading.unmatched.items())
    chosen = form.mapping()
    tiers = [(name, count, "?") for name, count in unmatched]
    tiers += [(name, None, code) for name, code in chosen.items() if name not in found.reading.unmatched]
    return {
        "found": found,
        "tiers": tiers[:MOST_TIERS],
        "choices": code_choices(),
        "remarks": found.remarks[:SHOWN_REMARKS],
        "more_remarks": max(len(found.remarks) - SHOWN_REMARKS, 0),
        "events": found.contents[:SHOWN_EVENTS],
        "more_events": max(len(found.contents) - SHOWN_EVENTS, 0),
        "last_us": max((content.offset_us for content in found.contents), default=0),
    }


def _import(request: HttpRequest, received: Upload, options: Any, name: str) -> HttpResponse:
    try:
        layer = services.confirm(request.user, received, options, name)
    except (services.Gone, ConsentMissing) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"“{layer.name}” is a layer now. It cannot be edited; it can be compared.")
    return redirect("exchange:import", pk=received.run_id)


@require_POST
def remove(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Undo an import."""
    layer = _readable(request, pk)
    try:
        services.remove(request.user, layer)
    except services.InUse as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"“{layer.name}” was removed. The log keeps that it was there.")
    return redirect("exchange:import", pk=layer.run_id)
