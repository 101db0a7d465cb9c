"""Pages about cohorts and their calibration, for administrators: thin."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from facsweb.calibration import lapses, material, presentation, services
from facsweb.calibration.models import Version
from facsweb.studies import access, cohorts
from facsweb.studies.forms import CohortForm
from facsweb.studies.models import Cohort


def _crumbs(last: str) -> list[tuple[str, str]]:
    return [("Cohorts", reverse("calibration:list")), (last, "")]


@require_GET
@never_cache
def cohort_list(request: HttpRequest) -> HttpResponse:
    """Every cohort, what it could be calibrated with now, the calibrations, and the one under way."""
    access.require_staff(request)
    running = services.active()
    found = material.candidates(material.scorer())
    told = presentation.material_now(found)
    ended = Version.objects.filter(state__in=(Version.State.FAILED, Version.State.CANCELLED))
    context = {
        "rows": presentation.cohort_rows(found),
        "material": told,
        "least": services.LEAST_PARTICIPANTS,
        "enough": told.participants >= services.LEAST_PARTICIPANTS,
        "version": running,
        "stages": presentation.stages(running) if running else [],
        "versions": presentation.version_rows(),
        "last": Version.objects.first(),
        "ended": ended,
        "choice": services.chosen(),
        "words": cohorts.WORDS,
    }
    return render(request, "calibration/list.html", context)


@require_http_methods(["GET", "POST"])
def cohort_create(request: HttpRequest) -> HttpResponse:
    """Add a cohort of this installation."""
    access.require_staff(request)
    form = CohortForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            cohorts.create_cohort(request.user, **form.cleaned_data)  # type: ignore[arg-type]
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{form.cleaned_data['name']} can be stated now.")
            return redirect("calibration:list")
    context = {"form": form, "words": cohorts.WORDS, "crumbs": _crumbs("New cohort")}
    return render(request, "calibration/cohort.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def cohort_change(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change a cohort's words; its key, which calibrations name, stays."""
    access.require_staff(request)
    cohort = get_object_or_404(cohorts.counted(), pk=pk)
    # The form gets a copy: what it writes onto its instance while checking must not reach the page or the service.
    form = CohortForm(request.POST or None, instance=Cohort.objects.get(pk=pk))
    if request.method == "POST" and form.is_valid():
        said = {name: value for name, value in form.cleaned_data.items() if name != "id"}
        try:
            cohorts.change_cohort(request.user, cohort, **said)  # type: ignore[arg-type]
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "The cohort is changed.")
            return redirect("calibration:list")
    context = {"form": form, "cohort": cohort, "words": cohorts.WORDS, "crumbs": _crumbs(cohort.name)}
    return render(request, "calibration/cohort.html", context, status=422 if form.errors else 200)


@require_POST
def cohort_use(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let participants state a cohort, or no longer."""
    access.require_staff(request)
    cohort = get_object_or_404(Cohort, pk=pk)
    active = request.POST.get("active") == "yes"
    cohorts.set_active(request.user, cohort, active)  # type: ignore[arg-type]
    messages.success(request, f"{cohort} is {'offered again' if active else 'not offered any more'}.")
    return redirect("calibration:list")


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Start a calibration and show it; the one under way after a double click."""
    access.require_staff(request)
    try:
        version = services.start(request.user)  # type: ignore[arg-type]
    except services.CalibrationRefused as refused:
        messages.error(request, str(refused))
        return redirect("calibration:list")
    return redirect("calibration:version", version.pk)


@require_GET
@never_cache
def version(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One calibration; for htmx the part that changes, and the whole page once it has ended."""
    access.require_staff(request)
    found = get_object_or_404(Version.objects.select_related("created_by"), pk=pk)
    context: dict[str, Any] = {"version": found, "crumbs": _crumbs(f"Calibration {found.number}")}
    if found.state != Version.State.SUCCEEDED:
        context["stages"] = presentation.stages(found)
        if request.htmx:  # type: ignore[attr-defined]
            if not found.is_active:
                return HttpResponseClientRefresh()
            return render(request, "calibration/_progress.html", context)
        return render(request, "calibration/under_way.html", context)
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRefresh()
    said = services.content(found)
    context |= {
        "said": said,
        "is_applied": services.applied() == found,
        "lapsed": lapses.sentence(found),
        "why_not": services.may_be_applied(found),
        "coders": presentation.coders(said),
        "cohorts": presentation.cohort_details(said),
        "codes": presentation.code_rows(said),
        "fairness": presentation.fairness_rows(said),
        "largest": presentation.largest(said),
    }
    return render(request, "calibration/version.html", context)


@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Stop a calibration; a second click changes nothing."""
    access.require_staff(request)
    services.cancel(request.user, get_object_or_404(Version, pk=pk))  # type: ignore[arg-type]
    return redirect("calibration:version", pk)


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Have new readings apply a calibration, or none."""
    access.require_staff(request)
    pk = request.POST.get("version", "")
    try:
        found = get_object_or_404(Version, pk=UUID(pk)) if pk else None
    except ValueError as error:
        raise Http404 from error
    try:
        services.choose(request.user, found)  # type: ignore[arg-type]
    except services.CalibrationRefused as refused:
        messages.error(request, str(refused))
    else:
        name = f"calibration {found.number}" if found else "no calibration"
        messages.success(request, f"New readings apply {name}. What was read before stays as it is.")
    return redirect("calibration:list")


@require_GET
def download(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A finished calibration as JSON: ids of coders, no participants."""
    access.require_staff(request)
    found = get_object_or_404(Version, pk=pk, state=Version.State.SUCCEEDED)
    response = JsonResponse(found.result, json_dumps_params={"indent": 1, "ensure_ascii": False})
    response.headers["Content-Disposition"] = f'attachment; filename="calibration-{found.number}.json"'
    return response
