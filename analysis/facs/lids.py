"""Closing eyes: 45 (blink), 43 (closed for longer) and 46 (wink), told apart by duration and side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.facs.deviation import Deviation
from analysis.facs.segments import spans_above
from analysis.facs.series import FaceSeries, Float64

#: Share of the resting lid distance that is gone at intensity 0 and 5. Looking down takes about a quarter.
_OPEN_SHARE: Final = 0.25
_CLOSED_SHARE: Final = 0.70
#: Intensities at which a closure begins to count and at which it is over.
ENTER: Final = 2.0
LEAVE: Final = 0.8
_SHUT: Final = 2.5
#: A closure is over when the lids are back at this share of its peak: lids that come to rest lower than they were,
#: in a smile for one, do not lengthen a blink.
_BACK_SHARE: Final = 0.4
#: Lids cannot open and close again in less: the opening of a blink alone takes longer.
_LEAST_OPEN_US: Final = 100_000
#: "Closing both eyes longer than half a second is 43, not 45" (FACS 2002).
LONGEST_BLINK_US: Final = 500_000
_WINK_PEAK: Final = 3.0
_WINK_OTHER: Final = 0.35  # most that the other eye may close, as a share of the winking one
_WINK_YAW_DEG: Final = 20.0  # further round the far eye is foreshortened and looks closed


@dataclass(frozen=True, slots=True)
class Lids:
    """Closure of the eyes.

    Attributes
    ----------
    raw : dict of str to float array, shape (n,)
        Closure of ``L`` and ``R`` before it is limited to 0–5.
    parts : dict of str to dict
        For 43, 45 and 46 the closure of either side inside that code's spans, 0 elsewhere, NaN unmeasured.
    blinks : list of slice
        Spans of 45, for bridging what a blink hides.
    spans : list of slice
        Those of 43, 45 and 46.
    """

    raw: dict[str, Float64]
    parts: dict[str, dict[str, Float64]]
    blinks: list[slice]
    spans: list[slice]


def closure(deviation: Deviation, side: str) -> Float64:
    """Closure of one eye in units of intensity, below 0 when more open than at rest, shape (n,)."""
    rest = max(deviation.neutral.values[f"eye_open_{side}"], 1e-3)
    gone = -deviation(f"eye_open_{side}") / rest
    return np.asarray(5 * (gone - _OPEN_SHARE) / (_CLOSED_SHARE - _OPEN_SHARE))


def _code(deviation: Deviation, left: Float64, right: Float64, span: slice) -> str:
    peaks = [float(np.nanmax(np.nan_to_num(side[span], nan=0.0))) for side in (left, right)]
    seen = np.isfinite(left[span]).all() and np.isfinite(right[span]).all()
    frontal = np.abs(deviation.series["yaw_deg"][span]).max() <= _WINK_YAW_DEG
    if seen and frontal and max(peaks) >= _WINK_PEAK and min(peaks) <= _WINK_OTHER * max(peaks):
        return "46"
    shut = np.fmax(left[span], right[span]) >= _SHUT
    times = deviation.series.time_us[span]
    closed_us = float(np.ptp(times[shut])) if shut.any() else 0.0
    return "43" if closed_us > LONGEST_BLINK_US else "45"


def _closures(series: FaceSeries, closed: Float64) -> list[slice]:
    """Spans in which the lids close and come back; ``closed`` (n,) is the larger closure of the two eyes."""
    out: list[slice] = []
    for span in spans_above(series, closed, ENTER, LEAVE):
        peak = float(closed[span].max())
        own = np.full(len(closed), np.nan)
        own[span] = closed[span]
        parts = spans_above(series, own, max(ENTER, peak / 2), max(LEAVE, _BACK_SHARE * peak))
        joined = parts[:1]
        for part in parts[1:]:
            if series.time_us[part.start] - series.time_us[joined[-1].stop] < _LEAST_OPEN_US:
                joined[-1] = slice(joined[-1].start, part.stop)
            else:
                joined.append(part)
        out += joined
    return out


def lids(deviation: Deviation, hidden: dict[str, NDArray[np.bool_]]) -> Lids:
    """Find closures and name them; ``hidden`` is true (n,) per side where that side is turned away."""
    raw = {side: np.where(hidden[side], np.nan, closure(deviation, side)) for side in "LR"}
    limited = {side: np.clip(raw[side], 0.0, 5.0) for side in "LR"}
    parts = {
        code: {side: np.where(np.isfinite(raw[side]), 0.0, np.nan) for side in "LR"} for code in ("43", "45", "46")
    }
    blinks: list[slice] = []
    closures: list[slice] = []
    both = np.fmax(limited["L"], limited["R"])
    for span in _closures(deviation.series, both):
        code = _code(deviation, limited["L"], limited["R"], span)
        closures.append(span)
        if code == "45":
            blinks.append(span)
        for side in "LR":
            parts[code][side][span] = limited[side][span]
    return Lids(raw, parts, blinks, closures)
