"""From inputs to an indicator: value, interval, decomposition, sensitivity, or the reasons why there is none.

A formula is a weighted mean of inputs that were brought to 0–1, times 100. Its 90 % interval comes from draws.
Each draw resamples blocks of the session's cells (what another stretch of the session could have shown), moves
every input within its own interval of measurement (one shift for the whole session: errors of one measure are
taken to go together), and puts anything between 0 and 1 where an input is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.facs.series import Float64
from analysis.indicators.engagement import Part
from analysis.indicators.formulas import Indicator, Term
from analysis.indicators.grid import Grid, block_counts, block_length
from analysis.indicators.measures import KINDS
from analysis.indicators.permission import Limits
from analysis.indicators.statement import EXPLORATORY

DRAWS: Final = 1000
LEVEL: Final = 0.9
MOMENTS: Final = 5
#: Standard normal deviate at the end of a 90 % interval.
Z: Final = 1.6449
#: With fewer events (or cells that differ) resampling would find next to no spread; a prior's spread is drawn
#: instead: Gamma for rates, Beta for shares, both Jeffreys'.
_SPARSE: Final = 5
#: What the interval is about, for files and pages.
COVERS: Final = (
    "Where the value would be for other stretches of the same session and other errors of the same measurements, "
    "in 90 of 100 cases, if the inputs' own intervals are right. It does not cover whether the formula measures "
    "what its name says: no study shows that."
)


@dataclass(frozen=True)
class Drawn:
    """One input of one face.

    Attributes
    ----------
    part : Part or None
        Sums by cell; None where it is missing.
    why : str
        Why it is missing.
    value : float
    draws : float64, shape (DRAWS,)
        NaN where a draw does not define it.
    """

    part: Part | None
    why: str
    value: float
    draws: Float64

    @property
    def interval(self) -> tuple[float, float]:
        """Ends of the 90 % interval; they hold the value."""
        low, high = np.nanquantile(self.draws, ((1 - LEVEL) / 2, (1 + LEVEL) / 2)).tolist()
        return min(low, self.value), max(high, self.value)


def draw(
    part: Part | str, kind: str, limits: tuple[float, float], counts: NDArray[np.float32], seed: Sequence[int]
) -> Drawn:
    """An input's value and its draws.

    Parameters
    ----------
    part : Part or str
        Sums by cell, or why there are none.
    kind : str
        ``rate``, ``share`` or ``mean``.
    limits : (float, float)
        Range of the input; draws are cut off there.
    counts : float32, shape (draws, cells)
        How often each cell counts in each draw.
    seed : sequence of int
        Of this input, so that another formula finds the same draws.
    """
    if isinstance(part, str):
        return Drawn(None, part, np.nan, np.full(len(counts), np.nan))
    rng = np.random.default_rng(list(seed))
    num, den, low, high = (
        counts @ array.astype(np.float32) for array in (part.num, part.den, part.low, part.high)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        den = np.where(den > 0, den, np.nan)  # a resample may hold nothing of what is rare
        values = np.asarray(num / den, np.float64)
        shift = rng.standard_normal(len(counts)) / Z
        moved = np.where(shift > 0, shift * np.maximum(high - num, 0), shift * np.maximum(num - low, 0)) / den
    total, seconds = float(part.num.sum()), float(part.den.sum())
    thin = _thin(part, kind)
    if thin and kind == "rate":
        values = rng.gamma(total + 0.5, 1.0, len(counts)) / seconds
    elif thin:
        blocks = max(1.0, np.count_nonzero(part.den) / block_length(len(part.den)))
        share = min(1.0, total / seconds)
        values = rng.beta(0.5 + share * blocks, 0.5 + (1 - share) * blocks, len(counts))
    value = float(np.clip(total / seconds, *limits))
    return Drawn(part, "", value, np.clip(values + np.nan_to_num(moved), *limits))


def _thin(part: Part, kind: str) -> bool:
    if kind == "rate":
        return float(part.num.sum()) < _SPARSE
    if kind == "share":
        some = np.count_nonzero(part.num > 0)
        rest = np.count_nonzero(part.den - part.num > 1e-9)
        return bool(min(some, rest) < _SPARSE)
    return False


def drawn_inputs(
    parts: Mapping[str, Part | str],
    ranges: Mapping[str, tuple[float, float]],
    measures: Mapping[str, str],
    grid: Grid,
    *,
    seed: int,
    face: int,
) -> dict[str, Drawn]:
    """All inputs of a face on the same resampled cells."""
    counts = block_counts(grid.cells, DRAWS, np.random.default_rng([seed, face]))
    return {
        name: draw(part, KINDS.get(measures[name], "mean"), ranges[name], counts, (seed, face, *name.encode()))
        for name, part in parts.items()
    }


def evaluate(
    indicator: Indicator,
    inputs: Mapping[str, Drawn],
    grid: Grid,
    limits: Limits,
    reasons: Sequence[str],
    *,
    seed: int,
) -> dict[str, Any]:
    """One indicator of one face as a plain mapping, the form of indicators.json.

    Parameters
    ----------
    indicator : Indicator
    inputs : mapping of str to Drawn
        At least those of the formula.
    grid : Grid
    limits : Limits
    reasons : sequence of str
        Why there can be no value, from quality and duration.
    seed : int
        Of the draws for missing inputs.
    """
    weights = np.array([term.weight for term in indicator.terms])
    weights = weights / weights.sum()
    known = np.array([inputs[term.input.id].part is not None for term in indicator.terms])
    points = np.array([_points(term, inputs[term.input.id].value) for term in indicator.terms])
    draws = np.stack([_points(term, inputs[term.input.id].draws) for term in indicator.terms])
    empty = ~np.isfinite(draws)
    draws[empty] = np.random.default_rng([seed, 1]).random(int(empty.sum()))
    missing = float(weights[~known].sum())
    why = list(reasons)
    if missing > limits.most_missing:
        names = ", ".join(
            term.input.label for term, there in zip(indicator.terms, known, strict=True) if not there
        )
        why.append(
            f"{missing:.0%} of the formula's weight is not measured ({names}); "
            f"at most {limits.most_missing:.0%} may be."
        )
    value = 100 * float(weights @ points)
    low, high = (100 * np.quantile(weights @ draws, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))).tolist()
    low, high = min(low, value), max(high, value)
    if not why and high - low > limits.widest:
        why.append(f"The interval spans {high - low:.0f} of the 100 points: that says next to nothing.")
    rows = [
        _row(term, inputs[term.input.id], float(weight), float(point), grid)
        for term, weight, point in zip(indicator.terms, weights, points, strict=True)
    ]
    given = not why
    return {
        **{key: getattr(indicator, key) for key in ("id", "name", "version", "author", "date", "note")},
        "word": EXPLORATORY,
        "value": round(value, 1) if given else None,
        "low": round(low, 1) if given else None,
        "high": round(high, 1) if given else None,
        "why": why,
        "missing_weight": round(missing, 3),
        "inputs": rows,
        "sensitivity": _sensitivity(indicator, inputs, weights, points) if given else [],
    }


def refused(indicator: Indicator, reasons: Sequence[str]) -> dict[str, Any]:
    """An indicator that may not be computed: no value, no inputs."""
    return {
        **{key: getattr(indicator, key) for key in ("id", "name", "version", "author", "date", "note")},
        "word": EXPLORATORY,
        **dict.fromkeys(("value", "low", "high", "missing_weight")),
        "why": list(reasons),
        "inputs": [],
        "sensitivity": [],
    }


def _points(term: Term, value: Any) -> Any:
    """Share of the input's own points, 0–1; the middle where the input is missing."""
    part = np.clip((np.asarray(value, np.float64) - term.low) / (term.high - term.low), 0.0, 1.0)
    part = part if term.direction == "raises" else 1 - part
    if part.ndim == 0:
        return 0.5 if np.isnan(part) else float(part)
    return part


