"""A whole session's wording: mean probabilities with intervals that respect likeness of neighbours."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.types import Float32

RESAMPLES: Final = 1000
FEWEST: Final = 8
"""Units below which no interval is given: with fewer blocks the bootstrap's tails are only the data's extremes. A
choice of ours."""
COVERS: Final = (
    "The intervals say where the mean would lie, nine times in ten, had the same talk gone on in other sentences. "
    "They do not cover what the classifier gets wrong, nor what a speaker felt and did not say."
)


def mean_with_interval(values: Float32, *, seed: int = 0) -> dict[str, NDArray[np.float64]]:
    """Means of columns and the ends of their 90 % intervals.

    Circular block bootstrap (Politis & Romano 1992) with blocks of the cube root of n, the order of their best
    length (Hall, Horowitz & Jing 1995, Biometrika 82).

    Parameters
    ----------
    values : float32, shape (n, k)
        One row for each unit, in order.
    seed : int
        The same seed gives the same interval.

    Returns
    -------
    dict
        ``mean``, ``low``, ``high``, each (k,); ends are NaN below :data:`FEWEST` rows, and all without rows.
    """
    count, columns = values.shape
    nothing = np.full(columns, np.nan)
    if count == 0:
        return {"mean": nothing, "low": nothing, "high": nothing}
    table = values.astype(np.float64)
    mean = table.mean(0)
    if count < FEWEST:
        return {"mean": mean, "low": nothing, "high": nothing}
    length = max(1, round(count ** (1 / 3)))
    blocks = -(-count // length)
    starts = np.random.default_rng(seed).integers(0, count, (RESAMPLES, blocks))
    sums = np.cumsum(
        np.vstack([np.zeros(columns), table, table[:length]]), axis=0
    )  # of any block in one subtraction
    drawn = (sums[starts + length] - sums[starts]).sum(1) / (blocks * length)
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    return {"mean": mean, "low": low, "high": high}


def summary(names: list[str], values: Float32, *, seed: int = 0) -> dict[str, dict[str, float | None]]:
    """By name mean, low and high, rounded; None where there is none."""
    found = mean_with_interval(values, seed=seed)
    return {
        name: {key: _rounded(found[key][number]) for key in ("mean", "low", "high")}
        for number, name in enumerate(names)
    }


def _rounded(value: Any) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
