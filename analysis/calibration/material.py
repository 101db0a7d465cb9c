"""Signed codings with their cohort → windows, events and time, by participant and code."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analysis.calibration.applying import scorer_of
from analysis.calibration.people import Windows
from analysis.calibration.record import UNSTATED
from analysis.facs.evidence import Evidence, evidence_of_layer, evidence_of_run
from analysis.facs.notation import value
from analysis.facs.series import Float64, Int64
from analysis.types import AnalysisError

if TYPE_CHECKING:
    from analysis.learning.codings import Coding

#: The middle of a letter's fifth lies this far below its upper end.
_HALF: Final = 0.5


@dataclass(frozen=True, slots=True)
class Session:
    """One coder's signed coding of one face, with the cohort that the participant stated.

    Attributes
    ----------
    coding : Coding
        ``folder`` is the result folder of the run (``signals.parquet``, ``events.csv``, ``summary.json``).
    cohort : str
        Id of the cohort; empty where the participant stated none.
    undecided : frozenset of str
        Codes of which the coder left a proposal open: nothing is known of them.
    """

    coding: Coding
    cohort: str
    undecided: frozenset[str] = frozenset()


def write_sessions(sessions: Iterable[Session], path: Path) -> None:
    """Write a file for `read_sessions`: a file of codings (`learning.write_codings`) that also names cohorts.

    Raises
    ------
    OSError
        It cannot be written.
    """
    from analysis.learning.codings import write_codings

    listed = list(sessions)
    write_codings([one.coding for one in listed], path)
    content = json.loads(path.read_text(encoding="utf-8"))
    for stored, one in zip(content["codings"], listed, strict=True):
        stored |= {"cohort": one.cohort, "undecided": sorted(one.undecided)}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_sessions(path: Path) -> list[Session]:
    """Read what `write_sessions` wrote; a coding without a cohort belongs to nobody's.

    Raises
    ------
    AnalysisError
        The file is not there, not of this version, or says something impossible.
    """
    from analysis.learning.codings import read_codings

    codings = read_codings(path)
    stored: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["codings"]
    return [
        Session(coding, str(one.get("cohort") or UNSTATED), frozenset(map(str, one.get("undecided", ()))))
        for coding, one in zip(codings, stored, strict=True)
    ]


@dataclass
class Material:
    """Everything a calibration reads, by participant.

    Attributes
    ----------
    scorer : str
    participants : list of str
        Ids; a participant's place is their number below.
    cohort_of : list of str
        Id of each participant's cohort.
    sessions : list of Session
        Those that were read.
    windows : dict of str to list of (int, float, float)
        By code: participant, machine, human.
    events, minutes : dict of str to dict of int to float
        By code and participant; several coders of one face are averaged.
    shown, moments : dict of str to dict of int to float
        By state and participant.
    skipped : list of str
    """

    scorer: str
    participants: list[str] = field(default_factory=list)
    cohort_of: list[str] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    windows: dict[str, list[tuple[int, float, float]]] = field(default_factory=lambda: defaultdict(list))
    events: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    minutes: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    shown: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    moments: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    coded_minutes: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    skipped: list[str] = field(default_factory=list)

    def person(self, session: Session) -> int:
        """Number of a session's participant, made when new.

        Raises
        ------
        AnalysisError
            The participant is in another cohort in another coding.
        """
        who = session.coding.participant
        if who not in self.participants:
            self.participants.append(who)
            self.cohort_of.append(session.cohort)
        number = self.participants.index(who)
        if self.cohort_of[number] != session.cohort:
            raise AnalysisError("Its participant is in two cohorts; say which one they stated.")
        return number

    def of_code(self, code: str) -> Windows:
        """A code's windows as arrays."""
        rows = self.windows[code]
        person = np.array([row[0] for row in rows], np.int64)
        return Windows(
            person,
            np.array([row[1] for row in rows], np.float64),
            np.array([row[2] for row in rows], np.float64),
            len(self.participants),
        )

    def vector(self, values: dict[int, float]) -> Float64:
        """One number a participant, shape (people,); 0 where there is none."""
        return np.array([values.get(number, 0.0) for number in range(len(self.participants))])


