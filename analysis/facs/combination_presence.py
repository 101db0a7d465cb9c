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
    return np.asarray(np.clip((values - start) / (at + HALF_STEP - start), 0.0, 1.0))


def membership(
    values: Mapping[str, Float64],
    combination: Combination,
    *,
    origin: str = "machine",
    seconds: Float64 | None = None,
) -> Float64:
    """Graded presence of a combination, the largest of its variants.

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
        scored count; excluded units that were not scored do not. 0-dimensional NaN when nothing of it was scored.
    """
    known = {key: array for key, array in values.items() if array.size and not bool(np.isnan(array).all())}
    best: Float64 = np.asarray(np.nan)
    for variant in combination.variants:
        if variant.origin in {"", origin}:
            best = np.fmax(best, _variant(known, variant, origin, seconds))
    return _spread(best, values)


def _spread(found: Float64, values: Mapping[str, Float64]) -> Float64:
    """NaN over all frames instead of a single NaN."""
    if found.ndim or not values:
        return found
    shape = np.broadcast_shapes(*(array.shape for array in values.values()))
    return np.full(shape, float(found))


def _variant(values: Mapping[str, Float64], variant: Variant, origin: str, seconds: Float64 | None) -> Float64:
    sides = ("L", "R") if variant.unilateral else ("",)
    best: Float64 = np.asarray(np.nan)
    for side in sides:
        parts = [_any_of(values, group, side, origin) for group in variant.required]
        if variant.score is not None:
            parts.append(_score(values, variant.score, origin))
        if variant.share is not None:
            parts.append(_share(values, variant.share, seconds))
        weakest = parts[0]
        for part in parts[1:]:
            weakest = np.minimum(weakest, part)
        for unit in variant.excluded:
            there = _unit(values, unit, side, origin)
            weakest = np.where(np.isnan(there), weakest, np.minimum(weakest, 1 - there))
        best = np.fmax(best, weakest)
    return best


def _any_of(values: Mapping[str, Float64], group: AnyOf, side: str, origin: str) -> Float64:
    best: Float64 = np.asarray(np.nan)
    for unit in group:
        best = np.fmax(best, _unit(values, unit, side, origin))
    return best


def _unit(values: Mapping[str, Float64], unit: Unit, side: str, origin: str) -> Float64:
    nothing: Float64 = np.asarray(np.nan)
    at = minimum(unit, origin)
    if unit.side == "any":
        return ramp(values.get(unit.code, nothing), at)
    left, right = (values.get(f"{unit.code}_{end}", nothing) for end in "LR")
    if unit.side == "both":
        return np.minimum(ramp(left, at), ramp(right, at))
    first = {"left": "L", "right": "R"}.get(unit.side, side)
    own, other = (left, right) if first == "L" else (right, left)
    share = other / np.maximum(own, 1e-6)
    return np.minimum(ramp(own, at), np.clip((1.5 * ALONE - share) / ALONE, 0.0, 1.0))


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


def _score(values: Mapping[str, Float64], score: Score, origin: str) -> Float64:
    total, count = score_values(values, score, origin)
    return np.asarray(np.minimum(ramp(total, score.least), np.clip(count - score.least_parts + 1, 0.0, 1.0)))


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


def _share(values: Mapping[str, Float64], share: Share, seconds: Float64 | None) -> Float64:
    if seconds is None:
        return np.asarray(np.nan)
    found = share_values(values, share, seconds)
    return np.asarray(np.clip(found / share.least - 0.5, 0.0, 1.0))


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
