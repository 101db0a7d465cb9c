"""The neutral face of a live session: found in its first calm seconds, or the moment that a person names.

The analysis of a recording looks for the most neutral moment of all; nobody can do that while it goes on. So the
first seconds count in which the face is frontal and still, and only if it looks like a face at rest. Until then
there is no neutral, and nothing can be said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from analysis.facs.baseline import FAR_FROM_REST, Neutral, automatic_neutral, chosen_neutral
from analysis.facs.quality import head_speed, measurable
from analysis.facs.series import FaceSeries
from analysis.live.recent import History
from analysis.live.row import COLUMNS
from analysis.types import Float32

#: So long the face must have been calm, within the last `_LOOKED_US`.
CALM_US: Final = 2_000_000
_LOOKED_US: Final = 8_000_000
_MOST: Final = 240
_CALM_YAW_DEG: Final = 12.0
_CALM_PITCH_DEG: Final = 20.0
_CALM_SPEED: Final = 0.5
"""Face widths a second; somebody who sits still stays under 0.2."""
_TRY_EVERY: Final = 4
"""Pictures between two attempts: each looks at all of the last seconds."""
Wait = Literal["no face", "not calm", "not at rest", ""]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the search is.

    Attributes
    ----------
    share : float
        0–1 of the calm time that is needed.
    waits_for : str
        ``no face``, ``not calm`` (turned or moving), ``not at rest`` (calm, but not a face at rest), or empty.
    """

    share: float
    waits_for: Wait


class Settling:
    """Looks for the neutral of one session."""

    def __init__(self) -> None:
        self._history = History(COLUMNS)
        self._since = 0
        self.progress = Progress(0.0, "no face")

    def add(self, number: int, time_us: int, values: Float32) -> None:
        """Take in the row of one picture (`analysis.live.row`)."""
        self._history.add(number, time_us, values, length_us=_LOOKED_US, most=_MOST)
        self._since += 1

    def found(self) -> Neutral | None:
        """The neutral of the calm seconds, as soon as there were enough; None before."""
        if self._since < _TRY_EVERY or len(self._history) < 2:
            return None
        self._since = 0
        series = self._history.series()
        calm = _calm(series)
        share = min(1.0, float(calm.sum()) * series.interval_us / CALM_US)
        self.progress = Progress(share, "" if calm[-1] else "not calm")
        if share < 1.0:
            return None
        rows = np.flatnonzero(calm)
        neutral = automatic_neutral(_only(series, rows))
        if not neutral.distance <= FAR_FROM_REST:
            self.progress = Progress(share, "not at rest")
            return None
        return neutral

    def chosen(self) -> Neutral | None:
        """The neutral of this very moment, because a person says so; None where no face was just seen."""
        if not len(self._history):
            return None
        series = self._history.series()
        return chosen_neutral(series, int(series.time_us[-1])) if measurable(series)[-1] else None


def _calm(series: FaceSeries) -> np.ndarray[Any, np.dtype[np.bool_]]:
    still = np.nan_to_num(head_speed(series), nan=np.inf) <= _CALM_SPEED
    frontal = (np.abs(series["yaw_deg"]) <= _CALM_YAW_DEG) & (np.abs(series["pitch_deg"]) <= _CALM_PITCH_DEG)
    return np.asarray(still & frontal & measurable(series))


def _only(series: FaceSeries, rows: np.ndarray[Any, np.dtype[np.int64]]) -> FaceSeries:
    columns = {name: values[rows] for name, values in series.columns.items()}
    return FaceSeries(series.frame[rows], series.time_us[rows], columns)


def as_plain(neutral: Neutral) -> dict[str, Any]:
    """A neutral as plain values, for keeping it outside of this process."""
    values = {name: value for name, value in neutral.values.items() if np.isfinite(value)}
    return {"values": values, "method": neutral.method, "time_us": neutral.time_us, "frames": neutral.frames}


def from_plain(stored: Mapping[str, Any]) -> Neutral:
    """The neutral again.

    Raises
    ------
    ValueError
        It was not written by `as_plain` of this version.
    """
    try:
        given = {str(name): float(value) for name, value in stored["values"].items()}
        method, frames, time_us = stored["method"], int(stored["frames"]), int(stored["time_us"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("This is no neutral face of a live session.") from error
    if method not in ("automatic", "chosen") or not given.keys() <= set(COLUMNS):
        raise ValueError("This is no neutral face of a live session.")
    return Neutral({name: given.get(name, float("nan")) for name in COLUMNS}, method, time_us, frames)
