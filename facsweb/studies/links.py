"""Addresses of participants: made, found, revoked, and answered once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.audit.services import record
from facsweb.studies import cohorts, consent_text, services, withdrawing
from facsweb.studies.models import Cohort, Consent, ConsentForm, ConsentLink, NoticeShown, Participant
from facsweb.studies.standing import current_consent

Kind = ConsentLink.Kind
#: Time to answer, days: long enough for a letter (a choice of ours), and an hour on a device that is handed over.
DAYS: Final = 14
MOST_DAYS: Final = 90
ON_DEVICE: Final = timedelta(hours=1)
#: Random bytes of an address: nobody guesses 256 bits.
SECRET_BYTES: Final = 32


class Closed(Exception):  # noqa: N818 (a state that people are told about)
    """The questions of this link can no longer be answered: done already, expired or revoked."""


def digest(secret: str) -> str:
    """What is stored of an address's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def make(
    actor: User | None,
    participant: Participant,
    *,
    kind: str = Kind.OWN,
    days: int = DAYS,
    language: str = "",
    id: UUID | None = None,
) -> tuple[ConsentLink, str]:
    """Make a link; its secret is returned this once and cannot be read again.

    Parameters
    ----------
    actor : User or None
        The member who makes it; None where the participant gets their own after answering on a device.
    participant : Participant
    kind : str
        ``own`` lasts for copy and withdrawal; ``device`` ends with the answers and after an hour.
    days : int
        Until when the questions may be answered, 1–`MOST_DAYS`.
    language : str
        As chosen, where that is known.
    id : UUID, optional
        Chosen by the caller, so that a form sent twice makes one link; the second time the secret is empty.

    Raises
    ------
    ValidationError
        The study has no consent form, or the days are out of range.
    """
    Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)  # two clicks at once make one
    if id is not None and (existing := ConsentLink.objects.filter(pk=id, participant=participant).first()):
        return existing, ""
    if not 1 <= days <= MOST_DAYS:
        raise ValidationError(f"Choose 1 to {MOST_DAYS} days.")
    if services.current_form(participant.study) is None:
        raise ValidationError("This study has no consent form yet. An administrator of the study writes it first.")
    secret = secrets.token_urlsafe(SECRET_BYTES)
    until = timezone.now() + (ON_DEVICE if kind == Kind.DEVICE else timedelta(days=days))
    link = ConsentLink.objects.create(
        **({"id": id} if id else {}),
        participant=participant,
        kind=kind,
        secret_sha256=digest(secret),
        language=language,
        created_by=actor,
        expires_at=until,
    )
    record(actor, "consent_link.create", link, participant=participant.code, kind=str(kind), expires_at=until)
    return link, secret


def find(secret: str) -> ConsentLink | None:
    """The link of an address; None where there is none, or it was revoked."""
    found = ConsentLink.objects.select_related("participant__study", "participant__cohort", "consent__form")
    return found.filter(secret_sha256=digest(secret), revoked_at=None).first()


@transaction.atomic
def revoke(actor: User, link: ConsentLink) -> bool:
    """Make an address invalid; False where it was already. What was answered stays."""
    now = timezone.now()
    if not ConsentLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=now, revoked_by=actor):
        return False
    record(actor, "consent_link.revoke", link, participant=link.participant.code)
    return True


def may_answer(link: ConsentLink) -> bool:
    """Whether the questions can still be answered through it."""
    return link.answered_at is None and link.revoked_at is None and link.expires_at > timezone.now()


def choose_language(link: ConsentLink, language: str) -> None:
    """Keep what the participant chose on the first screen."""
    ConsentLink.objects.filter(pk=link.pk).update(language=language)
    link.language = language


@transaction.atomic
def show_notice(link: ConsentLink, form: ConsentForm, language: str) -> NoticeShown:
    """Write down that the participant was shown the notice through this link; once a version and language."""
    shown = NoticeShown.objects.filter(
        participant=link.participant, form=form, language=language, shown_at__gte=link.created_at
    ).last()
    return shown or write_notice(None, link.participant, form, language=language, at=timezone.now())


@transaction.atomic
def write_notice(
    actor: User | None, participant: Participant, form: ConsentForm, *, language: str, at: datetime
) -> NoticeShown:
    """Write down when a participant was shown the notice; by whom, where a member copies it from paper."""
    texts = consent_text.said(form, language)["notices"]
    shown = NoticeShown.objects.create(
        participant=participant, form=form, language=language, shown_at=at, texts=texts
    )
    rules = [text["rule"] for text in texts]
    record(actor, "notice.show", shown, participant=participant.code, rules=rules, language=language, at=at)
    return shown


def notice_time(link: ConsentLink, form: ConsentForm) -> datetime | None:
    """When the notice of this version was first shown through the link; None where it was not."""
    shown = link.participant.notices.filter(form=form, shown_at__gte=link.created_at).first()
    return shown.shown_at if shown else None


@transaction.atomic
def answer(
    link: ConsentLink,
    form: ConsentForm,
    *,
    language: str,
    scopes: Iterable[str],
    signature: str,
    strokes: Sequence[Sequence[Sequence[int]]] | None,
    cohort: Cohort | None = None,
    states_cohort: bool = False,
) -> Consent | None:
    """Record a participant's own answers, once a link.

    Returns
    -------
    Consent or None
        None where they agreed to nothing; a consent that stood before is withdrawn with that.

    Raises
    ------
    Closed
        The link was answered meanwhile, has expired or was revoked. Nothing is written.
    ValidationError
        The answers do not fit the form, or nobody was shown the notice.
    """
    now = timezone.now()
    mine = ConsentLink.objects.filter(pk=link.pk, answered_at=None, revoked_at=None, expires_at__gt=now)
    if not mine.update(answered_at=now, language=language):
        raise Closed
    notice_at = notice_time(link, form)
    if notice_at is None:
        raise ValidationError("The notice has not been shown yet.")
    granted = list(scopes)
    if not granted:
        former = current_consent(link.participant)
        record(None, "consent.decline", link, participant=link.participant.code, form_version=form.version)
        if former is not None:
            withdrawing.withdraw(None, former, reason="")
        return None
    on_device = link.kind == Kind.DEVICE
    consent = services.record_consent(
        None,
        link.participant,
        form,
        scopes=granted,
        method=Consent.Method.ON_SCREEN if on_device else Consent.Method.LINK,
        signature=signature,
        strokes=[[list(point) for point in stroke] for stroke in strokes] if strokes else None,
        language=language,
        notice_at=notice_at,
    )
    ConsentLink.objects.filter(pk=link.pk).update(consent=consent)
    if states_cohort:
        cohorts.state_cohort(None, link.participant, cohort)
    return consent


def own_after_device(link: ConsentLink) -> str:
    """The secret of a lasting link for who has just answered on a device; made once, empty the second time."""
    with transaction.atomic():
        locked = Participant.objects.select_for_update(no_key=True).get(pk=link.participant_id)
        if ConsentLink.objects.filter(
            participant=locked, kind=Kind.OWN, created_by=None, created_at__gte=link.created_at
        ).exists():
            return ""
        made, secret = make(None, locked, language=link.language, days=1)
        # It is for the copy and for withdrawing: the questions have been answered.
        ConsentLink.objects.filter(pk=made.pk).update(answered_at=link.answered_at, consent=link.consent)
        return secret
