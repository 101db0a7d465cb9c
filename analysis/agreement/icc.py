"""Intraclass correlations of Shrout & Fleiss (1979, doi:10.1037/0033-2909.86.2.420): two-way, single measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.agreement.coefficients import ratio

Float64 = NDArray[np.float64]
#: What is 0 in exact arithmetic is at most this part of the sums it is made of.
_NOISE: Final = 1e-10


@dataclass(frozen=True, slots=True)
class Icc:
    """ICC(2,1) and ICC(3,1) with the F-based intervals of Shrout & Fleiss.

    The intervals take units as independent, which frames of a video are not: there only a bootstrap over
    participants or segments is honest.

    Attributes
    ----------
    icc2, icc2_low, icc2_high : float
        Absolute agreement: a constant offset between coders counts against them. NaN where undefined.
    icc3, icc3_low, icc3_high : float
        Consistency: an offset is forgiven.
    units, coders : int
    """

    icc2: float
    icc2_low: float
    icc2_high: float
    icc3: float
    icc3_low: float
    icc3_high: float
    units: int
    coders: int


def icc(scores: ArrayLike, level: float = 0.95) -> Icc:
    """Intraclass correlations of a complete table of scores.

    Parameters
    ----------
    scores : array_like, shape (units, coders)
        Rows with a NaN are left out.
    level : float
        Of the intervals.

    Raises
    ------
    ValueError
        Not two-dimensional, or fewer than two coders.
    """
    table = np.asarray(scores, np.float64)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ValueError(f"expected units by at least two coders, got shape {table.shape}")
    table = table[~np.isnan(table).any(1)]
    units, coders = table.shape
    if units < 2:
        nan = float("nan")
        return Icc(nan, nan, nan, nan, nan, nan, units, coders)
    rows, columns, grand = table.mean(1), table.mean(0), table.mean()
    between = coders * np.square(rows - grand).sum() / (units - 1)
    judges = units * np.square(columns - grand).sum() / (coders - 1)
    left = table - rows[:, None] - columns[None, :] + grand
    error = np.square(left).sum() / ((units - 1) * (coders - 1))
    two, three = _from_mean_squares(between, judges, error, units, coders)
    return Icc(
        float(two),
        *_interval_2(float(two), between, judges, error, units, coders, level),
        float(three),
        *_interval_3(between, error, units, coders, level),
        units,
        coders,
    )


def icc_from_sums(
    units: ArrayLike, totals: ArrayLike, squares: ArrayLike, row_squares: ArrayLike
) -> tuple[Float64, Float64]:
    """ICC(2,1) and ICC(3,1) from sums over units, for whole stacks at once.

    Parameters
    ----------
    units : array_like, shape (...)
    totals : array_like, shape (..., coders)
        Each coder's sum of scores.
    squares : array_like, shape (...)
        Sum of all squared scores.
    row_squares : array_like, shape (...)
        Sum over units of the squared sum over coders.
    """
    n, by_coder = np.asarray(units, np.float64), np.asarray(totals, np.float64)
    coders = by_coder.shape[-1]
    correction = ratio(by_coder.sum(-1) ** 2, n * coders)
    all_ = np.asarray(squares, np.float64) - correction
    rows = np.asarray(row_squares, np.float64) / coders - correction
    columns = ratio((by_coder**2).sum(-1), n) - correction
    # What is 0 in exact arithmetic must not become a variance through rounding.
    noise = _NOISE * np.maximum(np.asarray(squares, np.float64), 1)
    rows, columns, left = (np.where(part < noise, 0.0, part) for part in (rows, columns, all_ - rows - columns))
    between = ratio(rows, n - 1)
    judges = columns / (coders - 1)
    error = ratio(left, (n - 1) * (coders - 1))
    return _from_mean_squares(between, judges, error, n, coders)


def _from_mean_squares(
    between: ArrayLike, judges: ArrayLike, error: ArrayLike, units: ArrayLike, coders: int
) -> tuple[Float64, Float64]:
    b, j, e = (np.asarray(part, np.float64) for part in (between, judges, error))
    spread = b + (coders - 1) * e
    return ratio(b - e, spread + coders * (j - e) / np.asarray(units, np.float64)), ratio(b - e, spread)


def _interval_2(
    value: float, between: float, judges: float, error: float, units: int, coders: int, level: float
) -> tuple[float, float]:
    # Without error there is no F to speak of; rounding must not stand for one.
    if np.isnan(value) or error <= _NOISE * (between + judges):
        return float("nan"), float("nan")
    from scipy.special import fdtri  # as in matching: loaded by who compares

    tail = 1 - (1 - level) / 2
    f = judges / error
    n, k = units, coders
    weight = n * (1 + (k - 1) * value) - k * value
    below = (n - 1) * (k * value * f) ** 2 + weight**2
    if not below:
        return float("nan"), float("nan")
    freedom = (k - 1) * (n - 1) * (k * value * f + weight) ** 2 / below
    upper = fdtri(n - 1, freedom, tail)
    lower = fdtri(freedom, n - 1, tail)
    low = n * (between - upper * error) / (upper * (k * judges + (k * n - k - n) * error) + n * between)
    high = n * (lower * between - error) / (k * judges + (k * n - k - n) * error + n * lower * between)
    return float(low), float(high)


def _interval_3(between: float, error: float, units: int, coders: int, level: float) -> tuple[float, float]:
    if error <= _NOISE * between:
        return float("nan"), float("nan")
    from scipy.special import fdtri

    tail = 1 - (1 - level) / 2
    f = between / error
    freedom = (units - 1) * (coders - 1)
    lower = f / fdtri(units - 1, freedom, tail)
    upper = f * fdtri(freedom, units - 1, tail)
    return float((lower - 1) / (lower + coders - 1)), float((upper - 1) / (upper + coders - 1))
