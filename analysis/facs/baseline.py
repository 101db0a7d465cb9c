"""The neutral face of a person: what every intensity is a deviation from.

The neutral dominates everything else. Automatically it is the median of the frames nearest to a population's
resting face among those that are frontal, slow and open-eyed; a person can choose a frame instead, or take the
neutral of another recording (``neutral_store``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

import numpy as np

from analysis.facs.quality import measurable, quality
from analysis.facs.series import FaceSeries, Float64, Int64, smooth, speed

#: Rest is compared on measures that expressions move and that people differ little in, with a least spread in the
#: measure's unit: the committed rest comes from eleven synthetic faces, and real people vary more.
_LEAST_SPREAD: Final[Mapping[str, float]] = {
    "brow_in_y_L": 0.25,
    "brow_in_y_R": 0.25,
    "brow_out_y_L": 0.25,
    "brow_out_y_R": 0.25,
    "brow_gap": 0.30,
    "eye_open_L": 0.06,
    "eye_open_R": 0.06,
    "cheek_y_L": 0.20,
    "cheek_y_R": 0.20,
    "corner_bend_L": 0.20,
    "corner_bend_R": 0.20,
    "corner_z_L": 0.30,
    "corner_z_R": 0.30,
    "mouth_gap": 0.12,
    "mouth_width": 0.40,
    "lips_height": 0.25,
    "jaw_y": 0.40,
}
_FARTHEST: Final = 8.0  # spreads; one odd measure (a beard, glasses) must not decide alone
#: Head angles up to here cost nothing: pose is taken out later, and rest matters more than a perfect front view.
_FREE_YAW_DEG: Final = 10.0
_FREE_PITCH_DEG: Final = 5.0
_MOST_FRAMES: Final = 60
_LEAST_FRAMES: Final = 5
_SHARE: Final = 0.1
_AS_GOOD: Final = 0.3  # a frame this much worse than the best is no rest
_ALIKE: Final = 0.5  # mean spreads; frames further from the best one are another expression
_NEIGHBOUR_US: Final = 400_000
_STILL: Final = 4.0  # spreads a second of the fastest measure; noise stays under 2
_MAX_DISTANCE_US: Final = 500_000
#: A neutral's distance from rest is the mean over this many measures, those furthest off: an expression moves a
#: few of the compared measures, and a mean over all of them drowns it.
_FURTHEST: Final = 4
#: Resting frames of three synthetic and three real people lie 0.7–1.8 spreads from rest, strong smiles and
#: surprise 2.0–2.9 (clips d1, d3 and a portrait that smiles throughout). A brow lowerer (d2) reaches only 1.4, as
#: much as a person's own features do, so a small distance is no proof of rest.
CLOSE_TO_REST: Final = 1.2
FAR_FROM_REST: Final = 2.0


@dataclass(frozen=True, slots=True)
class Neutral:
    """The neutral of one face.

    Attributes
    ----------
    values : mapping of str to float
        Resting value of every measurement column.
    method : str
        ``automatic``, ``chosen`` (a frame) or ``borrowed`` (from another recording).
    time_us : int
        Time of the frame asked for, or of the most neutral frame found; of a borrowed neutral, in the recording
        that it comes from.
    frames : int
        Number of frames that the median was taken over.
    source : mapping, optional
        Of a borrowed neutral: ``from`` (what the other result is called), ``face`` and ``method`` there.
    """

    values: Mapping[str, float]
    method: Literal["automatic", "chosen", "borrowed"]
    time_us: int
    frames: int
    source: Mapping[str, str | int] | None = None

    @property
    def distance(self) -> float:
        """How far it is from the population's resting face.

        Mean of the four compared measures that are furthest off, in spreads (at most 8 each); NaN where one is
        missing.
        """
        off = np.array([abs(self.values[name] - mean) / spread for name, (mean, spread) in _rest().items()])
        return float(np.sort(np.minimum(off, _FARTHEST))[-_FURTHEST:].mean()) if np.isfinite(off).all() else np.nan


@cache
def _rest() -> Mapping[str, tuple[float, float]]:
    stored = json.loads(Path(__file__).with_name("rest.json").read_text(encoding="utf-8"))["columns"]
    return {name: (stored[name]["mean"], max(stored[name]["sd"], least)) for name, least in _LEAST_SPREAD.items()}


def _median(series: FaceSeries, rows: Int64) -> dict[str, float]:
    with np.errstate(all="ignore"):
        return {
            name: float(np.nanmedian(values[rows])) if np.isfinite(values[rows]).any() else float("nan")
            for name, values in series.columns.items()
        }


def _speeds(series: FaceSeries) -> Float64:
    """Speed of the compared measures in spreads a second, shape (measures, n)."""
    speeds = [speed(series, smooth(series, series[name], 0.2)) / spread for name, (_, spread) in _rest().items()]
    return np.nan_to_num(np.stack(speeds), nan=np.inf)


def automatic_neutral(series: FaceSeries) -> Neutral:
    """Median of the frames nearest to rest.

    A frame's distance is the mean over the compared measures of its deviation from the population's rest (in
    spreads, at most 8), plus penalties: 1 for 15° of head angle beyond 10° of yaw or 5° of pitch, 1 for a mean
    movement of 4 spreads a second, 1 for no quality. The best tenth of the frames is taken, at least 5 and at most
    60, as far as they are nearly as good as the best and show the same face as it.
    """
    scaled = np.stack([(series[name] - mean) / spread for name, (mean, spread) in _rest().items()])
    distance = np.minimum(np.abs(scaled), _FARTHEST).mean(0)
    pitch = series["pitch_deg"]
    usable = measurable(series)
    typical_pitch = np.nanmedian(pitch[usable]) if usable.any() else 0.0
    distance += np.maximum(np.abs(series["yaw_deg"]) - _FREE_YAW_DEG, 0) / 15
    distance += np.maximum(np.abs(pitch - typical_pitch) - _FREE_PITCH_DEG, 0) / 15
    distance += np.minimum(_speeds(series).mean(0) / 4, 4.0) + (1 - quality(series))
    distance = np.where(usable, np.nan_to_num(distance, nan=np.inf), np.inf)
    count = int(np.clip(round(_SHARE * np.isfinite(distance).sum()), _LEAST_FRAMES, _MOST_FRAMES))
    best = int(np.argmin(distance))
    alike = np.abs(scaled - scaled[:, [best]]).mean(0) <= _ALIKE
    alike &= distance <= distance[best] + _AS_GOOD
    rows = np.argsort(np.where(alike, distance, np.inf), kind="stable")[: min(count, max(int(alike.sum()), 1))]
    return Neutral(_median(series, rows), "automatic", int(series.time_us[rows[0]]), len(rows))


def chosen_neutral(series: FaceSeries, time_us: int) -> Neutral | None:
    """Median of the frame nearest to ``time_us`` and its still neighbours within 0.4 s, in the same run.

    Returns None when the face is not seen within half a second of that time.
    """
    row = int(np.argmin(np.abs(series.time_us - time_us)))
    if abs(int(series.time_us[row]) - time_us) > _MAX_DISTANCE_US:
        return None
    run = next(r for r in series.runs if r.start <= row < r.stop)
    moving = _speeds(series).max(0) > _STILL
    first = last = row
    while first > run.start and not moving[first - 1] and time_us - series.time_us[first - 1] <= _NEIGHBOUR_US:
        first -= 1
    while last + 1 < run.stop and not moving[last + 1] and series.time_us[last + 1] - time_us <= _NEIGHBOUR_US:
        last += 1
    rows = np.arange(first, last + 1)
    return Neutral(_median(series, rows), "chosen", int(series.time_us[row]), len(rows))
