"""The destruction certificate: a signed PDF that says what was destroyed, and nothing of what it said."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

import facsweb
from facsweb.audit.services import canonical
from facsweb.privacy import wording
from facsweb.privacy.models import Erasure
from facsweb.reports import document
from facsweb.storage import shelf
from facsweb.storage.hosts import Settled
from facsweb.studies import law
from facsweb.studies.models import Participant

TEMPLATE_FOLDER: Final = Path(__file__).parent / "typst"
TEMPLATE: Final = "certificate.typ"
REASON: Final = "Destruction of data"
CHECKED: Final = (
    "After the destruction every row and every file that this certificate lists was looked for again. "
    "None was found."
)
STAYS: Final = (
    "What stays is the record that consent was given and withdrawn, the log of what was done, and the hashes "
    "below. From a hash nothing of what it was taken of can be found out; it only shows whether a copy that "
    "somebody holds is the same. Backups that the operator made before the destruction are not covered: they "
    "go when they expire."
)


def make(erasure: Erasure, settled: Settled | None = None) -> tuple[bytes, dict[str, Any]]:
    """Set and seal the certificate of an erasure that was checked, on so many servers where they share a bucket.

    Returns
    -------
    tuple of bytes and dict
        The signed PDF, and the fields of the erasure that name it.
    """
    from facsweb.reports import signing  # pyHanko takes a second to import; no process waits for it at its start

    said = content(erasure, settled)
    raw = canonical(said)
    digest = hashlib.sha256(raw).hexdigest()
    pdf, _ = signing.seal(_typeset(said, raw, digest), name=said["installation"], reason=REASON)
    return pdf, {"content_sha256": digest, "certificate_sha256": hashlib.sha256(pdf).hexdigest()}


def content(erasure: Erasure, settled: Settled | None = None) -> dict[str, Any]:
    """Everything that the certificate says, as plain values: no words, names or pictures of anybody."""
    tombstones = list(erasure.tombstones.all())
    person = erasure.participant
    withdrawal = erasure.withdrawal
    return {
        "schema": 1,
        "kind": "destruction certificate",
        "id": str(erasure.pk),
        "installation": f"facsweb {facsweb.__version__}, {settings.SITE_URL}",
        "verify_at": settings.SITE_URL.rstrip("/") + reverse("verify"),
        "study": erasure.study.name,
        "participant": person.code if person is not None else "",
        "why": str(erasure.get_why_display()),
        "rule": f"{law.days_kept(erasure.study)} days" if erasure.why == Erasure.Why.RETENTION else "",
        "withdrawal": {"id": str(withdrawal.pk), "at": _iso(withdrawal.at)} if withdrawal is not None else None,
        "scopes": wording.scopes_of(erasure),
        "asked_at": _iso(erasure.created_at),
        "destroyed_at": _iso(max((one.destroyed_at for one in tombstones if one.destroyed_at), default=None)),
        "checked_at": _iso(timezone.now()),
        "checked": f"{CHECKED} {settled.sentence()}" if settled and shelf.is_shared() else CHECKED,
        "stays": STAYS,
        "counts": [{"name": name, "rows": rows} for name, rows in wording.counts(tombstones)],
        "objects": [
            {
                "name": wording.name_of(one.kind),
                "id": one.object_id,
                "rows": one.rows,
                "sha256": one.sha256,
                "hashes": one.hashes,
            }
            for one in tombstones
        ],
    }


def _iso(moment: dt.datetime | None) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds") if moment else ""


def _typeset(said: dict[str, Any], raw: bytes, digest: str) -> bytes:
    files, at = {document.ATTACHMENT: raw}, dt.datetime.fromisoformat(said["checked_at"])
    return document.compiled(TEMPLATE_FOLDER / TEMPLATE, said, files, about={"sha256": digest}, at=at)


def of_participant(participant: Participant) -> QuerySet[Erasure]:
    """Every erasure of a participant that has a certificate, the newest first."""
    return Erasure.objects.filter(participant=participant).exclude(certificate="").order_by("-finished_at")


def listed(participant: Participant) -> list[tuple[UUID, dt.datetime, list[str]]]:
    """What a participant's own page says of their certificates (``studies.hooks``)."""
    return [(one.pk, one.checked_at or one.created_at, one.scopes) for one in of_participant(participant)]


def read(erasure: Erasure) -> bytes:
    """The certificate's file.

    Raises
    ------
    FileNotFoundError
        There is none.
    """
    if not erasure.certificate:
        raise FileNotFoundError(f"Erasure {erasure.pk} has no certificate.")
    with erasure.certificate.open("rb") as file:
        return bytes(file.read())


def filename(erasure: Erasure) -> str:
    """A name such as ``P-001_2026-11-22_destruction-certificate.pdf``."""
    person = erasure.participant.code if erasure.participant is not None else "participant"
    day = timezone.localdate(erasure.finished_at or erasure.created_at).isoformat()
    return f"{person}_{day}_destruction-certificate.pdf"
