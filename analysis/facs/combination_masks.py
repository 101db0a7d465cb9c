"""Where single units stand in the evidence: one mask for each unit and side, made once for all combinations."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.facs.combination_model import Score, Share, Unit, Variant
from analysis.facs.combination_presence import (
    ALONE,
    Bool,
    edges,
    minimum,
    score_values,
    share_values,
)
from analysis.facs.evidence import GRADED, Evidence
from analysis.facs.series import Float64, Int64

#: What stands stays until it is this far below its minimum (`segments.Limits`: enters at 1.0, leaves at 0.5). What
#: people coded has edges of its own.
HYSTERESIS: Final = {"machine": 0.5, "coder": 0.0}
#: A sum or a share that stands stays until it is below this share of its least.
_STAYS: Final = 0.75
#: Anything above 0 is something in a coder's layer.
_SOMETHING: Final = 0.01
#: Half-width of an interval that nobody measured (sides, heads, eyes): one letter either way, a choice of ours.
_UNMEASURED: Final = 1.0
#: Frames further apart than this many usual intervals are not joined (as `series.FaceSeries.runs`).
_LONGEST_STEP: Final = 4.0


@dataclass(frozen=True)
class Mask:
    """Where something stands.

    Attributes
    ----------
    inside : bool, shape (n,)
        At or above the lower of the two limits, in a stretch that reaches the upper one.
    strong : bool, shape (n,)
        At or above the upper limit.
    known : bool, shape (n,)
        Scored.
    starts, stops : int64, shape (k,)
        Stretches of ``inside``: first row, and the row after the last.
    values : float64, shape (n,)
        Intensity 0–5.
    """

    inside: Bool
    strong: Bool
    known: Bool
    starts: Int64
    stops: Int64
    values: Float64


class Masks:
    """Masks of one face's evidence."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.time_us = evidence.time_us
        steps = np.diff(evidence.time_us)
        #: Rows that a pause comes before.
        self.breaks: Int64 = np.flatnonzero(steps > _LONGEST_STEP * evidence.interval_us) + 1
        self._made: dict[tuple[Unit, str], Mask | None] = {}
        self._values: dict[str, Float64 | None] = {}
        self._sums: dict[Score, Mask | None] = {}
        self._shares: dict[Share, Mask | None] = {}
        self._paused = np.concatenate([[0], np.cumsum(np.isin(np.arange(len(self.time_us)), self.breaks))])

    def values(self, key: str) -> Float64 | None:
        """Intensities by key; None when nobody scored it."""
        if key not in self._values:
            self._values[key] = self._read(key)
        return self._values[key]

    def _read(self, key: str) -> Float64 | None:
        found = self.evidence.values.get(key)
        if found is not None:
            return found if bool(np.isfinite(found).any()) else None
        if key in GRADED or "_" in key or self.evidence.origin != "coder":
            return None
        out = np.zeros(len(self.evidence))  # gross behaviour and movements, which are only events
        for event in self.evidence.events:
            if event.code == key:
                first, last = np.searchsorted(self.time_us, (event.onset_us, event.offset_us + 1)).tolist()
                out[first:last] = 2.5
        return out

    def of(self, unit: Unit, side: str = "") -> Mask | None:
        """Mask of a unit, None when nobody scored it.

        Parameters
        ----------
        unit : Unit
        side : str
            For units of one side: ``left``, ``right``, or ``unilateral`` where the coder did not say which.
        """
        key = (unit, side if unit.side == "unilateral" else "")
        if key not in self._made:
            self._made[key] = self._make(unit, side)
        return self._made[key]

    def _make(self, unit: Unit, side: str) -> Mask | None:
        which = side if unit.side == "unilateral" else unit.side
        if which in {"any", ""}:
            values = self.values(unit.code)
        elif which == "unilateral":
            values = self._unsaid(unit.code)
        else:
            values = self._sided(unit.code, which)
        if values is None:
            return None
        at = max(minimum(unit, self.evidence.origin), _SOMETHING)
        return self.over(values, at, max(at - HYSTERESIS[self.evidence.origin], _SOMETHING))

    def _sided(self, code: str, which: str) -> Float64 | None:
        left, right = self.values(f"{code}_L"), self.values(f"{code}_R")
        if left is None or right is None:
            return None
        if which == "both":
            return np.asarray(np.minimum(left, right))
        own, other = (left, right) if which == "left" else (right, left)
        with np.errstate(invalid="ignore"):
            alone = other < ALONE * np.maximum(own, _SOMETHING)
        return np.where(np.isnan(own) | np.isnan(other), np.nan, np.where(alone, own, 0.0))

    def _unsaid(self, code: str) -> Float64 | None:
        values = self.values(code)
        if values is None or self.evidence.origin != "coder":
            return None
        out = np.where(np.isnan(values), np.nan, 0.0)
        for event in self.evidence.events:
            if event.code == code and event.side == "unilateral":
                first, last = np.searchsorted(self.time_us, (event.onset_us, event.offset_us + 1)).tolist()
                out[first:last] = values[first:last]
        return out

    def over(self, values: Float64, enter: float, leave: float) -> Mask:
        """Where values reach ``enter``, widened to where they stay at or above ``leave``; never across a pause."""
        with np.errstate(invalid="ignore"):
            inside, strong = values >= leave, values >= enter
        starts, stops = self.stretches(inside)
        reached = np.add.reduceat(strong, starts, dtype=np.int64) > 0 if len(starts) else np.zeros(0, bool)
        starts, stops = starts[reached], stops[reached]
        return Mask(self.filled(starts, stops), strong, np.isfinite(values), starts, stops, values)

    def stretches(self, mask: Bool) -> tuple[Int64, Int64]:
        """Stretches of a mask, cut where a pause lies between two frames."""
        starts, stops = edges(mask)
        cuts = self.breaks[mask[self.breaks] & mask[self.breaks - 1]]
        if len(cuts):
            starts, stops = np.sort(np.concatenate([starts, cuts])), np.sort(np.concatenate([stops, cuts]))
        return starts, stops

    def filled(self, starts: Int64, stops: Int64) -> Bool:
        """Mask that is true in the stretches."""
        change = np.zeros(len(self.time_us) + 1, np.int32)
        np.add.at(change, starts, 1)
        np.add.at(change, stops, -1)
        return np.asarray(np.cumsum(change[:-1]) > 0)

    def score(self, variant: Variant) -> Mask | None:
        """Mask of a sum of parts; None when the variant has none, or a part was not scored."""
        score, origin = variant.score, self.evidence.origin
        if score is None:
            return None
        if score not in self._sums:
            total, count = score_values(
                {code: self.values(code) for part in score.parts for code in part}, score, origin
            )
            with np.errstate(invalid="ignore"):
                total = np.where((count < score.least_parts - 0.5) & np.isfinite(total), 0.0, total)
            known = bool(total.ndim) and bool(np.isfinite(total).any())
            self._sums[score] = self.over(total, score.least, _STAYS * score.least) if known else None
        return self._sums[score]

    def share(self, variant: Variant) -> Mask | None:
        """Mask of a share of time; None when the variant has none, or it is not known."""
        share = variant.share
        if share is None:
            return None
        if share not in self._shares:
            values = share_values(self.closed(share), share, self.evidence.durations_s())
            known = bool(values.ndim) and bool(np.isfinite(values).any())
            self._shares[share] = self.over(values, share.least, _STAYS * share.least) if known else None
        return self._shares[share]

    def pauses(self, first: Int64, last: Int64) -> Int64:
        """How many pauses lie between rows ``first`` and ``last``."""
        return np.asarray(self._paused[last + 1] - self._paused[first + 1])

    def near(self, mask: Mask, reach_us: int) -> Bool:
        """Rows at most this far in time from a stretch of the mask."""
        starts = np.searchsorted(self.time_us, self.time_us[mask.starts] - reach_us, side="left")
        stops = np.searchsorted(self.time_us, self.time_us[mask.stops - 1] + reach_us, side="right")
        return self.filled(starts, stops)

    def ends(self, code: str, values: Float64, rows: slice) -> tuple[Float64, Float64]:
        """Interval of a code's values (its larger side's, moved to the side's value), shapes (rows,)."""
        part = values[rows]
        low, high, whole = self.evidence.low.get(code), self.evidence.high.get(code), self.values(code)
        if low is None or high is None or whole is None:
            width = _UNMEASURED if self.evidence.origin == "machine" else 0.5
            return np.maximum(part - width, 0.0), np.minimum(part + width, 5.0)
        return part + low[rows] - whole[rows], part + high[rows] - whole[rows]

    def closed(self, share: Share) -> dict[str, Float64]:
        """Values of a share's codes, those that were scored."""
        found = {code: self.values(code) for code in share.codes}
        return {code: values for code, values in found.items() if values is not None}