def newest_scorer(sessions: Sequence[Session]) -> str:
    """The scorer of most of the sessions, the last by name among equals; empty when none can be read."""
    counted: Counter[str] = Counter()
    for session in sessions:
        try:
            counted[scorer_of(session.coding.folder)] += 1
        except AnalysisError:
            continue
    return max(counted, key=lambda name: (counted[name], name), default="")


def coded_codes(sessions: Sequence[Session], of_machine: Sequence[str]) -> list[frozenset[str]]:
    """Which of the machine's codes each session was coded for throughout.

    Who signs a recording signs what they saw and what they did not see; but a code that a coder never uses
    anywhere may be one that they were not asked for. So a code counts where the coder used it in any of the
    sessions, unless proposals of it were left open in this one.
    """
    used: dict[str, set[str]] = defaultdict(set)
    for session in sessions:
        used[session.coding.coder] |= session.coding.codes
    known = frozenset(of_machine)
    return [frozenset(used[one.coding.coder] & known) - one.undecided for one in sessions]


def add(material: Material, session: Session, codes: frozenset[str], share: float) -> None:
    """Read one session.

    Parameters
    ----------
    material : Material
        Is added to.
    session : Session
    codes : frozenset of str
        From `coded_codes`.
    share : float
        One over the number of codings of this face.

    Raises
    ------
    AnalysisError
        Its results cannot be read; nothing was added.
    """
    from analysis.calibration.display import moments_shown

    coding = session.coding
    if (scorer := scorer_of(coding.folder)) != material.scorer:
        raise AnalysisError(f"It was scored by {scorer}: score it again with {material.scorer}.")
    evidence = evidence_of_run(coding.folder, coding.face)
    person = material.person(session)
    spans = ((int(evidence.time_us[0]), int(evidence.time_us[-1] + evidence.interval_us)),)
    own = [event for event in coding.events if event.offset_us >= spans[0][0] and event.onset_us < spans[0][1]]
    layer = evidence_of_layer(own, spans)
    minutes = (spans[0][1] - spans[0][0]) / 60e6
    material.sessions.append(session)
    material.coded_minutes[person] += minutes * share
    for code in sorted(codes):
        _add_code(material, person, code, evidence, layer, [event for event in own if event.code == code])
        standing = sum(1 for event in own if event.code == code and not event.rejected)
        material.events[code][person] += standing * share
        material.minutes[code][person] += minutes * share
    for state, (shown, moments) in moments_shown(layer).items():
        material.shown[state][person] += shown * share
        material.moments[state][person] += moments * share


def _add_code(
    material: Material, person: int, code: str, evidence: Evidence, layer: Evidence, own: Sequence[Any]
) -> None:
    """Windows of one code: its apexes, and moments well away from its events."""
    from analysis.learning.windows import free_times, rows_around

    machine, human = evidence[code], layer[code]
    usable = np.isfinite(machine)
    if not usable.any():
        return

    def said(time_us: int) -> float:
        rows: Int64 = rows_around(evidence, usable, time_us)
        return float(machine[rows].mean()) if len(rows) else float("nan")

    rows = material.windows[code]
    for event in own:
        if not event.rejected and event.intensity and np.isfinite(found := said(event.apex_us)):
            rows.append((person, found, value(event.intensity) - _HALF))
    for time_us in free_times(own, evidence):
        at = min(int(np.searchsorted(layer.time_us, time_us)), len(layer) - 1)
        # While the coder saw nothing of that part of the face, not even an absence is known.
        if np.isfinite(human[at]) and np.isfinite(found := said(time_us)):
            rows.append((person, found, 0.0))
