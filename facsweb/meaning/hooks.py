"""What upper layers know that a reading depends on. They fill these lists in ``AppConfig.ready()``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from facsweb.studies.models import Participant

#: Each gives the calibration that holds for a participant's cohort: its name (cohort and version), and an
#: `analysis.calibration.record.CohortCalibration`; None where there is none.
calibrations: Final[list[Callable[[Participant], tuple[str, Any] | None]]] = []


def calibration(participant: Participant) -> tuple[str, Any]:
    """Name and content of the calibration that holds for the participant; an empty name where there is none."""
    return next((found for hook in calibrations if (found := hook(participant)) is not None), ("", None))
