"""Coefficients of agreement for categories, from tables of counts.

Every function takes whole stacks of tables (the last axes are the table), so that a bootstrap is one call. What a
table does not define is NaN. Categories are 0, 1, …, in order where a level has an order.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float64 = NDArray[np.float64]
Level = Literal["nominal", "ordinal", "interval"]
Weights = Literal["none", "linear", "squared"]


def wexler(first: Collection[Any], second: Collection[Any]) -> float:
    """Wexler's ratio, the index of Ekman and Friesen: 2·|A∩B| / (|A| + |B|).

    Parameters
    ----------
    first, second : collection
        What the two coders scored, each code once.

    Returns
    -------
    float
        0–1; NaN where neither scored anything.
    """
    a, b = set(first), set(second)
    return float(dice(len(a & b), len(a - b), len(b - a)))


def dice(both: ArrayLike, first_only: ArrayLike, second_only: ArrayLike) -> Float64:
    """The same index from counts: twice what both have by all that either has. It is also F1.

    Parameters
    ----------
    both, first_only, second_only : array_like of one shape
    """
    shared = 2 * np.asarray(both, np.float64)
    return ratio(shared, shared + np.asarray(first_only, np.float64) + np.asarray(second_only, np.float64))


def observed(table: ArrayLike) -> Float64:
    """Share of the units on which two coders agree.

    Parameters
    ----------
    table : array_like, shape (..., k, k)
        Units by the first coder's category (rows) and the second's (columns).
    """
    counts = np.asarray(table, np.float64)
    return ratio(np.trace(counts, axis1=-2, axis2=-1), counts.sum((-2, -1)))


def cohen_kappa(table: ArrayLike, weights: Weights = "none") -> Float64:
    """Cohen's κ (1960), or weighted κ (1968) for categories in order.

    Parameters
    ----------
    table : array_like, shape (..., k, k)
        Units by the first coder's category (rows) and the second's (columns).
    weights : {"none", "linear", "squared"}
        How disagreement grows with the distance of the categories.

    Returns
    -------
    float64, shape (...)
        NaN without units and where chance alone would agree always (both used one and the same category).
    """
    counts = np.asarray(table, np.float64)
    size = counts.shape[-1]
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size))).astype(np.float64)
    cost = {"none": (apart > 0).astype(np.float64), "linear": apart, "squared": apart**2}[weights]
    whole = counts.sum((-2, -1))
    expected = counts.sum(-1)[..., :, None] * counts.sum(-2)[..., None, :]
    # Both disagreements times the number of units, so that integer counts stay exact.
    return 1 - ratio((counts * cost).sum((-2, -1)) * whole, (expected * cost).sum((-2, -1)))


def gwet_ac1(table: ArrayLike) -> Float64:
    """Gwet's AC1 (2008) of two coders: chance agreement does not fall where a category is rare.

    Parameters
    ----------
    table : array_like, shape (..., k, k)
        All k categories that could be used, used or not.
    """
    counts = np.asarray(table, np.float64)
    use = (counts.sum(-1) + counts.sum(-2)) / 2
    return ac1(np.trace(counts, axis1=-2, axis2=-1), counts.sum((-2, -1)), use, counts.sum((-2, -1)))


def gwet_ac1_of(ratings: ArrayLike, categories: int | None = None) -> float:
    """Gwet's AC1 of two or more coders, some of whom may have left units out.

    Parameters
    ----------
    ratings : array_like, shape (units, coders)
        Categories as numbers, NaN where a coder gave none.
    categories : int, optional
        How many could be used; those that were used when not given.
    """
    by_value, values = tally(ratings)
    raters = by_value.sum(1)
    twice = raters >= 2
    share = ratio((by_value * (by_value - 1)).sum(1)[twice], (raters * (raters - 1))[twice])
    use = by_value[raters > 0] / raters[raters > 0, None]
    unused = max(0, (categories or len(values)) - len(values))
    return float(ac1(share.sum(), twice.sum(), np.pad(use.sum(0), (0, unused)), np.asarray((raters > 0).sum())))


def ac1(agreeing: ArrayLike, judged: ArrayLike, use: ArrayLike, units: ArrayLike) -> Float64:
    """AC1 from sums over units.

    Parameters
    ----------
    agreeing, judged : array_like, shape (...)
        Sum of each unit's share of coder pairs that agree; number of units with two coders or more.
    use : array_like, shape (..., k)
        Sum of each unit's share of coders for each category.
    units : array_like, shape (...)
        Units with any coder.
    """
    prevalence = ratio(use, np.asarray(units, np.float64)[..., None])
    size = prevalence.shape[-1]
    if size < 2:
        return np.full(np.shape(judged), np.nan)
    chance = (prevalence * (1 - prevalence)).sum(-1) / (size - 1)
    found: Float64 = (ratio(agreeing, judged) - chance) / (1 - chance)
    return found


def tally(ratings: ArrayLike) -> tuple[Float64, Float64]:
    """How many coders gave each value to each unit, shape (units, values), and the values, ascending."""
    given = np.asarray(ratings, np.float64)
    values = np.unique(given[~np.isnan(given)])
    return (given[:, :, None] == values).sum(1).astype(np.float64), values


def krippendorff_alpha_of(ratings: ArrayLike, level: Level = "nominal") -> float:
    """Krippendorff's α of two or more coders, some of whom may have left units out.

    Parameters
    ----------
    ratings : array_like, shape (units, coders)
        Values as numbers, NaN where a coder gave none.
    level : {"nominal", "ordinal", "interval"}
        What differences of values mean.
    """
    by_value, values = tally(ratings)
    by_value = by_value[by_value.sum(1) >= 2]
    if not by_value.size:
        return float("nan")
    weight = 1 / (by_value.sum(1) - 1)
    coincidence = np.einsum("u,uc,uk->ck", weight, by_value, by_value) - np.diag(weight @ by_value)
    return float(krippendorff_alpha(coincidence, level, values))


def krippendorff_alpha(
    coincidence: ArrayLike, level: Level = "nominal", values: ArrayLike | None = None
) -> Float64:
    """Krippendorff's α from coincidences (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability").

    Parameters
    ----------
    coincidence : array_like, shape (..., k, k)
        Pairs of values within units, each unit's pairs divided by its number of coders less one. For two coders it
        is their table plus its transpose.
    level : {"nominal", "ordinal", "interval"}
    values : array_like, shape (k,), optional
        The numbers, for intervals; 0, 1, … when not given.

    Returns
    -------
    float64, shape (...)
        NaN where only one value was used: without variance there is nothing to be reliable about.
    """
    pairs = np.asarray(coincidence, np.float64)
    used = pairs.sum(-1)
    difference = _squared_difference(used, level, values)
    apart = (pairs * difference).sum((-2, -1))
    by_chance = (used[..., :, None] * used[..., None, :] * difference).sum((-2, -1))
    return 1 - ratio(apart * (used.sum(-1) - 1), by_chance)


def _squared_difference(used: Float64, level: Level, values: ArrayLike | None) -> Float64:
    size = used.shape[-1]
    if level == "nominal":
        return 1 - np.eye(size)
    if level == "interval":
        numbers = np.arange(size, dtype=np.float64) if values is None else np.asarray(values, np.float64)
        out: Float64 = np.subtract.outer(numbers, numbers) ** 2
        return out
    # Ranks lie between two values as many as were used there, half of those at either end.
    place = np.cumsum(used, -1) - used / 2
    ranks: Float64 = (place[..., :, None] - place[..., None, :]) ** 2
    return ranks


def ratio(part: ArrayLike, whole: ArrayLike) -> Float64:
    """Quotient; NaN where the whole is 0."""
    above, below = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    nothing = below == 0
    out: Float64 = np.where(nothing, np.nan, above / np.where(nothing, 1.0, below))
    return out
