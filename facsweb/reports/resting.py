"""Which scopes of consent a report rests on, and what a withdrawal of one of them ends at once.

This is the one place that says it: signing, packing, revoking and the erasure (``facsweb.privacy``) ask here. What
is ended here is destroyed by the erasure afterwards.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.reports import packages, services
from facsweb.reports.models import Document, Package, Report
from facsweb.runs.people_reading import showing
from facsweb.studies.models import Consent, Participant, Scope
from facsweb.studies.services import missing_scopes

#: Scopes by which states and indicators of a person's face are read, on whosever recording.
_READ: Final = frozenset({Scope.EMOTION, Scope.INDICATORS, Scope.AUDIO, Scope.TEXT})
REASON: Final = "The participant withdrew consent on {day:%Y-%m-%d}."


def scopes_used(said: Mapping[str, Any]) -> list[Scope]:
    """Scopes of consent that the frozen content of a report rests on, in the usual order."""
    used = {Scope.VIDEO}
    agreed = set(said.get("consent", {}).get("scopes", ()))
    if meaning := said.get("meaning"):
        used.add(Scope.EMOTION)
        if meaning.get("indicators"):
            used.add(Scope.INDICATORS)
        # States and indicators mix what the face, the voice and the words say; whoever agreed to a channel may be
        # in them by it.
        used |= {scope for scope in (Scope.AUDIO, Scope.TEXT) if {str(scope.label), str(scope)} & agreed}
    if any(said.get(name) for name in ("voice", "sound")):
        used.add(Scope.AUDIO)
    if any(said.get(name) for name in ("words", "text", "transcript")):
        used.add(Scope.TEXT)
    if _quotes(said):
        used |= {Scope.QUOTATION, Scope.TEXT}
    return [scope for scope in Scope if scope in used]


def _quotes(value: Any) -> bool:
    """Whether words of a participant stand anywhere in it, under a key that begins with ``quot``."""
    if isinstance(value, Mapping):
        return any((str(key).startswith("quot") and bool(one)) or _quotes(one) for key, one in value.items())
    if isinstance(value, list | tuple):
        return any(_quotes(one) for one in value)
    return False


def reports(person: Participant, gone: Collection[str], before: dt.datetime | None = None) -> Iterator[Report]:
    """Reports that say something of a person which rests on one of the scopes, in whatever state they are.

    Parameters
    ----------
    person : Participant
    gone : collection of str
        Scopes.
    before : datetime, optional
        What was signed later rests on another consent and is left out.
    """
    lost = {Scope(scope) for scope in gone}
    about = Q(sign_off__layer__run__recording__participant=person)
    if Scope.VIDEO in lost:
        about |= Q(sign_off__layer__run__in=showing(person))
    elif lost & _READ:  # on recordings of others: states of their face, where it was known to be theirs
        about |= Q(sign_off__layer__run__in=showing(person, named=True), sign_off__content__has_key="meaning")
    found = Report.objects.filter(about).select_related("sign_off__layer")
    if before is not None:
        found = found.filter(sign_off__signed_at__lte=before)
    for report in found:
        if lost.intersection(scopes_used(report.sign_off.content)):
            yield report


def packed(person: Participant, gone: Collection[str], before: dt.datetime | None = None) -> Iterator[Package]:
    """Packages and bundles that hold such a report, or will."""
    yield from packages.holding(person.study_id, reports(person, gone, before))


def at_work(person: Participant) -> list[QuerySet[Any]]:
    """Reports, documents and packages that a withdrawal may end (``studies.hooks``)."""
    found = [report.pk for report in reports(person, list(Scope))]
    packed_up = (*Package.ACTIVE, Package.State.SUCCEEDED)
    return [
        Report.objects.filter(pk__in=found),
        Document.objects.filter(report__in=found, state=Document.State.WAITING),
        Package.objects.filter(study=person.study_id, state__in=packed_up) if found else Package.objects.none(),
    ]


def end(actor: User | None, person: Participant, gone: Collection[str], *, reason: str = "") -> None:
    """Revoke every report that rests on one of the scopes, and destroy every package that holds one.

    Called inside the transaction that takes the scopes away, so that both happen or neither.
    """
    for package in list(packed(person, gone)):
        packages.withdraw(package, f"{reason} {packages.AGAIN}" if reason else packages.WITHDRAWN)
    said = reason or REASON.format(day=timezone.now())
    for report in reports(person, gone):
        services.revoke(actor, report, said)


def after_withdrawal(consent: Consent) -> None:
    """End what rests on what a participant does not agree to any more (``studies.hooks``)."""
    person: Participant = consent.participant
    once = {scope for one in person.consents.all() for scope in one.scopes}
    if gone := missing_scopes(person, once):
        made = consent.withdrawals.order_by("at").last()
        end(made.recorded_by if made is not None else None, person, gone)
