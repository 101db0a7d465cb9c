"""What a participant opens by their own link."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from facsweb.audit.services import record
from facsweb.privacy import certificates
from facsweb.studies.models import ConsentLink
from facsweb.studies.participant_views import by_link


@require_safe
@by_link
def certificate(request: HttpRequest, link: ConsentLink, language: str, pk: UUID) -> HttpResponse:
    """One of the participant's destruction certificates; their own page where there is none (yet) of that id."""
    found = certificates.of_participant(link.participant).filter(pk=pk).first()
    if found is None or link.kind == ConsentLink.Kind.DEVICE:
        return redirect("consent:start", link.secret)  # type: ignore[attr-defined]
    if request.method == "GET":
        record(None, "erasure.certificate", found, by="the participant")
    disposition = content_disposition_header(True, certificates.filename(found))
    headers = {"Content-Type": "application/pdf", "Content-Disposition": disposition}
    return HttpResponse(certificates.read(found), headers=headers)
