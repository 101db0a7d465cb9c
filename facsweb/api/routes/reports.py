"""Signed reports: found, read, downloaded, verified; further documents made of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header
from ninja import Router
from ninja.responses import Status

from facsweb.api import gate, paging, schemas
from facsweb.api.gate import JSON, CallerRequest, operation
from facsweb.api.models import Scope
from facsweb.api.problems import Problem
from facsweb.audit.services import canonical
from facsweb.reports import documents, exports, services
from facsweb.reports.models import Countersignature, Document, Report
from facsweb.studies import access

router = Router()
PATH = "sign_off__layer__run__recording__participant__study"
VERIFIED_AT_MOST = 50 * 1024**2  # bytes, as the page takes


def report_out(report: Report) -> dict[str, Any]:
    """A report: its state and what it is about; what it says is in its files."""
    layer = report.sign_off.layer
    names = ("state", "second_needed", "pdf_sha256", "finished_at", "revoked_at", "revoked_reason", "error")
    second = Countersignature.objects.filter(report=report, decision="signed").select_related("by").first()
    return {
        "id": report.pk,
        "study": report.study.pk,
        "participant": layer.run.recording.participant_id,
        "recording": layer.run.recording_id,
        "run": layer.run_id,
        "layer": layer.pk,
        "signer": str(report.sign_off.signer),
        "signed_at": report.sign_off.signed_at,
        "content_sha256": report.sign_off.content_sha256,
        "second_signer": str(second.by) if second else None,
        "second_signed_at": second.at if second else None,
        **{name: getattr(report, name) for name in names},
    }


def _report(request: CallerRequest, name: str, pk: UUID) -> Report:
    report: Report = gate.get(request, name, Report, pk, PATH, "sign_off__signer")
    _seen(request, report)
    return report


def _seen(request: CallerRequest, report: Report) -> None:
    """Raise unless the token's owner is told about the report in its present state."""
    if hidden := services.why_hidden(request.user, report):
        raise PermissionDenied(hidden)
    if not services.may_see(request.user, report):
        raise Http404  # managers are not told about unfinished reports


@operation(router, "GET", "/reports", response=schemas.Page[schemas.ReportOut], scope=Scope.REPORTS_READ)
def reports_list(
    request: CallerRequest, study: UUID | None = None, cursor: paging.Cursor = "", limit: paging.Limit = 50
) -> Any:
    """Reports that the token's owner may see, the oldest first"""
    rows = services.visible(request.user).filter(**{f"{PATH}__in": gate.studies(request)})
    if study is not None:
        rows = rows.filter(**{PATH: study})
    rows = rows.select_related(PATH, "sign_off__signer").defer("sign_off__content")
    page = paging.page(request, rows, cursor, limit)
    return page | {"items": [report_out(one) for one in page["items"]]}


@operation(router, "GET", "/reports/{uuid:report}", response=schemas.ReportOut, scope=Scope.REPORTS_READ)
def report_get(request: CallerRequest, report: UUID) -> Any:
    """One report"""
    return report_out(_report(request, "report_get", report))


def _readable(request: CallerRequest, report: Report) -> None:
    """Raise PermissionDenied or Http404 unless the token's owner may read what the report says."""
    if not services.may_read(request.user, report):
        raise PermissionDenied("This report was revoked; only administrators of the study may read it.")
    if not report.sign_off.content:
        raise Http404  # what it said had to be destroyed


def _headers(filename: str) -> dict[str, str]:
    disposition = content_disposition_header(True, filename)
    return {"Content-Disposition": disposition or "attachment", "Cache-Control": "private, no-store"}


def _download(request: CallerRequest, name: str, pk: UUID, extension: str) -> tuple[Report, dict[str, str]]:
    """The report, which the token's owner may read, and the headers of its file; the download is logged."""
    report = _report(request, name, pk)
    _readable(request, report)
    if not services.is_given_out(report):
        raise Http404  # with one signature of two it is no report yet
    if extension == "pdf" and (not report.pdf or report.state not in services.FINISHED):
        raise Http404
    gate.log_download(request, "report.download", report, format=extension)
    return report, _headers(exports.filename(report, extension))


@operation(
    router,
    "GET",
    "/reports/{uuid:report}/pdf",
    response={200: None},
    scope=Scope.REPORTS_READ,
    gives={"application/pdf": "The signed document."},
)
def report_pdf(request: CallerRequest, report: UUID) -> Any:
    """The signed document"""
    found, headers = _download(request, "report_pdf", report, "pdf")
    return HttpResponse(found.pdf.read(), content_type="application/pdf", headers=headers)


@operation(
    router,
    "GET",
    "/reports/{uuid:report}/csv",
    response={200: None},
    scope=Scope.REPORTS_READ,
    gives={"text/csv": "Every row of the event table."},
)
def report_csv(request: CallerRequest, report: UUID) -> Any:
    """What was signed, as a table"""
    found, headers = _download(request, "report_csv", report, "csv")
    text = "\ufeff" + exports.events_csv(found.sign_off.content)
    return HttpResponse(text.encode(), content_type="text/csv; charset=utf-8", headers=headers)


