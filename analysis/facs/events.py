"""Events of one face: segments with side, letter and confidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.facs.codes import CATALOGUE
from analysis.facs.gates import separate
from analysis.facs.intensity import Intensities
from analysis.facs.notation import letter
from analysis.facs.quality import quality
from analysis.facs.segments import Limits, Segment, segments
from analysis.facs.series import FaceSeries, Float64

_FACE: Final = Limits()
_LIDS: Final = Limits(enter=2.0, leave=0.8, least_us=40_000, join_us=0)
#: A lid that is lowered for less than half a second is on its way (FACS 2002: what is shorter is a blink).
_LOWERED: Final = Limits(least_us=500_000, join_us=300_000)
_HEAD: Final = Limits(least_us=240_000, join_us=300_000)
#: A side whose peak is at least this share of the other's takes part.
_BOTH_RATIO: Final = 0.4


@dataclass(frozen=True, slots=True)
class Event:
    """One proposed event.

    Attributes
    ----------
    code : str
    side : str
        ``both``, ``left``, ``right`` (the subject's), or empty for a code without sides.
    intensity : str
        A–E from the peak.
    onset_us, apex_us, offset_us : int
        Start of the rise, start of the apex, end of the fall; media time in microseconds.
    confidence : float
        0–1: peak / (peak + 2 × noise floor) × mean quality of the event's frames. It says how far the measurement
        stands out of noise on good frames. It is not the probability that a human coder would agree.
    """

    code: str
    side: str
    intensity: str
    onset_us: int
    apex_us: int
    offset_us: int
    confidence: float


def limits_of(code: str) -> Limits:
    """Event limits of a code: lids are fast, heads are slow."""
    if code in {"43", "45", "46"}:
        return _LIDS
    if code in {"41", "42"}:
        return _LOWERED
    return _HEAD if CATALOGUE[code].group in {"head", "eyes"} else _FACE


def _side(code: str, sides: dict[str, Float64] | None, segment: Segment) -> str:
    if code == "45":
        return "both"  # a blink is of both eyes; a clear closure of one is 46
    if sides is None:
        return "both" if CATALOGUE[code].sided else ""
    rows = slice(segment.onset, segment.offset + 1)
    left, right = sides["L"][rows], sides["R"][rows]
    # one side cannot be called alone when the other was turned away
    if min(np.isfinite(left).mean(), np.isfinite(right).mean()) < 0.5:
        return "both"
    peaks = float(np.nanmax(left)), float(np.nanmax(right))
    if min(peaks) >= _BOTH_RATIO * max(peaks):
        return "both"
    return "left" if peaks[0] > peaks[1] else "right"


def located(
    series: FaceSeries, found: Intensities, left_out: frozenset[str] = frozenset()
) -> dict[str, list[Segment]]:
    """Segments of every code but those left out."""
    return {
        code: segments(series, values, found.curves[code], limits_of(code))
        for code, values in found.both.items()
        if code not in left_out
    }


def events(series: FaceSeries, found: Intensities, left_out: frozenset[str] = frozenset()) -> list[Event]:
    """All events of one face, none overlapping one of an exclusive code; by onset, then by catalogue order.

    Codes in ``left_out`` are scored but not proposed: the scorer knows too little of them.
    """
    marks = quality(series)
    out: list[Event] = []
    for code, parts in located(series, found, left_out).items():
        for part in parts:
            peak = float(np.nanmax(found.both[code][part.onset : part.offset + 1]))
            margin = peak / (peak + 2 * found.floors[code])
            trust = float(marks[part.onset : part.offset + 1].mean())
            onset, apex, offset = (int(series.time_us[row]) for row in (part.onset, part.apex, part.offset))
            side = _side(code, found.sides.get(code), part)
            out.append(Event(code, side, letter(peak), onset, apex, offset, round(margin * trust, 3)))
    return separate(out)
