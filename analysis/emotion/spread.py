"""Intervals from draws, and resampling a course of time whose neighbours are alike.

An interval holds 90 % of the draws. Away from the ends of the scale five of a hundred lie on either side of it. A
value that cannot be below 0 often is exactly 0 in many draws; then the interval begins at 0 and the ten of a
hundred that it leaves out all lie above, because an interval that left out five would hold more than it says.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.facs.series import Float64, Int64

#: Share of the draws that an interval holds; the same as of the intervals of intensities.
HOLDS: Final = 0.90
#: Draws this close to an end of the scale are at the end.
_AT_END: Final = 1e-6


def interval(draws: NDArray[np.floating], lowest: float = 0.0, highest: float = 1.0) -> tuple[Float64, Float64]:
    """Ends of the interval that holds 90 % of the draws.

    Parameters
    ----------
    draws : float array, shape (..., d)
        In the last axis the draws of one value; without NaN.
    lowest, highest : float
        Ends of the scale.

    Returns
    -------
    float64, float64, shapes (...)
    """
    ordered = np.sort(np.asarray(draws, np.float64), axis=-1)
    out = 1 - HOLDS
    low, high = _quantile(ordered, out / 2), _quantile(ordered, 1 - out / 2)
    floor, ceiling = low <= lowest + _AT_END, high >= highest - _AT_END
    low = np.where(floor, lowest, np.where(ceiling, _quantile(ordered, out), low))
    high = np.where(ceiling, highest, np.where(floor, _quantile(ordered, 1 - out), high))
    return low, high


def _quantile(ordered: Float64, share: float) -> Float64:
    """Linear between neighbours, of what is in order already."""
    at = share * (ordered.shape[-1] - 1)
    below = int(at)
    above = min(below + 1, ordered.shape[-1] - 1)
    found: Float64 = ordered[..., below] + (at - below) * (ordered[..., above] - ordered[..., below])
    return found


def block_length(values: Float64, longest: int | None = None) -> int:
    """How many neighbours belong together when a course of time is resampled in blocks.

    The automatic choice of Politis & White (2004, Econometric Reviews 23(1):53–70) as corrected by Patton, Politis
    & White (2009, Econometric Reviews 28(4):372–375), for blocks that wrap around: from the autocorrelations up to
    twice the lag from which on five in a row are not distinguishable from none.

    Parameters
    ----------
    values : float64, shape (n,)
        Equally spaced, without NaN.
    longest : int, optional
        No block is longer; a quarter of the course when left out, so that there are at least four.

    Returns
    -------
    int
        At least 1.
    """
    count = len(values)
    limit = max(1, count // 4 if longest is None else longest)
    centred = values - values.mean() if count else values
    variance = float(centred @ centred) / count if count else 0.0
    if count < 8 or variance <= 1e-18:
        return 1
    in_a_row = max(5, int(np.ceil(np.sqrt(np.log10(count)))))
    furthest = min(count - 1, int(np.ceil(np.sqrt(count))) + in_a_row)
    covariance = np.array([float(centred[: count - k] @ centred[k:]) / count for k in range(furthest + 1)])
    quiet = np.abs(covariance[1:]) / variance < 2 * np.sqrt(np.log10(count) / count)
    runs = np.convolve(quiet, np.ones(in_a_row, int), "valid") == in_a_row
    found = np.flatnonzero(runs)
    last_loud = np.flatnonzero(~quiet)
    cut = int(found[0]) if len(found) else (int(last_loud[-1]) + 1 if len(last_loud) else 1)
    reach = min(2 * max(cut, 1), furthest)
    lags = np.arange(-reach, reach + 1)
    shape = np.clip(2 * (1 - np.abs(lags) / reach), 0, 1)  # flat up to half the reach, then falling to 0
    weighted = shape * covariance[np.abs(lags)]
    moved, total = float((np.abs(lags) * weighted).sum()), float(weighted.sum())
    if total <= 0:
        return 1
    length = (1.5 * moved**2 / total**2 * count) ** (1 / 3)  # 2 G² / D with D = 4/3 total² (circular blocks)
    return int(np.clip(np.ceil(length), 1, limit))


def blocks(count: int, length: int, draws: int, rng: np.random.Generator) -> Int64:
    """Moving blocks that wrap around the end: for every draw which places of the course it takes.

    Parameters
    ----------
    count : int
        Length of the course.
    length : int
        Of a block.
    draws : int
    rng : numpy Generator

    Returns
    -------
    int64, shape (draws, count)
        Places, 0 to ``count`` − 1. Every place is equally likely (Politis & Romano 1992, circular blocks).
    """
    needed = -(-count // length)
    starts = rng.integers(0, count, (draws, needed, 1))
    places = (starts + np.arange(length)) % count
    return np.asarray(places.reshape(draws, needed * length)[:, :count], np.int64)
