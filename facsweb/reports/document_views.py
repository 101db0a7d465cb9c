"""Downloads of one report: its documents, and its signed coding as files for other programs."""

from __future__ import annotations

from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from facsweb.audit.services import canonical, record
from facsweb.reports import documents, exports, services
from facsweb.reports.forms import DocumentForm
from facsweb.reports.models import Document, Report
from facsweb.reports.views import readable_report
from facsweb.studies import access

GONE = "What this report said had to be destroyed, so there is nothing to download any more."

NOT_YET = "This report has one signature of two, so it is given out to nobody."


def _download(view: Any) -> Any:
    """Check access, log the download, and keep the file out of every cache."""

    @wraps(view)
    @require_safe
    @never_cache
    def checked(request: HttpRequest, pk: UUID, **kwargs: str) -> HttpResponse:
        report = readable_report(request, pk)
        if not services.may_read(request.user, report):
            raise PermissionDenied
        if not report.sign_off.content:
            raise Http404(GONE)
        if not services.is_given_out(report):
            raise Http404(NOT_YET)
        response = view(request, report, **kwargs)
        if request.method == "GET":
            record(request.user, "report.download", report, format=view.__name__, **kwargs)
        return response

    return checked


@_download
def pdf(request: HttpRequest, report: Report) -> HttpResponse:
    if not report.pdf or report.state not in services.FINISHED:
        raise Http404("The document is not made yet.")
    return _attachment(report.pdf.read(), "application/pdf", exports.filename(report, "pdf"))


@_download
def csv(request: HttpRequest, report: Report) -> HttpResponse:
    # The mark at the start lets spreadsheets read the file as UTF-8.
    text = "\ufeff" + exports.events_csv(report.sign_off.content)
    return _attachment(text.encode(), "text/csv; charset=utf-8", exports.filename(report, "csv"))


@_download
def json(request: HttpRequest, report: Report) -> HttpResponse:
    # The canonical bytes: their SHA-256 is the one that the report prints.
    body = canonical(report.sign_off.content)
    return _attachment(body, "application/json", exports.filename(report, "json"))


@_download
def file(request: HttpRequest, report: Report, kind: str) -> HttpResponse:
    """The signed coding for ELAN, or as Parquet; the signals behind it, for who may see a run's."""
    if kind == "signals" and not access.may(request.user, "runs:download", report):
        raise PermissionDenied
    try:
        body, media_type, name = exports.file(report, kind)
    except (KeyError, exports.Missing) as missing:
        raise Http404(str(missing)) from missing
    return _attachment(body, media_type, name)


@_download
def document(request: HttpRequest, report: Report, kind: str, language: str) -> HttpResponse:
    found = Document.objects.filter(report=report, kind=kind, language=language).first()
    if found is None or not found.pdf or found.state != Document.State.READY:
        raise Http404("The document is not made yet.")
    name = exports.filename(report, "pdf", what=f"{kind}-{language}")
    return _attachment(found.pdf.read(), "application/pdf", name)


@require_POST
def make(request: HttpRequest, pk: UUID) -> HttpResponse:
    report = readable_report(request, pk)
    form = DocumentForm(request.POST)
    if form.is_valid():
        try:
            documents.ask(request.user, report, *form.cleaned_data["document"])
        except documents.NotReady as refused:
            messages.error(request, str(refused))
    else:
        messages.error(request, "Choose a document.")
    return redirect("reports:detail", pk=report.pk)


def _attachment(body: bytes, content_type: str, filename: str) -> HttpResponse:
    disposition = content_disposition_header(True, filename)
    return HttpResponse(body, headers={"Content-Type": content_type, "Content-Disposition": disposition})
