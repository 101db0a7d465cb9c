"""How far a combination is there, frame by frame, as a number from 0 to 1: what states are computed from.

A unit's presence rises in a straight line from 0 half a letter below its minimum to 1 half a letter above it, so
the minimum itself is one half: a choice of ours, as wide as the step between two letters. A combination is as
present as the weakest of what it asks for; what has to be absent counts as 1 minus its presence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.facs.combination_model import AnyOf, Combination, Score, Share, Unit, Variant
from analysis.facs.series import Float64, Int64

Bool = NDArray[np.bool_]

#: A unit without a letter counts from here on: what the machine proposes as an event (`segments.Limits.enter`),
#: and everything that a person coded.
FLOORS: Final = {"machine": 1.0, "coder": 0.0}
#: Half of the stretch in which presence rises from 0 to 1, in letters.
HALF_STEP: Final = 0.5
#: A side is alone when the other reaches less than this share of it (as `events._BOTH_RATIO`); presence of "alone"
#: falls from 1 to 0 between half of it and one and a half times it.
ALONE: Final = 0.4
#: A share of time needs this much of its window to be known.
_KNOWN: Final = 0.8


def minimum(unit: Unit, origin: str) -> float:
    """Value 0–5 from which a unit counts."""
    return max(unit.least, FLOORS[origin])


def ramp(values: Float64, at: float) -> Float64:
    """Presence 0–1 of values whose minimum is ``at``; NaN stays NaN. Any shape."""
    start = max(at - HALF_STEP, 0.0)
    out = np.asarray(values - start)
    out *= 1 / (at + HALF_STEP - start)
    return np.clip(out, 0.0, 1.0, out=out)


def membership(
    values: Mapping[str, Float64],
    combination: Combination,
    *,
    origin: str = "machine",
    seconds: Float64 | None = None,
) -> Float64:
    """Graded presence of a combination, the largest of its variants.

    For many combinations of the same values `Presence` is several times faster.

    Parameters
    ----------
    values : mapping of str to float64, shape (…, n)
        Intensities 0–5 by key (``"12"``, ``"12_L"``, ``"54"``), such as draws × frames; shapes broadcast. A key
        that is missing, or NaN throughout, was not scored.
    combination : Combination
    origin : str
        ``machine`` or ``coder``: says from where a unit without a letter counts.
    seconds : float64, shape (n,), optional
        How long every frame stands; without it a share of time (PERCLOS) is not known.

    Returns
    -------
    float64, shape (…, n)
        0–1. NaN where a required unit is not known, for all variants. Of alternatives (``25/26``) those that were
        scored count; excluded units that were not scored do not.
    """
    return Presence(values, origin=origin, seconds=seconds).of(combination)


class Presence:
    """Graded presence of any number of combinations in the same values: what they share is computed once.

    It keeps one array of the values' shape for every unit that was asked for. Long recordings with many draws are
    given to it window by window.

    Parameters
    ----------
    values, origin, seconds
        As for `membership`.
    """

    def __init__(
        self, values: Mapping[str, Float64], *, origin: str = "machine", seconds: Float64 | None = None
    ) -> None:
        self._values, self._origin, self._seconds = values, origin, seconds
        self._known: dict[str, Float64 | None] = {}
        self._units: dict[tuple[Unit, str], Float64 | None] = {}
        self._absent: dict[tuple[Unit, str], Float64 | None] = {}

    def of(self, combination: Combination) -> Float64:
        """Presence 0–1, shape (…, n); see `membership`."""
        best: Float64 | None = None
        for variant in combination.variants:
            if variant.origin not in {"", self._origin}:
                continue
            for side in ("L", "R") if variant.unilateral else ("",):
                best = _larger(best, self._variant(variant, side))
        if best is not None and best.ndim:
            return best
        shape = np.broadcast_shapes(*(array.shape for array in self._values.values()))
        return np.full(shape, np.nan if best is None else float(best))

    def _variant(self, variant: Variant, side: str) -> Float64 | None:
        parts = [self._any_of(group, side) for group in variant.required]
        if variant.score is not None:
            parts.append(self._score(variant.score))
        if variant.share is not None:
            parts.append(self._share(variant.share))
        weakest: Float64 | None = None
        for part in parts:
            if part is None:
                return None
            weakest = part if weakest is None else np.minimum(weakest, part)
        for unit in variant.excluded:
            absent = self._absence(unit, side)
            if absent is not None and weakest is not None:
                weakest = np.minimum(weakest, absent)
        return weakest

    def _array(self, key: str) -> Float64 | None:
        if key not in self._known:
            found = self._values.get(key)
            nothing = found is None or not found.size or bool(np.isnan(found).all())
            self._known[key] = None if nothing else found
        return self._known[key]

    def _any_of(self, group: AnyOf, side: str) -> Float64 | None:
        best: Float64 | None = None
        for unit in group:
            best = _larger(best, self._unit(unit, side))
        return best

    def _absence(self, unit: Unit, side: str) -> Float64 | None:
        """1 minus presence, 1 where it is not known."""
        if (unit, side) not in self._absent:
            there = self._unit(unit, side)
            self._absent[unit, side] = None if there is None else np.nan_to_num(1 - there, copy=False, nan=1.0)
        return self._absent[unit, side]

    def _unit(self, unit: Unit, side: str) -> Float64 | None:
        if (unit, side) not in self._units:
            made = self._made(unit, side)
            if made is not None:
                made.flags.writeable = False  # a combination of one unit hands out this very array
            self._units[unit, side] = made
        return self._units[unit, side]

    def _made(self, unit: Unit, side: str) -> Float64 | None:
        at = minimum(unit, self._origin)
        if unit.side == "any":
            whole = self._array(unit.code)
            return None if whole is None else ramp(whole, at)
        left, right = self._array(f"{unit.code}_L"), self._array(f"{unit.code}_R")
        if left is None or right is None:
            return None
        if unit.side == "both":
            return ramp(np.minimum(left, right), at)
        first = {"left": "L", "right": "R"}.get(unit.side, side)
        own, other = (left, right) if first == "L" else (right, left)
        share = other / np.maximum(own, 1e-6)
        return np.minimum(ramp(own, at), np.clip((1.5 * ALONE - share) / ALONE, 0.0, 1.0))

    def _score(self, score: Score) -> Float64 | None:
        codes = {code: self._array(code) for part in score.parts for code in part}
        total, count = score_values(codes, score, self._origin)
        if not total.ndim:
            return None
        return np.minimum(ramp(total, score.least), np.clip(count - score.least_parts + 1, 0.0, 1.0))

    def _share(self, share: Share) -> Float64 | None:
        codes = {code: array for code in share.codes if (array := self._array(code)) is not None}
        if self._seconds is None or not codes:
            return None
        found = share_values(codes, share, self._seconds)
        return np.asarray(np.clip(found / share.least - 0.5, 0.0, 1.0))


def _larger(one: Float64 | None, other: Float64 | None) -> Float64 | None:
    """The larger of two arrays, of what is known."""
    if one is None or other is None:
        return other if one is None else one
    return np.fmax(one, other)


# Sums and shares


def score_values(values: Mapping[str, Any], score: Score, origin: str) -> tuple[Float64, Float64]:
    """Sum of a score's parts and how many of them are there, shapes (…, n); NaN where a part is not known.

    What people coded counts by its letter, A 1 to E 5. The machine's values count in full from half a letter above
    the floor below which they are noise, and less down to half a letter below it.
    """
    total: Float64 = np.zeros(())
    count: Float64 = np.zeros(())
    for part in score.parts:
        best: Float64 = np.asarray(np.nan)
        for code in part:
            found = values.get(code)
            if found is not None:
                best = np.fmax(best, found)
        there = ramp(best, FLOORS[origin])
        if set(part) <= set(score.binary):
            total = total + there
        else:
            total = total + (np.ceil(best) if origin == "coder" else best * there)
        count = count + there
    return total, count


def share_values(values: Mapping[str, Float64], share: Share, seconds: Float64) -> Float64:
    """Share of the window before each frame in which the codes were at their value, shape (…, n).

    NaN where less than four fifths of the window are known, as at the start of a recording.
    """
    best: Float64 = np.asarray(np.nan)
    for code in share.codes:
        if code in values:
            best = np.fmax(best, values[code])
    if not best.ndim:
        return best
    there = _long_enough(best >= share.value, seconds, share.closure_us / 1e6)
    known = np.isfinite(best)
    length = share.window_us / 1e6
    ends = np.cumsum(seconds)
    first = np.searchsorted(ends, ends - length + 1e-6, side="left")

    def within(mask: Bool) -> Float64:
        sums = np.cumsum(np.where(mask, seconds, 0.0), axis=-1)
        before = np.concatenate([np.zeros((*sums.shape[:-1], 1)), sums], axis=-1)
        return np.asarray(sums - before[..., first])

    seen = within(known)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(seen >= _KNOWN * length, within(there) / seen, np.nan))


def _long_enough(mask: Bool, seconds: Float64, least: float) -> Bool:
    """The mask without stretches that last shorter; rows of draws are looked at apart."""
    if not least:
        return mask
    flat = mask.reshape(-1, mask.shape[-1])
    padded = np.zeros((flat.shape[0], flat.shape[1] + 1), np.int8)
    padded[:, :-1] = flat
    line = np.concatenate([[0], padded.ravel()])
    starts, stops = edges(line > 0)
    width = padded.shape[1]
    ends = np.concatenate([[0.0], np.cumsum(seconds)])
    starts, stops = starts - 1, stops - 1
    lasts = ends[stops % width] - ends[starts % width]
    change = np.zeros(padded.size + 1, np.int8)
    kept = lasts >= least - 1e-9
    change[starts[kept]] += 1
    change[stops[kept]] -= 1
    return np.asarray(
        (np.cumsum(change[:-1], dtype=np.int8) > 0).reshape(padded.shape)[:, :-1].reshape(mask.shape)
    )


def edges(mask: Bool) -> tuple[Int64, Int64]:
    """First rows of the stretches of a mask, and the rows after their last, shapes (k,)."""
    change = np.diff(np.concatenate([[0], mask.view(np.int8), [0]]))
    return np.flatnonzero(change == 1), np.flatnonzero(change == -1)
