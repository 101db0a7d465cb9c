"""Whose faces of a run may be read: consent is a person's, and a recording can show several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analysis.facs.evidence import faces_of_run
from facsweb.runs.models import AnalysisRun, PeopleRevision
from facsweb.runs.people_reading import measured_by
from facsweb.runs.services import result_dir
from facsweb.studies.models import Participant, Scope
from facsweb.studies.services import missing_scopes


@dataclass(frozen=True)
class Whose:
    """Faces of people who agreed to the estimation of states.

    Attributes
    ----------
    people : mapping of int to Participant
        By face.
    notes : tuple of str
        Why other faces are not read, a sentence each.
    """

    people: Mapping[int, Participant] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def of_run(run: AnalysisRun) -> Whose:
    """Who may be read in a run.

    The only face of a recording is its participant's unless somebody said otherwise. Of several faces those are
    read that were named (page People of the run) and whose own consent covers it.

    Raises
    ------
    AnalysisError
        The run's results are gone.
    """
    said = named(run)
    known = {str(one.pk): one for one in Participant.objects.filter(pk__in=[pk for pk in said.values() if pk])}
    people, notes = {}, []
    for face, who in said.items():
        person = known.get(who)
        if person is None:
            notes.append(
                f"Face {face + 1} is nobody’s yet: only its Action Units are read. Say who it is under People of "
                "the analysis."
            )
        elif missing_scopes(person, [Scope.EMOTION]):
            notes.append(f"Face {face + 1} is {person.code}, who agreed to the coding of movements alone.")
        else:
            people[face] = person
    return Whose(people, tuple(notes))


def named(run: AnalysisRun) -> dict[int, str]:
    """Every face of a run, and its participant's id; empty where it is nobody's. Raises as `of_run` does."""
    said, faces = _named(run), faces_of_run(result_dir(run))
    found = {face: said.get(face, "") for face in faces}
    if len(faces) == 1 and not found[faces[0]]:
        found[faces[0]] = str(run.recording.participant_id)
    return found


def left_out(run: AnalysisRun) -> int:
    """How many people are in the picture and not among the run's faces. Raises as `of_run` does."""
    return max(0, len(_people(run)) - len(faces_of_run(result_dir(run))))


def _named(run: AnalysisRun) -> dict[int, str]:
    """Participants' ids by face, as the run's people say; empty where nobody said."""
    return {face: one["participant"] for face, one in enumerate(_people(run))}


def _people(run: AnalysisRun) -> list[dict[str, Any]]:
    number = run.parameters.get("people", 0)
    revision = PeopleRevision.objects.filter(run=measured_by(run), number=number).first() if number else None
    return [] if revision is None else list(revision.people)
