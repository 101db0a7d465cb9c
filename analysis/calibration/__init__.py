"""Cohorts: what the machine does otherwise in one than in the whole, estimated from signed codings and taken back.

One call::

    found = calibrate(sessions)  # Session: a signed coding and its participant's cohort
    mine = for_run(found.for_cohort("de-tr"), folder)  # None, or not `calibrated` for this cohort
    corrected = apply(evidence_of_run(folder, 0), mine)  # as it is where nothing is calibrated

`Calibration` is a versioned JSON file (`Calibration.as_dict`, `read`). ``docs/calibration.md`` has the formulas,
what the simulation measured, and what cannot be said.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from analysis.calibration.applying import apply, for_run, priors
    from analysis.calibration.cohorts import StarterCohort, membership, starter_cohorts
    from analysis.calibration.engine import calibrate
    from analysis.calibration.material import Session
    from analysis.calibration.record import Calibration, CohortCalibration, of_dict, read
    from analysis.calibration.words import NOT_CALIBRATED

__all__ = [
    "NOT_CALIBRATED",
    "Calibration",
    "CohortCalibration",
    "Session",
    "StarterCohort",
    "apply",
    "calibrate",
    "for_run",
    "membership",
    "of_dict",
    "priors",
    "read",
    "starter_cohorts",
]
#: Where each lives. They are loaded when they are asked for: the command line imports this package to know its
#: command, and who applies a calibration need not load what makes one.
_HOMES: Final = {
    "applying": ("apply", "for_run", "priors"),
    "cohorts": ("StarterCohort", "membership", "starter_cohorts"),
    "engine": ("calibrate",),
    "material": ("Session",),
    "record": ("Calibration", "CohortCalibration", "of_dict", "read"),
    "words": ("NOT_CALIBRATED",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