def _row(term: Term, one: Drawn, weight: float, point: float, grid: Grid) -> dict[str, Any]:
    there = one.part is not None
    low, high = one.interval if there else (np.nan, np.nan)
    return {
        "id": term.input.id,
        "label": term.input.label,
        "unit": term.input.unit,
        "channel": term.input.channel,
        "file": term.input.file,
        "value": _plain(one.value),
        "low": _plain(low),
        "high": _plain(high),
        "missing": one.why or None,
        "weight": round(weight, 4),
        "direction": term.direction,
        "anchors": [term.low, term.high],
        "normalised": round(point, 4),
        "points": round(100 * weight * point, 2),
        "most": round(100 * weight, 2),
        "moments": _moments(term, one, weight, grid) if there else [],
        "why": term.why,
        "sources": list(term.sources),
    }


def _moments(term: Term, one: Drawn, weight: float, grid: Grid) -> list[dict[str, Any]]:
    """Stretches that move the input away from its low anchor, and the points that they give or take.

    Over all cells the points add up to what the input has given (``raises``) or taken off its most (``lowers``).
    """
    assert one.part is not None
    share = (one.part.num - term.low * one.part.den) / (one.part.den.sum() * (term.high - term.low))
    total = float(share.sum())
    if total <= 0:
        return []
    share = share * min(total, 1.0) / total  # beyond the high anchor more counts for no more
    signed = 100 * weight * share * (1 if term.direction == "raises" else -1)
    return [
        {"start_us": start, "end_us": end, "points": round(points, 2)}
        for start, end, points in grid.moments(signed, MOMENTS)
    ]


def _sensitivity(
    indicator: Indicator, inputs: Mapping[str, Drawn], weights: Float64, points: Float64
) -> list[dict[str, Any]]:
    """The value with one input at either end of its interval, and without it; the rest as it is."""
    total = float(weights @ points)
    out = []
    for number, term in enumerate(indicator.terms):
        one = inputs[term.input.id]
        ends = one.interval if one.part is not None else (term.low, term.high)
        moved = [total + weights[number] * (_points(term, end) - points[number]) for end in ends]
        without = (total - weights[number] * points[number]) / (1 - weights[number])
        out.append(
            {
                "input": term.input.id,
                "at_low": round(100 * float(moved[0]), 1),
                "at_high": round(100 * float(moved[1]), 1),
                "without": round(100 * float(without), 1),
            }
        )
    return out


def _plain(value: float) -> float | None:
    return None if not np.isfinite(value) else round(float(value), 4)
