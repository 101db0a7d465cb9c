"""What the worker does for a report. It takes an id, may run twice, and may die anywhere."""

from __future__ import annotations

import hashlib
import logging

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from facsweb.audit.services import record
from facsweb.reports import content, document, signing
from facsweb.reports.models import Report

log = logging.getLogger(__name__)
REASON = "Sign-off of FACS coding"


def render_report(report_id: str) -> None:
    """Make, sign and store the PDF of a waiting report; does nothing when somebody else has done so."""
    report = Report.objects.select_related("sign_off").filter(pk=report_id, state=Report.State.WAITING).first()
    if report is None:
        return
    # Counted before the work, so that a document that kills its worker is given up some day.
    Report.objects.filter(pk=report.pk).update(attempts=F("attempts") + 1)
    said, signed_off = report.sign_off.content, report.sign_off
    try:
        if content.sha256(said) != signed_off.content_sha256:
            raise ValueError("The stored content is not what was signed.")
        pdf, fingerprint = signing.seal(
            document.typeset(said, signed_off.content_sha256), name=said["sign_off"]["signer"], reason=REASON
        )
        # A name of its own for every attempt: the row names the file only once it is whole on disk.
        name = default_storage.save(f"reports/{report.pk}.pdf", ContentFile(pdf))
    except Exception as error:
        log.exception("Report %s could not be made.", report_id)
        _fail(report, error)
        return
    if not _finish(report, name, hashlib.sha256(pdf).hexdigest(), fingerprint):
        default_storage.delete(name)  # another worker was faster, or it was revoked meanwhile


@transaction.atomic
def _finish(report: Report, name: str, digest: str, fingerprint: str) -> bool:
    finished = Report.objects.filter(pk=report.pk, state=Report.State.WAITING).update(
        state=Report.State.READY,
        pdf=name,
        pdf_sha256=digest,
        certificate_sha256=fingerprint,
        finished_at=timezone.now(),
        error="",
    )
    if finished:
        record(None, "report.finish", report, pdf_sha256=digest, certificate_sha256=fingerprint)
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
