"""What a participant's own pages show of their consents and withdrawals."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from facsweb.studies import consent_text, hooks, links
from facsweb.studies.models import Consent, ConsentLink, Participant, Scope, Withdrawal
from facsweb.studies.standing import consent_in_force
from facsweb.studies.words import part, say


def context(link: ConsentLink, language: str) -> dict[str, Any]:
    """The newest consent with its answers, and everything that happened so far."""
    participant = link.participant
    consents = list(participant.consents.select_related("form__study").prefetch_related("withdrawals"))
    current = consent_in_force(consents)
    shown = current or (consents[0] if consents else None)
    context: dict[str, Any] = {
        "participant": participant,
        "consent": shown,
        "current": current,
        "declined": link.answered_at if link.answered_at and link.consent_id is None else None,
        "just_answered": link.answered_at if current is not None and link.consent_id == current.pk else None,
        "may_answer": links.may_answer(link),
        "nothing_yet": not consents and link.answered_at is None,
        "history": history(consents, language),
        **destruction(participant, language),
    }
    if shown is not None:
        said = consent_text.as_read(shown)
        context |= {"answers": answers(shown), "said": said, "sections": consent_text.sections(said["body"])}
        context["standing"] = shown.granted if shown == current else []
    return context


def destruction(participant: Participant, language: str) -> dict[str, Any]:
    """How far the destruction of what was withdrawn is, and every certificate that there is to fetch."""
    said = next((found for hook in hooks.destruction if (found := hook(participant)) is not None), None)
    state, at = said or ("", None)
    words = f"destruction.{state}" if state else ""
    certificates = [
        {"id": pk, "at": checked, "scopes": [name for _, name in named(scopes, language)]}
        for hook in hooks.certificates
        for pk, checked, scopes in hook(participant)
    ]
    return {"destruction": words, "destroyed_at": at, "certificates": certificates}


def answers(consent: Consent) -> list[dict[str, Any]]:
    """Every question as it was read, its answer, and when that was taken back."""
    back = {scope: one.at for one in consent.withdrawals.all() for scope in one.scopes}
    return [
        {"scope": scope, "question": question, "yes": scope in consent.scopes, "withdrawn_at": back.get(scope)}
        for scope, question, _ in consent_text.as_read(consent)["questions"]
    ]


def history(consents: Iterable[Consent], language: str) -> list[dict[str, Any]]:
    """Consents and withdrawals of a participant in the order of time."""
    short = part(language, "short")
    rows: list[dict[str, Any]] = []
    for consent in consents:
        number = len(consent_text.as_read(consent)["questions"])
        rows.append({"at": consent.given_at, "what": say(language, "mine.gave", number=number), "scopes": []})
        for made in consent.withdrawals.all():
            scopes = [short[scope] for scope in made.scopes]
            rows.append({"at": made.at, "what": say(language, "mine.took_back"), "scopes": scopes})
    return sorted(rows, key=lambda row: row["at"])


def named(scopes: Iterable[str], language: str) -> list[tuple[str, str]]:
    """Scopes with what they are called, in their usual order."""
    short, wanted = part(language, "short"), set(scopes)
    return [(str(scope), short[scope]) for scope in Scope if scope in wanted]


def effects(scopes: Iterable[str], language: str) -> dict[str, Any]:
    """What goes, by name, and what that stops and destroys, a sentence each."""
    gone = named(scopes, language)
    going = {scope for scope, _ in gone}
    said = [_effect(scope, going, language) for scope, _ in gone]
    others = [say(language, "withdraw.others")] if Scope.VIDEO in going else []
    return {"gone": gone, "effects": [*filter(None, said), *others]}


def _effect(scope: str, going: Collection[str], language: str) -> str:
    """What taking a scope back does; with the recordings goes their sound, and with the texts all that is kept."""
    if scope == Scope.AUDIO and Scope.VIDEO in going:
        return say(language, "withdraw.sound_too")
    if scope == Scope.RETENTION and Scope.VIDEO in going:
        return "" if Scope.TEXT in going else say(language, "withdraw.rest")
    return say(language, f"stops.{scope}")


def withdrawal(link: ConsentLink, pk: UUID) -> Withdrawal | None:
    """A withdrawal of this participant's."""
    return Withdrawal.objects.filter(pk=pk, consent__participant=link.participant_id).first()


def qr(text: str) -> dict[str, Any]:
    """A QR code as one vector path: its width in modules with the quiet edge of four, and the path."""
    import qrcode

    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return {"size": len(rows), "path": path}
