"""What verification says of sealed documents that are no reports any more, or never were (``reports.hooks``)."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from facsweb.privacy.models import Erasure, Tombstone
from facsweb.reports.hooks import Known

REPORT, SIGN_OFF, DOCUMENT = "reports.report", "reports.signoff", "reports.document"


def known(content_sha256: str, file_sha256: str) -> Known | None:
    """A destroyed report is revoked, with every document of it; a destruction certificate is genuine."""
    content, file = {"hashes__content_sha256": content_sha256}, {"hashes__pdf_sha256": file_sha256}
    gone = Tombstone.objects.filter(
        (Q(kind=SIGN_OFF) & Q(**content)) | Q(kind__in=(REPORT, DOCUMENT), **file)
    ).first()
    if gone is not None:
        return Known(
            "bad",
            "This report was revoked.",
            (
                "It is genuine and unchanged, but what it rests on may not be kept any more: its data were "
                f"destroyed on {gone.destroyed_at or gone.noted_at:%d %B %Y}, and it is no longer valid. Do not "
                "rely on it; destroy your copy.",
            ),
        )
    erasure = Erasure.objects.exclude(content_sha256="").filter(content_sha256=content_sha256).first()
    if erasure is None:
        return None
    if erasure.certificate_sha256 != file_sha256:
        return Known(
            "bad",
            "This file is not the one that was issued.",
            ("What was signed is intact, but bytes around the signature differ. Ask for the original file.",),
        )
    return Known(
        "good",
        "Genuine and unchanged.",
        ("It is a destruction certificate of this installation, and every byte is as it was issued here.",),
    )


def sealed_here(fingerprint: str) -> bool:
    """Whether a certificate sealed a report that is destroyed now."""
    return Tombstone.objects.filter(kind__in=(REPORT, DOCUMENT), hashes__certificate_sha256=fingerprint).exists()


def destroyed(pk: UUID) -> Tombstone | None:
    """The tombstone of a report by its id; None while it is not destroyed."""
    found = Tombstone.objects.filter(kind=REPORT, object_id=str(pk), destroyed_at__isnull=False)
    return found.select_related("erasure__study").first()


def printed(pk: UUID, code: str) -> Tombstone | None:
    """The trace of a destroyed report that a printed code names: its id, and how its content's hash began."""
    found = destroyed(pk)
    if found is None:
        return None
    contents = found.erasure.tombstones.filter(kind=SIGN_OFF, hashes__content_sha256__startswith=code)
    return found if contents.exists() else None
