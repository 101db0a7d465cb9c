"""A participant takes back what they agreed to: everything, or some of it."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.audit.personal import mark
from facsweb.audit.services import record
from facsweb.studies import hooks
from facsweb.studies.models import Consent, Participant, Scope, Withdrawal
from facsweb.studies.standing import current_consent


def lock_work(participants: Iterable[Participant]) -> None:
    """Let whoever is at work on something of the participants end first; before anything goes into the log.

    Inside the transaction that changes it afterwards, and after the participant's row or the study's.
    """
    if not connection.features.has_select_for_update:
        return  # writers wait for each other anyway
    for participant in participants:
        for hook in hooks.at_work:
            for rows in hook(participant):
                list(rows.select_for_update(of=("self",), no_key=True).order_by("pk").only("pk"))


@transaction.atomic
def withdraw(
    actor: User | None, consent: Consent, *, scopes: Iterable[str] | None = None, reason: str = ""
) -> Withdrawal | None:
    """Take back a consent whole or by scope; taking back what is gone changes nothing.

    A whole withdrawal ends everything the participant agreed to before, too. Scopes are taken from the consent in
    force, also when an earlier one is named. What rests on the scopes that are
    gone stops and goes by ``hooks.on_withdrawal``, inside this transaction.

    Parameters
    ----------
    actor : User or None
        Who recorded it; None where the participant did it by their own link.
    consent : Consent
    scopes : iterable of str, optional
        What is taken back; everything when not given. Scopes that do not stand are passed over.
    reason : str
        May be empty only where the participant did it themselves: nobody has to explain a withdrawal.

    Returns
    -------
    Withdrawal or None
        None where nothing of it stood any more.

    Raises
    ------
    ValidationError
        A member of the team gave no reason ("not stated" is one).
    """
    reason = reason.strip()
    if actor is not None and not reason:
        raise ValidationError("Give a reason; “not stated” is enough.")
    # The participant's row is the lock for "which consent is in force".
    Participant.objects.select_for_update(no_key=True).get(pk=consent.participant_id)
    consent.refresh_from_db()
    in_force = current_consent(consent.participant)
    if scopes is not None and in_force is not None and in_force != consent:
        consent = in_force  # one that was replaced grants nothing: meant is what stands
    standing = consent.granted
    wanted = set(standing) if scopes is None else {str(Scope(scope)) for scope in scopes}
    gone = [scope for scope in standing if scope in wanted]
    whole = consent.withdrawn_at is None and (scopes is None or gone == standing)
    if not gone and not whole:
        return None
    lock_work([consent.participant])
    now = timezone.now()
    made = Withdrawal.objects.create(consent=consent, scopes=gone, at=now, recorded_by=actor, reason=reason)
    consent.withdrawn_scopes = [*consent.withdrawn_scopes, *gone]
    if whole:
        consent.withdrawn_at, consent.withdrawn_by, consent.withdrawal_reason = now, actor, reason
    consent.save(update_fields=["withdrawn_scopes", "withdrawn_at", "withdrawn_by", "withdrawal_reason"])
    record(
        actor,
        "consent.withdraw" if whole else "consent.narrow",
        consent,
        participant=consent.participant.code,
        scopes=gone,
        by="a member of the team" if actor else "the participant",
        reason=mark(reason),
    )
    for hook in hooks.on_withdrawal:
        hook(consent)
    return made
