"""What the worker does for a report. It takes an id, may run twice, and may die anywhere."""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import uuid
from datetime import timedelta
from typing import Any, Final

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from facsweb.audit.services import record
from facsweb.processes.outage import passes
from facsweb.reports import content, document, documents, signing
from facsweb.reports.models import Document, Report

log = logging.getLogger(__name__)
REASON, SECOND_REASON = "Sign-off of FACS coding", "Countersignature of FACS coding"
Made = tuple[bytes, str]
#: What could not be made for now is tried again after this.
LATER: Final = timedelta(seconds=30)


def render_report(report_id: str) -> None:
    """Make and sign a waiting report, or add the second signature; nothing when somebody else has done so."""
    report = Report.objects.select_related("sign_off").filter(pk=report_id, state=Report.State.WAITING).first()
    if report is None:
        return
    # Counted before the work, so that a document that kills its worker is given up some day.
    Report.objects.filter(pk=report.pk).update(attempts=F("attempts") + 1)
    try:
        pdf, fingerprint = _second(report) if report.pdf else _first(report)
        # A name of its own for every attempt: the row names the file only once it is whole on disk.
        name = default_storage.save(f"reports/{report.pk}.pdf", ContentFile(pdf))
    except Exception as error:
        log.exception("Report %s could not be made.", report_id)
        if passes(error) or signing.is_too_early(error):
            _later(Report.objects.filter(pk=report.pk))
            return
        _fail(report, error)
        return
    if not _finish(report, name, hashlib.sha256(pdf).hexdigest(), fingerprint):
        default_storage.delete(name)  # another worker was faster, or it was revoked meanwhile


def _later(row: QuerySet[Any]) -> None:
    """Let it wait for room, the database or the right time, and be put back then; it counts as no attempt."""
    row.update(attempts=F("attempts") - 1, queued_at=timezone.now() + LATER)


def _first(report: Report) -> Made:
    said, signed_off = report.sign_off.content, report.sign_off
    if content.sha256(said) != signed_off.content_sha256:
        raise ValueError("The stored content is not what was signed.")
    pdf = document.typeset(said, signed_off.content_sha256)
    name = said["sign_off"]["signer"]
    return signing.seal(pdf, name=name, reason=REASON, another_follows=report.second_needed)


def _second(report: Report) -> Made:
    with report.pdf.open("rb") as file:
        pdf = file.read()
    if hashlib.sha256(pdf).hexdigest() != report.pdf_sha256:
        raise ValueError("The stored document is not the one that was signed first.")
    return signing.countersign(pdf, name=str(report.second.by), reason=SECOND_REASON)


@transaction.atomic
def _finish(report: Report, name: str, digest: str, fingerprint: str) -> bool:
    before = report.pdf.name
    first_of_two = report.second_needed and not before
    waiting = Report.objects.filter(pk=report.pk, state=Report.State.WAITING, pdf=before)
    finished = waiting.update(
        state=Report.State.AWAITING if first_of_two else Report.State.READY,
        pdf=name,
        pdf_sha256=digest,
        certificate_sha256=fingerprint,
        finished_at=timezone.now(),
        error="",
    )
    if finished:
        action = "report.first_signature" if first_of_two else "report.finish"
        record(None, action, report, pdf_sha256=digest, certificate_sha256=fingerprint)
        if before:  # the file with both signatures begins with all of it
            transaction.on_commit(lambda: default_storage.delete(before))
    return bool(finished)


@transaction.atomic
def _fail(report: Report, error: Exception) -> None:
    sentence = str(error) if isinstance(error, signing.SigningError) else ""
    if Report.objects.filter(pk=report.pk, state=Report.State.WAITING).update(
        state=Report.State.FAILED,
        error=f"The document could not be made. {sentence}".strip()
        + " Your sign-off is safe; try again, or ask the operator to look at the worker's log.",
        finished_at=timezone.now(),
    ):
        record(None, "report.fail", report, error=type(error).__name__)  # its words may quote the report


def render_document(document_id: str) -> None:
    """Make and sign a waiting document of a report; nothing when somebody else has done so."""
    related = "report__sign_off__layer__run__recording__participant__study"
    wanted = Document.objects.select_related(related).filter(pk=document_id, state=Document.State.WAITING).first()
    if wanted is None:
        return
    Document.objects.filter(pk=wanted.pk).update(attempts=F("attempts") + 1)
    try:
        pdf, fingerprint = documents.make(wanted)
        name = default_storage.save(f"reports/{wanted.pk}.pdf", ContentFile(pdf))
    except Exception as error:
        log.exception("Document %s could not be made.", document_id)
        if passes(error) or signing.is_too_early(error):
            _later(Document.objects.filter(pk=wanted.pk))
            return
        documents.fail(wanted, error)
        return
    if not documents.finish(wanted, name, hashlib.sha256(pdf).hexdigest(), fingerprint):
        default_storage.delete(name)


def pack(package_id: str, attempt: int) -> None:
    """Make one attempt at a package."""
    from facsweb.reports.packing import perform

    perform(uuid.UUID(package_id), attempt, worker=f"{socket.gethostname()}:{os.getppid()}")
