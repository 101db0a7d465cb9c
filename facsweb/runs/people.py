"""Who is who in a recording: merge, split and name its people by hand, and read the measurement again.

Every change is a revision by a named person with everybody in it; undo is a revision too. The measurement is
never changed. Each change has the measurement read again; while another run of the recording is active, that
waits until it ends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from analysis import people as stored
from analysis.people import Sightings
from facsweb.accounts.models import User
from facsweb.audit.services import record
from facsweb.recordings.models import Recording
from facsweb.runs import attempts, hooks, people_state
from facsweb.runs.models import AnalysisRun, PeopleRevision
from facsweb.runs.people_reading import (
    current,
    measured_by,
    naming,
    number_of,
    read_again,
    readings,
    seen_in,
    without_consent,
)
from facsweb.runs.people_state import NotPossible, Somebody
from facsweb.runs.services import RunRefused
from facsweb.studies.models import Consent, Participant, Scope
from facsweb.studies.services import ConsentMissing, missing_scopes, require_consent, require_consent_now

logger = logging.getLogger(__name__)
Action, State = PeopleRevision.Action, AnalysisRun.State
CHANGED_ELSEWHERE = "Somebody changed the people in the meantime. Look at them again, then repeat your change."
SIGNED = (
    "A coding of this measurement is signed, so who is who in it stays as it is. Start another analysis of the "
    "recording to change that."
)


def why_not(run: AnalysisRun) -> str:
    """Why the people of a run cannot be changed, in a sentence; empty while they can."""
    if run.state != State.SUCCEEDED:
        return "People can be changed when the analysis has finished."
    if any(protect(reading) for reading in readings(measured_by(run)) for protect in hooks.protections):
        return SIGNED
    try:
        require_consent(run.recording.participant, [Scope.VIDEO])
    except ConsentMissing as error:
        return str(error)
    return ""


# --- changes ------------------------------------------------------------------------------------------------


def merge(actor: User, run: AnalysisRun, *, expected: int, number: int, other: int) -> PeopleRevision:
    """Make two people one; numbers count from 0. Raises as `change` does."""
    words = f"Merged person {other + 1} into person {number + 1}."
    return change(
        actor, run, expected, Action.MERGE, words, lambda now, seen: people_state.merge(now, seen, number, other)
    )


def split_tracks(actor: User, run: AnalysisRun, *, expected: int, number: int, chosen: set[int]) -> PeopleRevision:
    """Make tracks of a person somebody else. Raises as `change` does."""
    words = f"Split {len(chosen)} track{'s' if len(chosen) != 1 else ''} off person {number + 1}."
    return change(
        actor,
        run,
        expected,
        Action.SPLIT,
        words,
        lambda now, seen: people_state.split_tracks(now, seen, number, chosen),
    )


def split_at(actor: User, run: AnalysisRun, *, expected: int, number: int, time_us: int) -> PeopleRevision:
    """Make a person somebody else from a time on. Raises as `change` does."""
    words = f"Split person {number + 1} at {time_us / 1e6:.3f} s."
    return change(
        actor,
        run,
        expected,
        Action.SPLIT,
        words,
        lambda now, seen: people_state.split_at(now, seen, number, time_us),
    )


def assign(
    actor: User,
    run: AnalysisRun,
    *,
    expected: int,
    number: int,
    participant: Participant | None,
    left_out: bool = False,
) -> PeopleRevision:
    """Say which participant a person is (None: nobody known), or leave them out. Raises as `change` does."""
    if participant is not None:
        if participant.study_id != run.study.pk:
            raise RunRefused("This participant belongs to another study.")
        require_consent(participant, [Scope.VIDEO])
        words = f"Person {number + 1} is {participant.code}."
    elif left_out:
        words = f"Person {number + 1} is not a participant and is left out."
    else:
        words = f"It is not known who person {number + 1} is."
    whose = str(participant.pk) if participant else ""

    def said(now: list[Somebody], seen: Sightings) -> list[Somebody]:
        if participant is not None:  # inside the transaction: a withdrawal is seen here, or finds the revision
            require_consent_now(participant, [Scope.VIDEO])
        return people_state.assign(now, number, whose, left_out=left_out)

    return change(actor, run, expected, Action.ASSIGN, words, said)


def undo(actor: User, run: AnalysisRun, *, expected: int) -> PeopleRevision:
    """Take the last change back that was not taken back yet. Raises as `change` does."""
    measured = measured_by(run)
    latest = measured.people_revisions.filter(number=expected).first()
    if latest is None:
        raise RunRefused("There is nothing to undo." if not expected else CHANGED_ELSEWHERE)
    stands_for = latest.number if latest.restores is None else latest.restores
    if not stands_for:
        raise RunRefused("There is nothing to undo.")
    undone = measured.people_revisions.get(number=stands_for)
    if undone.action == Action.WITHDRAW:
        raise RunRefused("A withdrawal cannot be undone.")
    before = measured.people_revisions.filter(number=stands_for - 1).first()
    target = stands_for - 1 if before is None or before.restores is None else before.restores
    return change(
        actor, run, expected, Action.RESTORE, f"Undone: {undone.words}"[:300],
        lambda now, seen: current(measured, seen, target), restores=target,
    )  # fmt: skip


def change(
    actor: User,
    run: AnalysisRun,
    expected: int,
    action: str,
    words: str,
    how: Callable[[list[Somebody], Sightings], list[Somebody]],
    *,
    restores: int | None = None,
) -> PeopleRevision:
    """Append a revision and have the measurement read again.

    Parameters
    ----------
    actor : User
        Who changes; access was checked by the caller.
    run : AnalysisRun
        A finished run, whose measurement it is about.
    expected : int
        Number of the revision that the actor saw.
    action, words : str
        What is done, as a kind and as a sentence.
    how : callable
        From the people as they are and the sightings to the people as they should be.
    restores : int, optional
        The revision that is brought back.

    Raises
    ------
    RunRefused
        It makes no sense, a coding of the measurement is signed, or somebody else was faster.
    ConsentMissing
        A consent is gone.
    """
    require_consent(run.recording.participant, [Scope.VIDEO])
    if reason := why_not(run):
        raise RunRefused(reason)
    measured = measured_by(run)
    seen = seen_in(measured)
    with transaction.atomic():
        AnalysisRun.objects.select_for_update(no_key=True).get(pk=measured.pk)
        if number_of(measured) != expected:
            raise RunRefused(CHANGED_ELSEWHERE)
        now = current(measured, seen)
        try:
            people = how(now, seen)
        except NotPossible as error:
            raise RunRefused(str(error)) from error
        _check_withheld(now, people, seen)
        Recording.objects.select_for_update(no_key=True).get(pk=measured.recording_id)  # before the log
        revision = _append(actor, measured, action, words, people, restores)
        read_again(actor, measured)
    return revision


def _check_withheld(before: list[Somebody], after: list[Somebody], seen: Sightings) -> None:
    """Refuse what would show somebody again who withdrew, under another name or none."""
    withheld = without_consent(after) | without_consent(before)
    places = [[i for i, one in enumerate(people) if one.participant in withheld] for people in (before, after)]
    was = np.isin(seen.person([one.person for one in before]), places[0])
    stays = np.isin(seen.person([one.person for one in after]), places[1])
    if (was & ~stays).any():
        raise RunRefused("This person withdrew consent and stays left out.")


def _append(
    actor: User | None,
    measured: AnalysisRun,
    action: str,
    words: str,
    people: list[Somebody],
    restores: int | None = None,
) -> PeopleRevision:
    revision = PeopleRevision.objects.create(
        run=measured,
        number=number_of(measured) + 1,
        action=action,
        restores=restores,
        author=actor,
        words=words,
        people=people_state.dump(people),
    )
    record(actor, f"people.{action}", measured, revision=revision.number, words=words, people=revision.people)
    return revision


# --- withdrawal ---------------------------------------------------------------------------------------------


def at_work(participant: Participant) -> list[QuerySet[Any]]:
    """Recordings of others, and their readings, that a withdrawal has read again (``studies.hooks``)."""
    others = [measured.recording_id for measured in naming(participant)]
    return [
        Recording.objects.filter(pk__in=others),
        AnalysisRun.objects.filter(recording__in=others, state__in=AnalysisRun.ACTIVE),
    ]


def leave_out_for_withdrawal(consent: Consent) -> None:
    """Leave a participant who withdrew out of the recordings of others in which they were recognised."""
    participant = consent.participant
    if not missing_scopes(participant, [Scope.VIDEO]):
        return
    for measured in naming(participant):
        _stop(measured, participant)
        latest = measured.people_revisions.last()
        now = people_state.load(latest.people) if latest else []
        if not any(one.participant == str(participant.pk) and not one.person.left_out for one in now):
            continue
        people = [
            Somebody(stored.Person(one.person.pieces, left_out=True), one.participant)
            if one.participant == str(participant.pk)
            else one
            for one in now
        ]
        words = f"{participant.code} withdrew consent and is left out."
        _append(consent.withdrawn_by, measured, Action.WITHDRAW, words, people)
        if not missing_scopes(measured.recording.participant, [Scope.VIDEO]):
            try:
                read_again(consent.withdrawn_by or measured.created_by, measured)
            except RunRefused as error:  # a withdrawal never fails because of old files
                logger.warning("The people of run %s are not read again: %s", measured.pk, error)


def _stop(measured: AnalysisRun, participant: Participant) -> None:
    """End the active readings that may show the participant."""
    for run in readings(measured):
        stopped = AnalysisRun.objects.filter(pk=run.pk, state__in=AnalysisRun.ACTIVE).update(
            state=State.CANCELLED,
            finished_at=timezone.now(),
            cancel_requested_at=timezone.now(),
            stills=0,
            error=f"{participant.code}, who is on this recording, withdrew consent.",
        )
        if stopped:
            attempts.note(run.pk, run.attempt, "Stopped: consent was withdrawn.")
            record(None, "run.withdraw", run, participant=participant.code)
