"""Cohorts: administrators keep the list, participants state theirs or leave it out. Every change is logged.

The log says that a cohort was stated, changed or removed, and never which: what a participant takes back must not
stay in a record that nobody can change.
"""

from __future__ import annotations

import re
import uuid
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, QuerySet

from facsweb.accounts.models import User
from facsweb.audit.services import changed, record
from facsweb.studies.models import Cohort, Participant

#: How somebody comes to be in one, where it is asked and where it is shown.
WORDS: Final = (
    "Only the participant says which cohort they belong to, or leaves it out. It is never guessed from a face, a "
    "name or an accent, and can be changed or removed at any time."
)
_FIELDS: Final = ("country", "country_name", "language", "name", "description")


def counted() -> QuerySet[Cohort]:
    """All cohorts with how many participants stated them (``stated``) and in how many studies (``in_studies``)."""
    return Cohort.objects.annotate(
        stated=Count("participants", distinct=True), in_studies=Count("participants__study", distinct=True)
    ).order_by("country_name", "name")


def choices(participant: Participant | None = None) -> QuerySet[Cohort]:
    """What a participant may state: active cohorts, and the one they stated before."""
    active = Cohort.objects.filter(active=True)
    if participant is not None and participant.cohort_id:
        active = active | Cohort.objects.filter(pk=participant.cohort_id)
    return active.distinct()


def _checked(cohort: Cohort) -> None:
    if not re.fullmatch("[A-Z]{2}", cohort.country):
        raise ValidationError({"country": "Two letters, as in ISO 3166-1: DE, JP, US."})
    missing = {name: "This is needed." for name in _FIELDS if not getattr(cohort, name)}
    if missing:
        raise ValidationError(missing)
    cohort.full_clean()


def _told(said: dict[str, Any]) -> dict[str, str]:
    told = {name: " ".join(str(said[name]).split()) for name in _FIELDS}
    return told | {"country": told["country"].upper()}


@transaction.atomic
def create_cohort(actor: User, *, id: uuid.UUID | None = None, **said: Any) -> Cohort:
    """Add a cohort of this installation; the same id twice adds one.

    Parameters
    ----------
    actor : User
    id : UUID, optional
        Chosen by the caller, so that a form sent twice makes one.
    **said
        ``country`` (ISO), ``country_name``, ``language``, ``name``, ``description``.

    Raises
    ------
    ValidationError
        Something is missing, or there is one of that name.
    """
    if id is not None and (existing := Cohort.objects.filter(pk=id).first()):
        return existing
    pk = id or uuid.uuid4()
    cohort = Cohort(id=pk, key=f"own-{pk.hex[:12]}", created_by=actor, **_told(said))
    _checked(cohort)
    cohort.save(force_insert=True)
    record(actor, "cohort.create", cohort, name=cohort.name, country=cohort.country, language=cohort.language)
    return cohort


@transaction.atomic
def change_cohort(actor: User, cohort: Cohort, **said: Any) -> Cohort:
    """Change the words of a cohort; nothing is written when nothing differs. Its key stays.

    Raises
    ------
    ValidationError
        As of `create_cohort`.
    """
    cohort = Cohort.objects.select_for_update(no_key=True).get(pk=cohort.pk)
    told = _told(said)
    differing = changed(cohort, told)
    if differing:
        for name, value in told.items():
            setattr(cohort, name, value)
        _checked(cohort)
        cohort.save(update_fields=list(_FIELDS))
        record(actor, "cohort.change", cohort, **differing)
    return cohort


@transaction.atomic
def set_active(actor: User, cohort: Cohort, active: bool) -> None:
    """Let participants state a cohort, or no longer; who stated it before stays in it."""
    if Cohort.objects.filter(pk=cohort.pk).exclude(active=active).update(active=active):
        action = "cohort.activate" if active else "cohort.deactivate"
        record(actor, action, cohort, name=cohort.name, before={"active": not active}, after={"active": active})


@transaction.atomic
def state_cohort(actor: User | None, participant: Participant, cohort: Cohort | None) -> None:
    """Write down what a participant stated; None removes it. Stating the same again changes nothing.

    Raises
    ------
    ValidationError
        The cohort is not active, and not the one they stated before.
    """
    participant = Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
    if participant.cohort_id == (cohort.pk if cohort else None):
        return
    if cohort is not None and not cohort.active:
        raise ValidationError("This cohort is no longer in use. Choose another one, or leave it out.")
    what = "removed" if cohort is None else "changed" if participant.cohort_id else "stated"
    Participant.objects.filter(pk=participant.pk).update(cohort=cohort)
    record(actor, "participant.cohort", participant, code=participant.code, what=what)
