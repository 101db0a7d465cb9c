"""What an erasure on request takes beside the data: name and signature, reasons, what they said of themselves.

The consents themselves stay without the name (GDPR Art. 7(1) and 17(3)(e): the study has to be able to show that
what it did was agreed to), and so do the code of the participant and the tombstones.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.db import models, transaction
from django.db.models import Q

from facsweb.audit.services import record
from facsweb.privacy import closure
from facsweb.privacy.closure import Trace
from facsweb.privacy.models import Erasure
from facsweb.storage import shelf
from facsweb.studies.models import Consent, Participant, Withdrawal

#: Rows of a participant that stay, by model: emptied, or without anything of the person in them. The notice that
#: was shown is among them: with the words of the consent, the study's, it proves that the person was told.
#: Links go: they end, and nothing is left of their secret and of the language that was chosen on them.
KEPT: Final = frozenset(
    {
        *("studies.consent", "studies.withdrawal", "studies.noticeshown"),
        *("privacy.hold", "privacy.notice"),
    }
)
#: Fields of a consent or a withdrawal that stay: what was agreed to, when, by which words, and how.
FACTS: Final = frozenset({"method", "language", "sha256", "withdrawn_scopes", "scopes"})


#: Fields that say when a row was made, the first that it has.
_MADE: Final = ("created_at", "recorded_at", "shown_at", "at")


def destroy(
    erasure: Erasure,
    note: Callable[[Erasure, Trace], None],
    one: Callable[[Erasure, models.Model], bool],
) -> None:
    """Destroy every row that hangs on the participant, and empty those that stay as proof."""
    person = erasure.participant
    assert person is not None
    for relation in closure.relations(Participant):
        if closure.label(relation.related_model) not in KEPT:
            for row in relation.related_model._base_manager.filter(**{relation.field.name: person}):
                if _was_there(row, erasure.before):
                    one(erasure, row)
    consents = list(Consent.objects.filter(participant=person, recorded_at__lte=erasure.before))
    for row in [*consents, *Withdrawal.objects.filter(consent__in=consents)]:
        _empty(erasure, note, row)
    for consent in consents:
        for relation in closure.relations(Consent):
            if closure.label(relation.related_model) not in KEPT:
                for row in relation.related_model._base_manager.filter(**{relation.field.name: consent}):
                    one(erasure, row)
    if not Consent.objects.filter(participant=person, recorded_at__gt=erasure.before).exists():
        Participant.objects.filter(pk=person.pk).update(cohort=None)


def _was_there(row: models.Model, before: datetime) -> bool:
    """Whether a row is from before an erasure was asked for; one that does not say when it was made counts so."""
    made = next((at for name in _MADE if (at := getattr(row, name, None)) is not None), None)
    return made is None or made <= before


def _empty(erasure: Erasure, note: Callable[[Erasure, Trace], None], row: Any) -> None:
    """Empty the words, a drawn signature and the files of a row that stays."""
    words: dict[str, Any] = {
        field.attname: ""
        for field in row._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField | models.FileField)
        and not field.choices
        and not field.primary_key
        and field.name not in FACTS
        and not field.name.endswith("sha256")
        and field.value_from_object(row)
    }
    if getattr(row, "strokes", None):  # a drawn signature
        words["strokes"] = None
    if not words:
        return
    trace = closure.of_row(row)
    trace.kind = f"{trace.kind}:words"
    with transaction.atomic():
        note(erasure, trace)
        type(row).objects.filter(pk=row.pk).update(**words)
        record(None, "erasure.destroy", erasure, kind=trace.kind, object=str(row.pk), sha256=trace.sha256)
    for path in trace.paths:
        shelf.remove(closure.located(path), for_good=True)


def _signed(pk: str) -> bool:
    signed = Q(strokes__isnull=False) | ~Q(signature="") | ~Q(withdrawal_reason="")
    return Consent.objects.filter(signed, pk=pk).exists()


def _reasoned(pk: str) -> bool:
    return Withdrawal.objects.filter(pk=pk).exclude(reason="").exists()


#: Kind → whether something of it is still there, though its row stays.
CHECKS: Final[dict[str, Callable[[str], bool]]] = {
    f"{closure.label(Consent)}:words": _signed,
    f"{closure.label(Withdrawal)}:words": _reasoned,
}
