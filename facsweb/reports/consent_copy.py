"""A participant's copy of their consent as a sealed PDF, in the language they read it in.

It is made when somebody downloads it and not stored: it says what was read and answered, and what was withdrawn
since, so nothing has to be found and destroyed when the consent's data go.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from facsweb.audit.services import canonical, record
from facsweb.reports import document
from facsweb.studies import access, consent_text, own_page, signatures
from facsweb.studies.models import Consent, ConsentLink
from facsweb.studies.participant_views import by_link, own_address, show
from facsweb.studies.standing import current_consent
from facsweb.studies.words import part, say, words

TEMPLATE: Final = "consent.typ"
#: What the attached content is, so that the page of verification can say so.
KIND: Final = "consent"


def content(consent: Consent, *, address: str = "") -> dict[str, Any]:
    """Everything that the copy says, as plain JSON in one language.

    Parameters
    ----------
    consent : Consent
    address : str
        The participant's own address, where it is known; it is nowhere stored.
    """
    language, said = consent.language, consent_text.as_read(consent)
    short = part(language, "short")
    with translation.override(language):
        withdrawals = [
            {"at": _moment(made.at, language), "what": [short[scope] for scope in made.scopes]}
            for made in consent.withdrawals.all()
        ]
        return {
            "kind": KIND,
            "language": language,
            "words": {key: words(language)[f"paper.{key}"] for key in _WORDS}
            | {"keeping": words(language)["retention.title"]},
            "study": consent.study.name,
            "code": consent.participant.code,
            "title": said["title"],
            "version": say(language, "mine.version", title=said["title"], number=consent.form.version),
            "sha256": said["sha256"],
            "reference": str(consent.pk),
            "facts": _facts(consent, language),
            "answers": [
                [row["question"], words(language)["ask.answered_yes" if row["yes"] else "ask.answered_no"]]
                for row in own_page.answers(consent)
            ],
            "signature": _signature(consent, language),
            "drawn": bool(consent.strokes),
            "withdrawals": withdrawals,
            "address": address,
            "notices": said["notices"],
            "sections": [list(one) for one in consent_text.sections(said["body"])],
            "keeping": said["keeping"],
            "verify": say(language, "paper.verify", address=_site() + reverse("verify")),
            "made": say(language, "paper.made", date=_moment(timezone.now(), language)),
            "seal": words(language)["paper.seal"],
        }


_WORDS: Final = (
    *("title", "lead", "answers", "question", "answer", "signed", "how", "how_words", "address", "withdrawals"),
    *("sum", "read", "page"),
)


def _site() -> str:
    return str(settings.SITE_URL).rstrip("/")


def _moment(value: dt.datetime, language: str) -> str:
    said = words(language)
    return f"{date_format(timezone.localtime(value), said['frame.date'])} {said['frame.utc']}"


def _facts(consent: Consent, language: str) -> list[list[str]]:
    mine = part(language, "mine")
    rows = [
        [mine["study"], consent.study.name],
        [mine["code"], consent.participant.code],
        [mine["given"], _moment(consent.given_at, language)],
    ]
    if consent.notice_at:
        rows.append([mine["notice"], _moment(consent.notice_at, language)])
    return [*rows, [mine["reference"], str(consent.pk)]]


def _signature(consent: Consent, language: str) -> str:
    if consent.strokes:
        return say(language, "paper.by_participant")
    own = consent.method in (Consent.Method.LINK, Consent.Method.ON_SCREEN)
    return say(language, "paper.typed" if own else "paper.elsewhere", name=consent.signature or "–")


def typeset(said: Mapping[str, Any], strokes: signatures.Strokes | None) -> bytes:
    """Set the copy; an unsigned PDF (PDF/A-3a, PDF/UA-1)."""
    files = {document.ATTACHMENT: canonical(said)}
    if strokes:
        files["signature.svg"] = signatures.svg(strokes).encode()
    if said["address"]:
        code = own_page.qr(said["address"])
        size, path = code["size"], code["path"]
        files["address.svg"] = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"><path d="{path}"/></svg>'
        ).encode()
    now = timezone.now().replace(microsecond=0)
    return document.compiled(document.TEMPLATE_FOLDER / TEMPLATE, said, files, at=now)


def sealed(consent: Consent, *, address: str = "") -> bytes:
    """The copy, sealed with the installation's key."""
    from facsweb.reports.signing import seal  # pyHanko takes a second to import

    said = content(consent, address=address)
    return seal(typeset(said, consent.strokes), name=said["study"], reason=said["seal"])[0]


def _attachment(consent: Consent, body: bytes) -> HttpResponse:
    day = f"{consent.given_at:%Y-%m-%d}"
    disposition = content_disposition_header(True, f"consent-{consent.participant.code}-{day}.pdf")
    return HttpResponse(body, headers={"Content-Type": "application/pdf", "Content-Disposition": disposition})


@require_safe
@never_cache
def consent_copy(request: HttpRequest, pk: Any) -> HttpResponse:
    """The copy for a member of the team, without the participant's address, which nobody here knows."""
    consent = access.get(request, Consent, pk, related=["participant__study", "form"])
    body = sealed(consent)
    if request.method == "GET":
        record(request.user, "consent.copy", consent, participant=consent.participant.code)
    return _attachment(consent, body)


@require_safe
@by_link
def own_copy(request: HttpRequest, link: ConsentLink, language: str) -> HttpResponse:
    """The copy for the participant: of the consent that stands, or else of the last one."""
    consent = current_consent(link.participant) or link.participant.consents.first()
    if consent is None or link.kind == ConsentLink.Kind.DEVICE:
        return show(request, link, language, "closed", {"what": "missing"}, status=404)
    body = sealed(consent, address=own_address(link.secret))  # type: ignore[attr-defined]
    if request.method == "GET":
        record(None, "consent.copy", consent, participant=consent.participant.code, by="the participant")
    return _attachment(consent, body)
