"""Which people the runs of a recording go by, and having a measurement read again by the newest ones."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from analysis import forgetting
from analysis import people as stored
from analysis.people import Piece, Sightings, sightings
from analysis.types import AnalysisError
from facsweb.accounts.models import User
from facsweb.runs import people_state, services
from facsweb.runs.models import AnalysisRun, PeopleRevision
from facsweb.runs.people_state import Somebody
from facsweb.runs.services import RunRefused
from facsweb.studies.models import Participant, Scope
from facsweb.studies.services import ConsentMissing, missing_scopes

logger = logging.getLogger(__name__)
State = AnalysisRun.State


def measured_by(run: AnalysisRun) -> AnalysisRun:
    """The run whose measurement a run goes by: itself, or the first one of those it was read again from."""
    while source := run.parameters.get("measurement_from"):
        found = AnalysisRun.objects.filter(pk=source).first()
        if found is None:
            break
        run = found
    return run


def readings(measured: AnalysisRun) -> list[AnalysisRun]:
    """The run that measured and every run that read its measurement again, newest first."""
    runs = AnalysisRun.objects.filter(recording=measured.recording_id).order_by("-created_at")
    return [run for run in runs if measured_by(run).pk == measured.pk]


def seen_in(measured: AnalysisRun) -> Sightings:
    """Where faces are seen in a run's measurement.

    Raises
    ------
    RunRefused
        The run has no measurement that can be read.
    """
    try:
        return sightings(services.result_dir(measured))
    except AnalysisError as error:
        raise RunRefused("This run has no measurement, so nobody can be merged or split.") from error


def number_of(measured: AnalysisRun) -> int:
    """Number of the newest revision; 0 while the people are as measured."""
    latest = measured.people_revisions.last()
    return latest.number if latest else 0


def current(measured: AnalysisRun, seen: Sightings, number: int | None = None) -> list[Somebody]:
    """The people by the newest revision, or by the one of a number."""
    revisions = measured.people_revisions.all()
    revision = revisions.last() if number is None else revisions.filter(number=number).first()
    return people_state.load(revision.people) if revision else people_state.as_measured(seen)


def is_read(measured: AnalysisRun) -> bool:
    """Whether a finished or active run goes by the newest revision."""
    kept = (State.SUCCEEDED, *AnalysisRun.ACTIVE)
    numbers = [run.parameters.get("people", 0) for run in readings(measured) if run.state in kept]
    return number_of(measured) <= max(numbers, default=0)


def read_again(actor: User, measured: AnalysisRun) -> AnalysisRun | None:
    """Have the measurement read by the newest revision; None when that has to wait for the active run.

    Raises
    ------
    ConsentMissing
        The consent of the recording's participant is gone.
    """
    number = number_of(measured)
    runs = AnalysisRun.objects.filter(recording=measured.recording_id)
    active = runs.filter(state__in=AnalysisRun.ACTIVE).first()
    if active is not None:
        # One that still waits goes by the newest revision; one at work is followed by another (`follow_up`).
        if active.parameters.get("measurement_from") and measured_by(active).pk == measured.pk:
            parameters = {**active.parameters, "people": number}
            waiting = AnalysisRun.objects.filter(pk=active.pk, state=State.QUEUED)
            return active if waiting.update(parameters=parameters) else None
        return None
    base = next(run for run in readings(measured) if run.state == State.SUCCEEDED)
    parameters = {**services.kept_parameters(base), "measurement_from": str(measured.pk), "people": number}
    parameters["neutrals"] = _kept_neutrals(measured, base, number)
    return services.create(actor, measured.recording, parameters)


def _kept_neutrals(measured: AnalysisRun, base: AnalysisRun, number: int) -> dict[str, Any]:
    """Neutral faces that were chosen for people who stay as they are; a number may mean somebody else now."""
    chosen = base.parameters.get("neutrals") or {}
    seen = seen_in(measured)
    before, now = (current(measured, seen, one) for one in (base.parameters.get("people", 0), number))
    same = {
        str(place) for place, (old, new) in enumerate(zip(before, now, strict=False)) if old.person == new.person
    }
    return {face: choice for face, choice in chosen.items() if face in same}


def follow_up(run: AnalysisRun) -> None:
    """Read again what was changed while a run of the recording was active (``hooks.on_success``)."""
    for measured in AnalysisRun.objects.filter(
        recording=run.recording_id, people_revisions__isnull=False
    ).distinct():
        latest = measured.people_revisions.last()
        if latest is None or is_read(measured):
            continue
        try:
            read_again(latest.author or measured.created_by, measured)
        except (ConsentMissing, RunRefused) as error:  # the result of this run is worth keeping all the same
            logger.info("The people of run %s are not read again: %s", measured.pk, error)


def for_the_work(run: AnalysisRun, out: Path) -> None:
    """Write the ``people.json`` that a run goes by into its folder.

    People without consent are left out, and the folder's copy of the measurement loses them.
    """
    number = run.parameters.get("people", 0)
    if not number:
        return
    revision = PeopleRevision.objects.get(run=measured_by(run), number=number)
    everybody = people_state.load(revision.people)
    withheld = without_consent(everybody)
    people = [
        stored.Person(one.person.pieces, one.person.left_out or one.participant in withheld) for one in everybody
    ]
    stored.write(out, people)
    for one in everybody:
        if one.participant in withheld and (out / forgetting.MEASUREMENT).is_file():
            forgetting.forget_measurement(out, one.person)


def without_consent(people: list[Somebody]) -> set[str]:
    """Ids of the participants among them who are gone or whose consent no longer covers their face."""
    named = {one.participant for one in people if one.participant}
    found = Participant.objects.filter(pk__in=named).select_related("study")
    covered = {str(participant.pk) for participant in found if not missing_scopes(participant, [Scope.VIDEO])}
    return named - covered


def showing(participant: Participant, *, named: bool = False) -> list[AnalysisRun]:
    """Runs that read somebody who is said to be the participant, whoever's recording it is.

    Also those from before it was said, unless only ``named`` ones are asked for: the newest revision tells which
    pieces of tracks are the participant's.
    """
    found = []
    for measured in naming(participant):
        numbers = {
            revision.number
            for revision in measured.people_revisions.all()
            if any(one["participant"] == str(participant.pk) and not one["left_out"] for one in revision.people)
        }
        if not named and (pieces := pieces_of(measured, participant)):
            numbers |= {0, *(one.number for one in measured.people_revisions.all() if _reads(one, pieces))}
        found += [run for run in readings(measured) if run.parameters.get("people", 0) in numbers]
    return found


def pieces_of(measured: AnalysisRun, participant: Participant) -> tuple[Piece, ...]:
    """Pieces of tracks that the newest revision says are the participant's, left out or not."""
    latest = measured.people_revisions.last()
    everybody = people_state.load(latest.people) if latest else []
    return tuple(
        piece for one in everybody if one.participant == str(participant.pk) for piece in one.person.pieces
    )


def _reads(revision: PeopleRevision, pieces: tuple[Piece, ...]) -> bool:
    """Whether anything of the pieces is read by a revision, under whatever name."""
    return any(
        mine.track == piece.track
        and (mine.end_us is None or piece.start_us < mine.end_us)
        and (piece.end_us is None or mine.start_us < piece.end_us)
        for one in people_state.load(revision.people)
        if not one.person.left_out
        for mine in one.person.pieces
        for piece in pieces
    )


def naming(participant: Participant) -> list[AnalysisRun]:
    """Measurements of the study in which a revision names the participant."""
    revisions = PeopleRevision.objects.filter(run__recording__participant__study=participant.study_id)
    runs = {
        revision.run_id
        for revision in revisions
        if any(one["participant"] == str(participant.pk) for one in revision.people)
    }
    return list(
        AnalysisRun.objects.filter(pk__in=runs).select_related("recording__participant__study", "created_by")
    )
