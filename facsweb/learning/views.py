"""Pages about scorers, for administrators: thin."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRefresh

from facsweb.learning import cards, packages, presentation, services
from facsweb.learning.models import Training
from facsweb.studies import access


def _crumbs(last: str) -> list[tuple[str, str]]:
    return [("Scorers", reverse("learning:list")), (last, "")]


@require_GET
@never_cache
def scorer_list(request: HttpRequest) -> HttpResponse:
    """Every scorer, what could be learned from now, and the training under way."""
    access.require_staff(request)
    trainings = Training.objects.select_related("created_by")
    running = services.active()
    material = presentation.material_now(request.user)
    context = {
        "scorers": presentation.scorer_rows(),
        "material": material,
        "enough": material.participants >= services.LEAST_PARTICIPANTS,
        "training": running,
        "stages": presentation.stages(running) if running else [],
        "last": trainings.first(),
        "ended": trainings.filter(state__in=(Training.State.FAILED, Training.State.CANCELLED)),
        "base": services.newest_shipped(),
        "least": str(services.LEAST_PARTICIPANTS),
        "default": services.chosen_default(),
        "default_gone": services.default_is_gone(),
    }
    return render(request, "learning/list.html", context)


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Start a training and show it; the one under way after a double click."""
    access.require_staff(request)
    try:
        training = services.start(request.user)  # type: ignore[arg-type]
    except services.LearningRefused as refused:
        messages.error(request, str(refused))
        return redirect("learning:list")
    return redirect("learning:training", training.pk)


@require_GET
@never_cache
def training(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One training; for htmx the part that changes, and the whole page once it has ended."""
    access.require_staff(request)
    found = get_object_or_404(Training.objects.select_related("created_by"), pk=pk)
    context = {
        "training": found,
        "stages": presentation.stages(found),
        "crumbs": _crumbs(f"Training {found.number}"),
    }
    if request.htmx:  # type: ignore[attr-defined]
        if not found.is_active:
            return HttpResponseClientRefresh()
        return render(request, "learning/_progress.html", context)
    if found.state == Training.State.SUCCEEDED and packages.location(found.scorer):
        return redirect("learning:scorer", "au-own", found.version)
    return render(request, "learning/training.html", context)


@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Stop a training; a second click changes nothing."""
    access.require_staff(request)
    services.cancel(request.user, get_object_or_404(Training, pk=pk))  # type: ignore[arg-type]
    return redirect("learning:training", pk)


@require_POST
def default(request: HttpRequest) -> HttpResponse:
    """Have new analyses use a scorer."""
    access.require_staff(request)
    name = request.POST.get("scorer", "")
    try:
        services.make_default(request.user, name)  # type: ignore[arg-type]
    except services.LearningRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"New analyses use {name}. Analyses that were made before stay as they are.")
    return redirect("learning:list")


def _scorer_name(kind: str, version: str) -> str:
    name = f"{kind}/{version}"
    if not presentation.is_known(name):
        raise Http404
    return name


@require_GET
@never_cache
def scorer(request: HttpRequest, kind: str, version: str) -> HttpResponse:
    """One scorer: where it comes from, what learning changed, its model card."""
    access.require_staff(request)
    name = _scorer_name(kind, version)
    row, path = presentation.scorer_row(name), packages.card(name)
    learned: dict[str, Any] = (row.training.learned if row.training else packages.about(name).get("learned")) or {}
    context = {
        "scorer": row,
        "learned": learned,
        "units": presentation.unit_rows(learned),
        "card": cards.render(path.stem, path.read_text(encoding="utf-8")) if path else None,
        "crumbs": _crumbs(name),
    }
    return render(request, "learning/scorer.html", context)


@require_GET
def card(request: HttpRequest, kind: str, version: str) -> HttpResponse:
    """A model card as it is kept."""
    access.require_staff(request)
    path = packages.card(_scorer_name(kind, version))
    if path is None:
        raise Http404
    response = HttpResponse(path.read_bytes(), content_type="text/markdown; charset=utf-8")
    filename = f"{kind}-{version}-{path.name}"
    response.headers["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    return response
