"""What administrators do: start and stop a training, choose the scorer that new analyses use."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet

from analysis.scoring import package
from analysis.scoring.choice import RULES, available
from facsweb.accounts.models import User
from facsweb.audit.services import lock, record
from facsweb.learning import attempts, lapses, material, packages
from facsweb.learning.models import Default, Training
from facsweb.studies.models import Consent, Participant
from facsweb.studies.services import missing_scopes

State = Training.State
#: Figures are computed on participants left out, in turn; `analysis.learning` refuses fewer.
LEAST_PARTICIPANTS = 3


class LearningRefused(Exception):  # noqa: N818 (a state that people are told about)
    """Nothing was started or changed; the text is a sentence for a person."""


def newest_shipped() -> str:
    """Name of the newest scorer that came with the product. Trainings always refit this one.

    A training on top of an own scorer would carry along what that one learned, also from people who have withdrawn
    since.
    """
    return f"au-nets/{package.shipped_versions()[-1]}"


def active() -> Training | None:
    """The training under way, if there is one."""
    return Training.objects.filter(state__in=Training.ACTIVE).select_related("created_by").first()


def start(actor: User | None, *, enqueue: bool = True) -> Training:
    """Start a training; the one under way when somebody was faster, or clicked twice.

    Parameters
    ----------
    actor : User, optional
        Who asks; None on the command line.
    enqueue : bool
        Let a worker do it; otherwise the caller does.

    Raises
    ------
    LearningRefused
        Nothing can be learned from now.
    """
    if (running := active()) is not None:
        return running
    base = newest_shipped()
    if not any(not one.why_not for one in material.candidates(base)):
        raise LearningRefused(
            "There is no signed coding to learn from yet. This page says what is missing; nothing was started."
        )
    try:
        with transaction.atomic():
            training = Training.objects.create(number=_next_number(), base=base, created_by=actor)
            record(actor, "training.start", training, number=training.number, base=base)
            if enqueue:
                attempts.FENCE.enqueue(training.pk, training.attempt)
    except IntegrityError:  # the constraint allows one active training
        if (running := active()) is None:
            raise
        return running
    return training


def _next_number() -> int:
    used = Training.objects.aggregate(last=Max("number"))["last"] or 0
    lying = [int(version) for version in packages.own_versions() if version.isdigit()]
    return max([used, *lying]) + 1


def cancel(actor: User | None, training: Training) -> Training:
    """Stop a training: at once while it waits, within a second while it runs; later nothing happens."""
    attempts.FENCE.cancel(actor, training)
    training.refresh_from_db()
    return training


# --- the default ------------------------------------------------------------------------------------------


def may_be_default(name: str) -> str:
    """Why a scorer cannot be the default, as a sentence; empty when it can."""
    if name == RULES:
        return "The rules are kept for comparison; new analyses use a learned scorer."
    if name not in available():
        return "There is no such scorer in this installation."
    return lapses.sentence(name)


def make_default(actor: User, name: str) -> None:
    """Have new analyses use a scorer; choosing what is chosen already changes nothing.

    Raises
    ------
    LearningRefused
        It is not there, or may not be used any more.
    """
    if reason := may_be_default(name):
        raise LearningRefused(reason)
    # The newest that ships is stored as such: a newer one of a later release takes its place.
    kept = "" if name == newest_shipped() else name
    with transaction.atomic():
        lock()  # one after another: the last row says nothing of one that is being added
        last = Default.objects.last()
        before = last.scorer if last else ""
        if before == kept:
            return
        chosen = Default.objects.create(scorer=kept, chosen_by=actor)
        former = {"scorer": before or "the newest shipped"}
        record(actor, "scorer.default", chosen, before=former, after={"scorer": name})


def chosen_default() -> Default | None:
    """The last choice, with who made it; None while nobody chose."""
    return Default.objects.select_related("chosen_by").last()


def default_name() -> str | None:
    """The scorer that new analyses use; None for the newest that shipped (``hooks.default_scorer``)."""
    last = Default.objects.last()
    if last is None or not last.scorer or packages.location(last.scorer) is None:
        return None
    return last.scorer if last.scorer in available() else None


def default_is_gone() -> str:
    """Name of the scorer that was chosen but is no longer there; empty as a rule."""
    last = Default.objects.last()
    if last is None or not last.scorer or packages.location(last.scorer) is not None:
        return ""
    return last.scorer if last.scorer not in available() else ""


# --- withdrawals ------------------------------------------------------------------------------------------


def note(name: str) -> str:
    """What a list of scorers adds to a name (``hooks.scorer_notes``)."""
    return lapses.SHORT if lapses.of_scorer(name) else ""


def at_work(participant: Participant) -> list[QuerySet[Training]]:
    """What a withdrawal may end (``studies.hooks``)."""
    used = Training.objects.filter(state=Training.State.RUNNING, material__participant=participant.pk)
    return [Training.objects.filter(pk__in=used.values("pk"))]


def after_withdrawal(consent: Consent) -> None:
    """Take what was learned from a participant out of use, who no longer agrees to it.

    A training under way loses its work; a scorer stops being the default. Called inside the withdrawal.
    """
    participant = consent.participant
    if not missing_scopes(participant, material.NEEDED):
        return
    for training in Training.objects.filter(material__participant=participant.pk).distinct():
        if training.state == State.RUNNING:
            attempts.FENCE.fail(training.pk, training.attempt, error=lapses.WHILE_TRAINING, detail="")
        elif training.state == State.SUCCEEDED:
            record(None, "scorer.consent_withdrawn", training, scorer=training.scorer, consent=str(consent.pk))
            last = Default.objects.last()
            if last is not None and last.scorer == training.scorer:
                back = Default.objects.create(scorer="", reason=lapses.NO_LONGER.format(name=training.scorer))
                former, after = {"scorer": training.scorer}, {"scorer": newest_shipped()}
                record(None, "scorer.default", back, before=former, after=after)
