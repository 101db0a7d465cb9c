"""A calibration as plain values, and as the JSON file that is kept."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args, get_origin, get_type_hints

from analysis.types import AnalysisError

SCHEMA: Final = 1
#: Id of the participants who stated no cohort.
UNSTATED: Final = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 90 % interval; NaN where the data do not define it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Change:
    """A figure as measured and after calibration, both on participants that no fit has seen.

    Attributes
    ----------
    before, after : Figure
    difference : Figure
        After minus before, paired within participants; below 0 is better for an error.
    """

    before: Figure
    after: Figure
    difference: Figure


@dataclass(frozen=True, slots=True)
class Estimate:
    """A cohort's pooled estimate.

    Attributes
    ----------
    value, low, high : float
        With the ends of the 90 % interval.
    error : float
        Standard error.
    weight : float
        Share of the cohort's own data in it, 0–1; the rest is the whole's.
    raw : float
        The cohort's own estimate, before pooling.
    """

    value: float
    low: float
    high: float
    error: float
    weight: float
    raw: float


@dataclass(frozen=True, slots=True)
class Unit:
    """One Action Unit in one cohort.

    Attributes
    ----------
    code : str
    calibrated : bool
        Whether the machine's values of it are corrected in this cohort.
    why : str
        A sentence when they are not.
    rest, gain : Estimate
        The machine's value where coders saw nothing, 0–5, and its slope over theirs.
    rate : Estimate
        Events that coders coded, a minute.
    participants, showing, events : int
        Participants coded for it, those who showed it, and events.
    error : Change
        Mean absolute error, 0–5.
    """

    code: str
    calibrated: bool
    why: str
    rest: Estimate
    gain: Estimate
    rate: Estimate
    participants: int
    showing: int
    events: int
    error: Change


@dataclass(frozen=True, slots=True)
class Prior:
    """How often a cohort shows a state's expressions, beside the whole.

    Attributes
    ----------
    state : str
    offset, low, high : float
        Log odds beyond the whole's, shrunk, with the 90 % interval.
    error : float
        Standard error.
    weight : float
        As of `Estimate`.
    shown, moments : float
        Moments with such an expression, and all that were coded.
    """

    state: str
    offset: float
    low: float
    high: float
    error: float
    weight: float
    shown: float
    moments: float


@dataclass(frozen=True, slots=True)
class CohortCalibration:
    """What is known of one cohort.

    Attributes
    ----------
    id : str
        Empty for participants who stated none.
    scorer : str
        Whose values it corrects.
    calibrated : bool
        False: *not calibrated for this cohort*; nothing of it is applied.
    why : str
        A sentence when it is not.
    participants, recordings, codings, coders, events : int
    minutes : float
        Coded time.
    units : mapping of str to Unit
    priors : mapping of str to Prior
        Display rules on states; empty where not calibrated, or where fewer than three cohorts were coded.
    error, false : Change
        Mean absolute error (0–5) over all Action Units, and the share of moments without a code at which the
        machine has B or more.
    """

    id: str
    scorer: str
    calibrated: bool
    why: str
    participants: int
    recordings: int
    codings: int
    coders: int
    events: int
    minutes: float
    units: Mapping[str, Unit]
    priors: Mapping[str, Prior]
    error: Change
    false: Change


@dataclass(frozen=True, slots=True)
class Code:
    """One Action Unit over all cohorts.

    Attributes
    ----------
    code : str
    used : bool
        Whether calibrating it lowered the error on participants left out.
    why : str
        A sentence when it did not.
    participants, events : int
    rest, gain : Figure
        Of the whole.
    rest_scatter, gain_scatter : float
        Standard deviation between cohorts.
    error, icc, false : Change
        Mean absolute error, ICC(2,1) with the coders, false-event share.
    """

    code: str
    used: bool
    why: str
    participants: int
    events: int
    rest: Figure
    gain: Figure
    rest_scatter: float
    gain_scatter: float
    error: Change
    icc: Change
    false: Change


@dataclass(frozen=True, slots=True)
class Gap:
    """A cohort beside all others, adjusted for which Action Units people were coded for.

    Attributes
    ----------
    cohort : str
        Empty for participants who stated none.
    figure : str
        ``error`` or ``false``.
    stage : str
        ``before`` or ``after``.
    difference : Figure
        The cohort's mean minus the others'.
    p, holm : float
        Permutation of participants, two-sided; and corrected for all cohorts (Holm 1979).
    """

    cohort: str
    figure: str
    stage: str
    difference: Figure
    p: float
    holm: float


@dataclass(frozen=True, slots=True)
class Largest:
    """The largest distance between two cohorts' means, with a permutation p."""

    figure: str
    stage: str
    value: float
    p: float