class Spans:
    """Stretches of time, to ask how much of another one they cover."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        ordered = np.array(sorted(spans), np.float64).reshape(-1, 2)
        # a stretch that begins inside an earlier one only counts for what it adds
        ends = np.maximum.accumulate(ordered[:, 1]) if len(ordered) else ordered[:, 1]
        starts = np.maximum(ordered[:, 0], np.concatenate([[-np.inf], ends[:-1]])) if len(ordered) else ends
        self._starts, self._ends = starts, np.maximum(ends, starts)
        self._sums = np.concatenate([[0.0], np.cumsum(self._ends - self._starts)])

    def _until(self, time_us: int) -> float:
        at = int(np.searchsorted(self._starts, time_us))
        return float(self._sums[at] - max(0.0, self._ends[at - 1] - time_us)) if at else 0.0

    def share(self, start_us: int, end_us: int) -> float:
        """Share of a stretch that is covered, 0–1; 0 of a stretch without length."""
        return (self._until(end_us) - self._until(start_us)) / (end_us - start_us) if end_us > start_us else 0.0


def peak(values: Float64, start: int, stop: int) -> float:
    """Largest value of some rows; -1 when none is known."""
    found = float(np.fmax.reduce(values[start:stop]))
    return -1.0 if math.isnan(found) else found


def decided(low: Float64, high: Float64, at: float) -> float:
    """Mean share of intervals that lies at or above a value, 0–1; NaN when none is known."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(high > low, (high - at) / (high - low), high >= at)
    known = np.isfinite(low) & np.isfinite(high)
    return float(np.clip(share[known], 0.0, 1.0).mean()) if bool(known.any()) else float("nan")
