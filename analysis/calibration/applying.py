"""A face's evidence as coders would have put it in the participant's cohort, and how sure that is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from analysis.calibration.fit import GAINS, corrected
from analysis.calibration.record import CohortCalibration, Unit
from analysis.coded import CodedEvent
from analysis.facs.evidence import SUFFIXES, Evidence
from analysis.facs.notation import letter
from analysis.facs.series import Float64
from analysis.types import AnalysisError

#: Half of a 90 % interval in standard errors.
_HALF_WIDTHS: Final = 1.6448536269514722


def scorer_of(folder: Path) -> str:
    """Name of the scorer that a run's values are of.

    Raises
    ------
    AnalysisError
        The folder holds no readable summary.
    """
    try:
        scorer = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["scorer"]
        return f"{scorer['id']}/{scorer['version']}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AnalysisError("Its results are gone or unreadable: analyse the recording again.") from error


def for_run(cohort: CohortCalibration | None, folder: Path) -> CohortCalibration | None:
    """The calibration where it holds for a run's values; None where another scorer gave them.

    Raises
    ------
    AnalysisError
        The folder holds no readable summary.
    """
    return cohort if cohort is not None and cohort.scorer == scorer_of(folder) else None


def apply(evidence: Evidence, cohort: CohortCalibration | None) -> Evidence:
    """Correct a machine's values, intervals and events by a cohort's calibration.

    A value becomes ``(value − rest) ÷ gain``, 0–5. An interval's half widths are divided by the gain and joined
    with the calibration's own uncertainty, ``1.645 · √(var(rest) + h²·var(gain)) ÷ gain`` at the corrected value
    ``h`` (delta method; errors of a rest and of a gain are taken as independent). How much single people differ
    from their cohort is not added: the scorer's interval was measured on people it had not seen, and holds it
    already.

    Parameters
    ----------
    evidence : Evidence
        Of a machine.
    cohort : CohortCalibration or None
        Nothing is changed where it is None or not calibrated, nor for codes that are not.

    Returns
    -------
    Evidence
        Events keep their times and have the letters of the corrected values; one with nothing left at its apex is
        gone.

    Raises
    ------
    ValueError
        The evidence is a person's: what a coder coded needs no calibration.
    """
    if evidence.origin != "machine":
        raise ValueError("a person's codes are not calibrated")
    if cohort is None or not cohort.calibrated:
        return evidence
    units = {code: unit for code, unit in cohort.units.items() if unit.calibrated}
    values, low, high = dict(evidence.values), dict(evidence.low), dict(evidence.high)
    for key in evidence.values:
        unit = units.get(key.partition("_")[0])
        if unit is None:
            continue
        before = evidence.values[key]
        values[key] = corrected(before, unit.rest.value, unit.gain.value)
        if key in evidence.low:
            doubt = _doubt(unit, values[key])
            gain = _gain(unit)
            low[key] = np.clip(values[key] - np.hypot((before - evidence.low[key]) / gain, doubt), 0.0, 5.0)
            high[key] = np.clip(values[key] + np.hypot((evidence.high[key] - before) / gain, doubt), 0.0, 5.0)
    made = replace(evidence, values=values, low=low, high=high)
    return replace(made, events=tuple(_lettered(made, units)))


def priors(cohort: CohortCalibration | None) -> dict[str, tuple[float, float]]:
    """A cohort's display rules as `analysis.emotion` takes them: log-odds offset and standard error by state.

    Empty where the cohort is not calibrated.
    """
    if cohort is None or not cohort.calibrated:
        return {}
    return {state: (prior.offset, prior.error) for state, prior in cohort.priors.items()}


def _gain(unit: Unit) -> float:
    return float(np.clip(unit.gain.value, *GAINS))


def _doubt(unit: Unit, said: Float64) -> Float64:
    """Half of the 90 % interval that the calibration itself adds, shape (n,)."""
    out: Float64 = _HALF_WIDTHS * np.hypot(unit.rest.error, said * unit.gain.error) / _gain(unit)
    return out


def _lettered(evidence: Evidence, units: dict[str, Unit]) -> list[CodedEvent]:
    """Events with the letters of the corrected values at their apexes."""
    out = []
    for event in evidence.events:
        if event.code not in units or not event.intensity:
            out.append(event)
            continue
        key = event.code + SUFFIXES.get(event.side, "")
        rows = np.flatnonzero(np.isfinite(evidence[key]))
        if not len(rows):
            out.append(event)
            continue
        at = rows[int(np.abs(evidence.time_us[rows] - event.apex_us).argmin())]
        if intensity := letter(float(evidence[key][at])):
            out.append(replace(event, intensity=intensity))
    return out