@operation(
    router,
    "GET",
    "/reports/{uuid:report}/json",
    response={200: None},
    scope=Scope.REPORTS_READ,
    gives={
        "application/json": "The canonical JSON of what was signed; its SHA-256 is the report's content_sha256."
    },
    also={304: "The client has it already."},
)
def report_json(request: CallerRequest, report: UUID) -> Any:
    """Exactly what was signed"""
    found, headers = _download(request, "report_json", report, "json")
    return HttpResponse(canonical(found.sign_off.content), content_type="application/json", headers=headers)


@operation(
    router,
    "GET",
    "/reports/{uuid:report}/documents",
    response=schemas.DocumentsOut,
    scope=Scope.REPORTS_READ,
)
def report_documents(request: CallerRequest, report: UUID) -> Any:
    """Further documents of a report: the summary, and the participant's copy in each language

    Those that somebody had made, on the report's page or by a program.
    """
    found = _report(request, "report_documents", report)
    return {"items": [document_out(one) for one in found.documents.all()]}


def document_out(document: Document) -> dict[str, Any]:
    """A further document: what it is and how far it is."""
    names = ("kind", "language", "state", "pdf_sha256", "finished_at", "error")
    return {"id": document.pk, "report": document.report_id, **{name: getattr(document, name) for name in names}}


@operation(
    router,
    "POST",
    "/reports/{uuid:report}/documents",
    response={200: schemas.DocumentOut, 202: schemas.DocumentOut},
    scope=Scope.REPORTS_WRITE,
    takes=JSON,
    example={"kind": "participant", "language": "de"},
    still=_seen,
    also={
        200: "There is one already, or it is being made: this one.",
        202: "A worker makes it.",
        409: "The report is not signed or was revoked, or the request is being answered.",
    },
)
def report_document_make(request: CallerRequest, report: UUID, body: schemas.DocumentIn) -> Any:
    """Have a further document of a signed report made

    The summary for people who decide (`en`), or the participant's copy (`en`, `de`). A report has one of each;
    asking again returns it, and begins anew where its making failed. Ask for the report's documents, or have a
    webhook told of `document.ready`, to know when it is there.
    """
    found = _report(request, "report_document_make", report)
    _readable(request, found)
    if (body.kind, body.language) not in documents.OFFERED:
        raise Problem(422, "There is a summary in English alone. Leave the language out.")
    made = found.documents.filter(**body.dict()).exclude(state=Document.State.FAILED).exists()
    return Status(200 if made else 202, document_out(documents.ask(request.user, found, **body.dict())))  # type: ignore[arg-type]


@operation(
    router,
    "GET",
    "/documents/{uuid:document}/pdf",
    response={200: None},
    scope=Scope.REPORTS_READ,
    gives={"application/pdf": "The signed document."},
)
def document_pdf(request: CallerRequest, document: UUID) -> Any:
    """A further document of a report, such as the participant's copy"""
    found: Document = gate.get(request, "document_pdf", Document, document, f"report__{PATH}")
    _seen(request, found.report)
    _readable(request, found.report)
    if found.state != Document.State.READY or not found.pdf:
        raise Http404
    kind, language = str(found.kind), str(found.language)
    gate.log_download(request, "report.download", found.report, format="document", kind=kind, language=language)
    headers = _headers(exports.filename(found.report, "pdf", what=f"{kind}-{language}"))
    return HttpResponse(found.pdf.read(), content_type="application/pdf", headers=headers)


@operation(
    router,
    "POST",
    "/reports/verify",
    response=schemas.VerificationOut,
    scope=Scope.REPORTS_READ,
    takes="application/pdf",
    most=VERIFIED_AT_MOST,
    together=False,
)
def report_verify(request: CallerRequest) -> Any:
    """Whether a PDF is a report as it was signed

    The body is the file. A file that is no report, or was changed, gets the verdict `bad` with 200: the
    question was answered.
    """
    from facsweb.reports import received  # pyHanko takes a second to import

    if not (data := request.spooled.read()):
        raise Problem(422, "Send the PDF as the body.")
    found = received.verify(data)
    mine = found.report is not None and _is_seen(request, found.report)
    names = ("verdict", "headline", "signer", "signed_at", "certificate", "fingerprint", "content_sha256")
    return {
        **{name: getattr(found, name) for name in names},
        "sentences": list(found.sentences),
        "report": found.report.pk if mine and found.report else None,
    }


def _is_seen(request: CallerRequest, report: Report) -> bool:
    inside = request.token.study_id in (None, report.study.pk)
    may = access.may(request.user, "reports:detail", report)
    return inside and may and services.may_see(request.user, report)
