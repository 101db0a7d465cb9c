"""What a formula that is not saved would say of a session. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from analysis.indicators.formulas import Formulas, Indicator
from analysis.types import AnalysisError
from facsweb.accounts.models import User
from facsweb.coding.sight import blind_recordings
from facsweb.meaning import inputs, services, speaking
from facsweb.meaning.models import Markers
from facsweb.meaning.own import newest_runs
from facsweb.meaning.whose import Whose, of_run
from facsweb.runs.hooks import why_hidden
from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import Study
from facsweb.studies.services import missing_scopes

#: Sessions that are offered, the newest; a list of hundreds would be no choice (ours).
OFFERED: Final = 30


@dataclass(frozen=True)
class Tried:
    """One face.

    Attributes
    ----------
    face : int
    typed, holds : mapping
        As in ``indicators.json``; `holds` is None where there is no formula yet.
    difference : float or None
        Points that what is typed gives more; None where one of them has no value.
    """

    face: int
    typed: Mapping[str, Any]
    holds: Mapping[str, Any] | None
    difference: float | None


@dataclass(frozen=True)
class Trial:
    run: AnalysisRun
    faces: Sequence[Tried]
    notes: Sequence[str] = ()
    problem: str = ""


def sessions(user: User, study: Study) -> list[AnalysisRun]:
    """Sessions that a formula may be tried on: read, agreed to, and no secret from this user."""
    blind = set(blind_recordings(user))
    found: list[AnalysisRun] = []
    for run in newest_runs(study):
        if run.recording_id in blind or why_hidden(user, run):
            continue
        if missing_scopes(run.recording.participant, inputs.INDICATORS) or services.latest(run) is None:
            continue
        found.append(run)
        if len(found) == OFFERED:
            break
    return found


def tried(run: AnalysisRun, typed: Indicator, holds: Indicator | None) -> Trial:
    """Compute both formulas on the newest reading of a run, as a reading would now."""
    from analysis.indicators import derive

    reading = services.latest(run)
    if reading is None:
        return Trial(run, (), problem="This session has not been read yet.")
    folder = services.folder(reading)
    both = Formulas("tried", "", (*([holds] if holds else []), typed))
    try:
        whose = of_run(run)
        found = derive(folder, formulas=both, write=False, **_told(run, whose, folder))
    except AnalysisError as error:
        return Trial(run, (), problem=str(error))
    faces = [_tried(one["face"], one["indicators"], holds is not None) for one in found.indicators["faces"]]
    return Trial(run, faces, whose.notes)


def _told(run: AnalysisRun, whose: Whose, folder: Path) -> dict[str, Any]:
    """What a reading of the run would tell the engine at this moment."""
    from analysis.indicators.markers import Marker

    now = inputs.gather(run)
    marks = inputs.latest_marks(Markers, run.recording)
    return {
        "allowed": inputs.permission(now),
        "faces": whose.people.keys(),
        "markers": [Marker(one["name"], one["kind"], one["start_us"], one["end_us"]) for one in marks],
        **speaking.for_the_engine(run, now, folder),
    }


def _tried(face: int, told: Sequence[Mapping[str, Any]], compared: bool) -> Tried:
    typed, holds = told[-1], told[0] if compared else None
    known = holds is not None and holds["value"] is not None and typed["value"] is not None
    difference = round(typed["value"] - holds["value"], 1) if known and holds is not None else None
    return Tried(face, typed, holds, difference)
