"""A study's reports in one place: options, packages with progress, and the way to each file."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from facsweb.audit.services import record
from facsweb.recordings.streaming import file_response
from facsweb.reports import packages, presentation, services
from facsweb.reports.forms import PackageForm
from facsweb.reports.models import Package, Report
from facsweb.storage import shelf
from facsweb.studies import access
from facsweb.studies.models import Study
from facsweb.studies.views import crumbs

SHOWN = 10
GONE = "There is no such file any more. Pack it again."


def _form(request: HttpRequest, reports: list[Report], data: Any = None) -> PackageForm:
    choices = [(str(one.pk), f"{one.code} · {one.title} · {one.sign_off.signed_at:%d %B %Y}") for one in reports]
    return PackageForm(data, reports=choices)


def _reports(request: HttpRequest, of: Study) -> list[Report]:
    found = list(packages.signed(request.user, of).defer("sign_off__content"))
    for one in found:
        recording = one.sign_off.layer.run.recording
        one.code, one.title = recording.participant.code, recording.title
    return found


@require_safe
def study(request: HttpRequest, pk: UUID) -> HttpResponse:
    of = access.get(request, Study, pk)
    may = access.pages(request.user, of)
    reports = _reports(request, of)
    shown = (
        Package.objects.filter(study=of).select_related("created_by")[:SHOWN]
        if "reports:package_start" in may
        else []
    )
    context = {
        "study": of,
        "reports": reports,
        "four_eyes": services.four_eyes(of),
        "awaiting": services.visible(request.user)
        .filter(sign_off__layer__run__recording__participant__study=of, state=Report.State.AWAITING)
        .select_related("sign_off__signer", "sign_off__layer__run__recording__participant")
        .defer("sign_off__content"),
        "packages": [{"one": one, **presentation.package(one)} for one in shown],
        "form": _form(request, reports),
        "may": may,
        "study_url": reverse("studies:detail", args=[of.pk]),
        "kept": packages.KEPT.days,
        "crumbs": crumbs(of, ("Reports", "")),
    }
    return render(request, "reports/study.html", context)


@require_POST
def start(request: HttpRequest, pk: UUID) -> HttpResponse:
    of = access.get(request, Study, pk)
    form = _form(request, _reports(request, of), request.POST)
    if form.is_valid():
        asked = form.cleaned_data
        try:
            packages.start(request.user, of, asked["kind"], asked["reports"], asked["documents"])
        except packages.Refused as refused:
            messages.error(request, str(refused))
    else:
        messages.error(request, "Nothing was packed: choose what to pack.")
    return redirect(reverse("reports:study", args=[of.pk]) + "#packages")


@require_safe
@never_cache
def state(request: HttpRequest, pk: UUID) -> JsonResponse:
    package = access.get(request, Package, pk)
    return JsonResponse({"state": package.state, "done": package.done, "total": package.total})


@require_safe
@never_cache
def download(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    package = access.get(request, Package, pk, related=["study"])
    if package.state != Package.State.SUCCEEDED or not package.file:
        raise Http404(GONE)
    try:
        path = shelf.fetch(package.file)
    except FileNotFoundError:
        raise Http404(GONE) from None
    # It was made of what its maker may see; somebody who codes blind would see others' codings in it.
    inside = set(package.asked["reports"]) - packages.left_out(package)
    seen = packages.signed(request.user, package.study).values_list("pk", flat=True)
    if not inside <= {str(pk) for pk in seen}:
        raise Http404("This package holds something that you may not see.")
    response = file_response(request, path, content_type="application/zip")
    name = f"{slugify(package.study.name) or 'study'}_{package.kind}_{package.created_at:%Y-%m-%d}.zip"
    response["Content-Disposition"] = content_disposition_header(True, name)
    if request.method == "GET" and response.status_code in (200, 206):
        record(request.user, "package.download", package, sha256=package.sha256)
    return response


@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    package = access.get(request, Package, pk, related=["study"])
    packages.FENCE.cancel(request.user, package)
    return redirect(reverse("reports:study", args=[package.study_id]) + "#packages")
