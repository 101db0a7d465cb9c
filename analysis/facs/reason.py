"""What of a face moved while an action was proposed, by how much, and how that compares with rest.

These are measurements of the face. The rules compute intensities from exactly such measures; the learned nets look
at the picture and at measurements together, so for them this is what changed on the face, not how the net came to
its figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from analysis.face.reference import reference
from analysis.facs.baseline import Neutral
from analysis.facs.deviation import Deviation
from analysis.facs.reason_measures import measures_of, words_of
from analysis.facs.series import FaceSeries, Float64
from analysis.types import Float32

#: Columns that the deviation itself needs, and `analysis.facs.quality` for it.
SUPPORT: Final = (
    "presence",
    "box_x",
    "box_y",
    "box_w",
    "box_h",
    "iris_px",
    "yaw_deg",
    "pitch_deg",
    "roll_deg",
    "sharpness",
)
_TOP, _CHIN = 10, 152
_APEX_US: Final = 100_000
_LEAST_REST: Final = {"cm": 0.02, "%": 3.0, "°": 0.5, "": 0.01}
"""Rest never counts as quieter than the measuring itself."""
_REST_SHARE: Final = 0.3
_LEAST_FRAMES: Final = 10
_POINTS: Final = 240


@dataclass(frozen=True, slots=True)
class Moved:
    """One measure in one proposal.

    Attributes
    ----------
    measure, words, side : str
        Column, what it is, and the subject's side or empty.
    unit : str
        ``cm`` on a head of usual size, ``°``, ``%`` of the neutral value (skin), or empty for ratios.
    amount : float
        At the apex, against the neutral face.
    share : float or None
        Of the height of the face, percent; None for what is no distance.
    rest : float
        Standard deviation of the measure while this face rests, in the unit.
    times : float
        ``|amount| / rest``.
    expected : bool
        Whether it went the way that it goes in this action.
    curve : tuple of float or None
        The amount over time; None where not measured.
    """

    measure: str
    words: str
    side: str
    unit: str
    amount: float
    share: float | None
    rest: float
    times: float
    expected: bool
    curve: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """What moved in a proposal: measures that went the expected way first, the most moved of them first.

    ``time_us`` are the media times of the curves; ``apex_frames`` how many frames the apex is the median of.
    """

    time_us: tuple[int, ...]
    moved: tuple[Moved, ...]
    apex_frames: int


@cache
def face_height_cm() -> float:
    """From the top of the forehead to the chin on the reference head, centimetres."""
    xyz = np.asarray(reference().xyz)
    return float(np.linalg.norm(xyz[_TOP] - xyz[_CHIN]))


def _unit(column: str) -> str:
    if column.startswith("skin_") and "lips" not in column:
        return "%"
    if column.endswith("_deg"):
        return "°"
    if column.startswith(("eye_open", "gaze_", "skin_", "teeth", "mouth_dark")):
        return ""
    return "cm²" if column == "mouth_area" else "cm"


def columns_of(code: str, side: str) -> tuple[str, ...]:
    """Columns that `explain` reads for a code."""
    return tuple(dict.fromkeys((*SUPPORT, *(column for column, _, _ in measures_of(code, side)))))


def rest_of(sample: Mapping[str, Float32], neutral: Neutral) -> dict[str, float]:
    """How much every measure varies while the face rests: a robust standard deviation, in the column's own unit.

    Rest are the three tenths of the frames in which the measures together lie nearest to the neutral.

    Parameters
    ----------
    sample : mapping of str to float32, shape (m,)
        Frames from all over the recording.
    neutral : Neutral
    """
    names = [name for name in sample if np.isfinite(neutral.values.get(name, np.nan))]
    if not names:
        return {}
    off = np.stack([sample[name].astype(np.float64) - neutral.values[name] for name in names])
    with np.errstate(all="ignore"):
        scale = np.nanpercentile(np.abs(off), 75, axis=1, keepdims=True)
        distance = np.nanmean(np.abs(off) / np.maximum(scale, 1e-6), axis=0)
        usable = np.flatnonzero(np.isfinite(distance))
        count = max(_LEAST_FRAMES, round(_REST_SHARE * len(usable)))
        rest = off[:, usable[np.argsort(distance[usable])[:count]]]
        middle = np.nanmedian(rest, axis=1, keepdims=True)
        spread = 1.4826 * np.nanmedian(np.abs(rest - middle), axis=1)
    return {name: float(value) for name, value in zip(names, spread, strict=True) if np.isfinite(value)}


def explain(
    series: FaceSeries,
    neutral: Neutral,
    rest: Mapping[str, float],
    *,
    code: str,
    side: str,
    apex_us: int,
) -> Reason:
    """What moved at the apex of an event.

    Parameters
    ----------
    series : FaceSeries
        The event with some time around it, with `columns_of` the code.
    neutral : Neutral
        Of the face.
    rest : mapping of str to float
        From `rest_of`.
    code, side : str
        Of the event.
    apex_us : int
        Where it is strongest; the median of a tenth of a second to both sides is taken.

    Returns
    -------
    Reason
        Without measures where none shows this code or the face was not measured at the apex.
    """
    deviation = Deviation(series, neutral)
    near = np.abs(series.time_us - apex_us) <= _APEX_US
    thin = np.unique(np.linspace(0, len(series) - 1, min(len(series), _POINTS)).round().astype(int))
    found = []
    for column, of_side, sign in measures_of(code, side):
        if column not in series.columns or not np.isfinite(neutral.values.get(column, np.nan)):
            continue
        one = _moved(deviation, column, rest.get(column, 0.0), near, thin)
        if one is not None:
            amount, spread, curve = one
            expected = sign == 0 or sign * amount > 0
            found.append(_told(column, of_side, amount, spread, expected, curve))
    found.sort(key=lambda moved: (not moved.expected, -moved.times))
    return Reason(tuple(int(time) for time in series.time_us[thin]), tuple(found), int(near.sum()))


def _moved(
    deviation: Deviation, column: str, spread: float, near: np.ndarray, thin: np.ndarray
) -> tuple[float, float, Float64] | None:
    relative = _unit(column) == "%"
    values = 100 * deviation.relative(column) if relative else deviation(column)
    if relative:
        spread = 100 * spread / max(abs(deviation.neutral.values[column]), 1e-3)
    at_apex = values[near]
    if not np.isfinite(at_apex).any():
        return None
    return float(np.nanmedian(at_apex)), max(spread, _LEAST_REST.get(_unit(column), 0.02)), values[thin]


def _told(column: str, side: str, amount: float, spread: float, expected: bool, curve: Float64) -> Moved:
    unit = _unit(column)
    share = 100 * amount / face_height_cm() if unit == "cm" and column != "distance_cm" else None
    drawn = tuple(round(float(value), 4) if np.isfinite(value) else None for value in curve)
    times = abs(amount) / spread
    return Moved(column, words_of(column), side, unit, amount, share, spread, times, expected, drawn)