@dataclass(frozen=True, slots=True)
class Row:
    """One cohort of the fairness table."""

    cohort: str
    participants: int
    error: Change
    false: Change


@dataclass(frozen=True, slots=True)
class Fairness:
    """Errors by cohort, and whether cohorts differ.

    Attributes
    ----------
    rows : tuple of Row
        Cohorts with enough participants that a figure says nothing about one of them.
    gaps : tuple of Gap
    largest : tuple of Largest
    permutations : int
    """

    rows: tuple[Row, ...]
    gaps: tuple[Gap, ...]
    largest: tuple[Largest, ...]
    permutations: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """One version of an installation's calibration.

    Attributes
    ----------
    version, date : str
        The date is ISO 8601, UTC.
    scorer : str
        Whose values were compared, such as ``au-nets/1.0.0``; it holds for this scorer only.
    coders : tuple of str
        Their ids.
    participants, recordings, codings, events : int
    minutes : float
    minimum : mapping of str to int
        Least ``participants``, ``events`` and ``showing`` of a cohort.
    cohorts : tuple of CohortCalibration
    codes : mapping of str to Code
    fairness : Fairness
    skipped : tuple of str
        Codings that were left out, with reasons.
    cannot : tuple of str
        What cannot be said from it, in sentences.
    """

    version: str
    date: str
    scorer: str
    coders: tuple[str, ...]
    participants: int
    recordings: int
    codings: int
    events: int
    minutes: float
    minimum: Mapping[str, int]
    cohorts: tuple[CohortCalibration, ...]
    codes: Mapping[str, Code]
    fairness: Fairness
    skipped: tuple[str, ...]
    cannot: tuple[str, ...]

    def for_cohort(self, cohort: str) -> CohortCalibration | None:
        """What is known of a cohort; None where nobody of it was coded, or no cohort was stated."""
        return next((one for one in self.cohorts if one.id == cohort and cohort != UNSTATED), None)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON: NaN is null, numbers have five places."""
        plain: dict[str, Any] = _plain({"schema": SCHEMA} | dataclasses.asdict(self))
        return plain


def of_dict(content: Mapping[str, Any]) -> Calibration:
    """A calibration from what `Calibration.as_dict` gave.

    Raises
    ------
    AnalysisError
        It is of another version of the program, or incomplete.
    """
    try:
        if content["schema"] != SCHEMA:
            raise AnalysisError("The calibration was written by another version; calibrate again.")
        made: Calibration = _made(Calibration, content)
    except (KeyError, TypeError, ValueError) as error:
        raise AnalysisError(f"This is no readable calibration: {error}.") from error
    return made


def read(path: Path) -> Calibration:
    """Read a calibration's file.

    Raises
    ------
    AnalysisError
        It is not there or not readable.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AnalysisError(f"{path.name} holds no readable calibration: {error}.") from error
    return of_dict(content)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 5)
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value


def _made(kind: Any, value: Any) -> Any:
    """A value of an annotated type from plain ones."""
    if hasattr(kind, "__dataclass_fields__"):
        hints = get_type_hints(kind)
        made: Any = kind(**{one.name: _made(hints[one.name], value[one.name]) for one in dataclasses.fields(kind)})
        return made
    origin, parts = get_origin(kind), get_args(kind)
    if origin is tuple:
        return tuple(_made(parts[0], part) for part in value)
    if origin is not None:
        return {str(name): _made(parts[1], part) for name, part in value.items()}
    if kind is float:
        return math.nan if value is None else float(value)
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}, got {value!r}")
    return value
