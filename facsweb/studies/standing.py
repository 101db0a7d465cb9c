"""What stands of a participant's consents at this moment, and what the law lets be done with it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from facsweb.studies import law
from facsweb.studies.models import Consent, Participant, Scope, Withdrawal


class ConsentMissing(Exception):  # noqa: N818 (a state that people are told about)
    """No current consent covers what somebody is about to do; its text is a sentence for a person."""


def in_order(values: Iterable[str]) -> list[Scope]:
    """The scopes among ``values``, once each, in their usual order."""
    chosen = {Scope(value) for value in values}
    return [scope for scope in Scope if scope in chosen]


def consent_in_force(consents: Iterable[Consent]) -> Consent | None:
    """The consent that counts among all of one participant's, or None.

    It is the last one given, unless a withdrawal came after it: a withdrawal ends everything agreed to before,
    also a paper form of an earlier date that is typed in later.
    """
    known = list(consents)
    last_withdrawal = max((c.withdrawn_at for c in known if c.withdrawn_at), default=None)
    standing = [
        c for c in known if c.withdrawn_at is None and (last_withdrawal is None or c.given_at > last_withdrawal)
    ]
    return max(standing, key=lambda c: (c.given_at, c.recorded_at), default=None)


def current_consent(participant: Participant) -> Consent | None:
    """The consent that is in force for a participant now, or None; uses prefetched consents when there are."""
    return consent_in_force(participant.consents.all())


def taken_back_since(participant: Participant, moment: datetime) -> set[str]:
    """Scopes that a participant withdrew at a moment or after it, of whichever consent."""
    since = Withdrawal.objects.filter(consent__participant=participant, at__gte=moment)
    return {scope for made in since for scope in made.scopes}


def missing_scopes(participant: Participant, needed: Iterable[str]) -> list[Scope]:
    """Those of the needed scopes that no current consent covers or the law prohibits, in their usual order."""
    consent = current_consent(participant)
    granted = set(consent.granted) if consent else set()
    granted &= set(law.scopes_of(participant.study))
    return [scope for scope in in_order(needed) if str(scope) not in granted]


def require_consent(participant: Participant, needed: Iterable[str]) -> None:
    """Raise ConsentMissing, with a sentence for a person, unless a current consent covers every needed scope."""
    missing = missing_scopes(participant, needed)
    if not missing:
        return
    words = "; ".join(scope.phrase for scope in missing)
    if current_consent(participant):
        raise ConsentMissing(
            f"The consent of {participant.code} does not cover: {words}. Ask for a new consent first."
        )
    if participant.consents.exists():
        raise ConsentMissing(f"{participant.code} withdrew consent, so nothing more may be recorded or analysed.")
    raise ConsentMissing(f"{participant.code} has not given consent yet. Record a consent that covers: {words}.")


def require_consent_now(participant: Participant, needed: Iterable[str]) -> None:
    """Ask again, inside the transaction that writes what rests on it; raises as `require_consent` does.

    The participant's row is the lock: a withdrawal comes before, and is seen here, or after, and finds what was
    written.
    """
    rows = Participant.objects.select_for_update(of=("self",), no_key=True)
    require_consent(rows.select_related("study").get(pk=participant.pk), needed)
