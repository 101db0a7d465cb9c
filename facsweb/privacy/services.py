"""What people do: have data destroyed, hold it back, take a copy of it; and what a withdrawal sets in motion."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.audit.services import record
from facsweb.privacy import attempts, closure, destroying, reach
from facsweb.privacy.models import Copy, Erasure, Hold
from facsweb.reports import resting
from facsweb.studies import law
from facsweb.studies.models import Consent, Participant, Scope, Study
from facsweb.studies.services import current_consent, missing_scopes
from facsweb.studies.withdrawing import lock_work, withdraw

State, Why = Erasure.State, Erasure.Why
JUST_NOW: Final = timedelta(minutes=1)  # a withdrawal is written in the transaction that tells of it
BY_LAW: Final = "The law of the study’s place does not allow any more what it reports."


class Refused(Exception):  # noqa: N818 (a state that people are told about)
    """Nothing was changed; the text is a sentence for a person."""


# --- withdrawal ------------------------------------------------------------------------------------------------


def after_withdrawal(consent: Consent) -> None:
    """Have destroyed what rests on what a participant does not agree to any more (``studies.hooks``).

    Called first inside the transaction of the withdrawal. What other apps delete or end at once is noted here; the
    rest is done by a worker, which begins as soon as the withdrawal is committed.
    """
    person = Participant.objects.select_related("study").get(pk=consent.participant_id)
    gone = lost_scopes(person)
    if not gone:
        return
    made = consent.withdrawals.order_by("at").last()
    fresh = made is not None and timezone.now() - made.at < JUST_NOW and not made.erasures.exists()
    with transaction.atomic():
        erasure = Erasure.objects.create(
            study=person.study,
            participant=person,
            why=Why.WITHDRAWAL if fresh else Why.NARROWED,
            withdrawal=made if fresh else None,
            scopes=[str(scope) for scope in gone],
            created_by=made.recorded_by if made is not None and fresh else None,
        )
        _begin(erasure)


def after_law_change(study: Study) -> None:
    """Have destroyed what was computed and may not be shown any more (``studies.hooks.on_law_change``).

    Called first inside the transaction of the change, as `after_withdrawal` is.
    """
    gone = [scope for scope in Scope if scope not in law.scopes_of(study)]
    if not gone:
        return
    for person in Participant.objects.filter(study=study).select_related("study"):
        now = timezone.now()
        if next(reach.roots(person, gone, now), None) is not None:
            scopes = [str(scope) for scope in gone]
            _begin(Erasure.objects.create(study=study, participant=person, why=Why.LAW, scopes=scopes, before=now))
            resting.end(None, person, scopes, reason=BY_LAW)


def lost_scopes(person: Participant) -> list[Scope]:
    """What a participant agreed to once and does not agree to now, in the usual order."""
    once = {scope for consent in person.consents.all() for scope in consent.scopes}
    return missing_scopes(person, once)


def _begin(erasure: Erasure) -> None:
    """Note what others delete or end at once, and let a worker do the rest after the commit."""
    person, scopes = erasure.participant, [Scope(scope) for scope in erasure.scopes]
    if person is not None:
        for row in reach.fleeting(person, scopes, erasure.before):
            for trace in closure.traces(row):
                destroying.note(erasure, trace)
    record(erasure.created_by, "erasure.begin", erasure, why=erasure.why, scopes=erasure.scopes)
    if not is_held(person):
        attempts.FENCE.enqueue(erasure.pk, erasure.attempt)


# --- on request ------------------------------------------------------------------------------------------------


@transaction.atomic
def erase_everything(actor: User, person: Participant, *, reason: str, id: UUID | None = None) -> Erasure:
    """Destroy everything about a participant, as they asked; their consent ends with it.

    Parameters
    ----------
    actor : User
        An administrator; access was checked by the caller.
    person : Participant
    reason : str
        Kept with the erasure; how the request came, not who the person is.
    id : UUID, optional
        Chosen by the caller, so that a form sent twice asks once.

    Raises
    ------
    Refused
        No reason was given, or the participant's data are on hold.
    """
    if not reason.strip():
        raise Refused("Give a reason, such as how the request came in.")
    people = Participant.objects.select_for_update(of=("self",), no_key=True)
    person = people.select_related("study").get(pk=person.pk)
    lock_work([person])
    if id is not None and (existing := Erasure.objects.filter(pk=id, participant=person).first()):
        return existing
    if is_held(person):
        raise Refused(
            "The data of this participant are on hold, so nothing may be destroyed. Lift the hold first; nothing "
            "was changed."
        )
    erasure = Erasure.objects.create(
        **({"id": id} if id else {}),
        study=person.study,
        participant=person,
        why=Why.REQUEST,
        scopes=[str(scope) for scope in Scope],
        reason=reason.strip(),
        created_by=actor,
    )
    _begin(erasure)
    resting.end(actor, person, erasure.scopes)
    if (consent := current_consent(person)) is not None:
        withdraw(actor, consent, reason="The participant asked for the erasure of everything.")
    return erasure


def retry(actor: User, erasure: Erasure) -> bool:
    """Go on with an erasure that failed, now; False where it had not."""
    with transaction.atomic():
        failed = Erasure.objects.filter(pk=erasure.pk, state=State.FAILED, attempt=erasure.attempt)
        if not attempts.FENCE.requeue(failed, erasure.attempt, finished_at=None, crashes=0, error=""):
            return False
        record(actor, "erasure.retry", erasure)
        attempts.FENCE.enqueue(erasure.pk, erasure.attempt + 1)
    return True


# --- holding back ----------------------------------------------------------------------------------------------


def is_held(person: Participant | None) -> bool:
    """Whether nothing of a participant may be destroyed for now."""
    return person is not None and Hold.objects.filter(participant=person, lifted_at=None).exists()


@transaction.atomic
def hold(actor: User, person: Participant, *, reason: str) -> Hold:
    """Destroy nothing of a participant until the hold is lifted; holding twice is once.

    Raises
    ------
    Refused
        No reason was given.
    """
    if not reason.strip():
        raise Refused("Give the reason, such as the claim for which the data are needed.")
    existing = Hold.objects.filter(participant=person, lifted_at=None).first()
    if existing is not None:
        return existing
    try:
        with transaction.atomic():
            made = Hold.objects.create(participant=person, reason=reason.strip(), by=actor)
    except IntegrityError:  # somebody was faster
        return Hold.objects.get(participant=person, lifted_at=None)
    for erasure in Erasure.objects.filter(participant=person, state=State.RUNNING):
        # Its worker loses it here and now, and it waits for the lifting.
        running = Erasure.objects.filter(pk=erasure.pk, state=State.RUNNING, attempt=erasure.attempt)
        attempts.FENCE.requeue(running, erasure.attempt)
    record(actor, "hold.begin", made, participant=person.code)
    return made


@transaction.atomic
def lift(actor: User, person: Participant, *, reason: str) -> bool:
    """Lift the hold: what waited is destroyed now; False where there is none.

    Raises
    ------
    Refused
        No reason was given.
    """
    if not reason.strip():
        raise Refused("Give the reason why the data need not be held any longer.")
    standing = Hold.objects.filter(participant=person, lifted_at=None).first()
    if standing is None or not Hold.objects.filter(pk=standing.pk, lifted_at=None).update(
        lifted_at=timezone.now(), lifted_by=actor, lifted_reason=reason.strip()
    ):
        return False
    record(actor, "hold.lift", standing, participant=person.code)
    for erasure in Erasure.objects.filter(participant=person, state=State.QUEUED):
        attempts.FENCE.enqueue(erasure.pk, erasure.attempt)
    return True


# --- copies ----------------------------------------------------------------------------------------------------


@transaction.atomic
def ask_for_copy(actor: User, person: Participant) -> Copy:
    """Have a copy of everything made; the one under way when there is one."""
    active = Copy.objects.filter(participant=person, state__in=Copy.ACTIVE).first()
    if active is not None:
        return active
    try:
        with transaction.atomic():
            made = Copy.objects.create(participant=person, created_by=actor)
    except IntegrityError:  # a double click
        return Copy.objects.get(participant=person, state__in=Copy.ACTIVE)
    record(actor, "copy.ask", made, participant=person.code)
    attempts.COPY_FENCE.enqueue(made.pk, made.attempt)
    return made
