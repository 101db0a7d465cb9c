"""Percentile bootstrap over clusters, on counts: participants, or segments of recordings.

Frames of one event are not independent, so frames are never drawn; whole participants or segments are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


def draws(clusters: int, resamples: int, seed: int) -> Float64:
    """How often each cluster counts: first once each (the sample itself), then in every resample.

    Parameters
    ----------
    clusters, resamples : int
    seed : int

    Returns
    -------
    float64, shape (1 + resamples, clusters)
        Every row sums to the number of clusters. With fewer than two there is nothing to draw: one row.
    """
    sample = np.ones((1, clusters))
    if clusters < 2 or not resamples:
        return sample
    drawn = np.random.default_rng(seed).multinomial(clusters, np.full(clusters, 1 / clusters), size=resamples)
    return np.concatenate([sample, drawn.astype(np.float64)])


def interval(values: ArrayLike, level: float) -> tuple[Float64, Float64]:
    """Percentile interval of the resamples of many figures.

    Parameters
    ----------
    values : array_like, shape (1 + resamples, n)
        The sample's figures, then the resamples'. A resample that does not define a figure is left out of it.
    level : float

    Returns
    -------
    low, high : float64, shape (n,)
        NaN where fewer than half of the resamples define the figure: the rest would be a choice, not a sample.
    """
    resampled = np.sort(np.asarray(values, np.float64)[1:], axis=0)  # NaN goes to the end
    size, figures = resampled.shape
    if not size:
        return np.full(figures, np.nan), np.full(figures, np.nan)
    known = np.isfinite(resampled).sum(0)
    ends = []
    for share in ((1 - level) / 2, 1 - (1 - level) / 2):
        place = share * np.maximum(known - 1, 0)
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, np.maximum(known - 1, 0))
        column = np.arange(figures)
        low, high = resampled[below, column], resampled[above, column]
        ends.append(np.where(known * 2 >= size, low + (high - low) * (place - below), np.nan))
    return ends[0], ends[1]


def medians(weights: Float64, clusters: Int64, values: Float64) -> Float64:
    """Median of values in the sample and in every resample.

    Parameters
    ----------
    weights : float64, shape (r, clusters)
        From `draws`.
    clusters : int64, shape (n,)
        Place of each value's cluster.
    values : float64, shape (n,)
        Without NaN.

    Returns
    -------
    float64, shape (r,)
        NaN where a resample has no value.
    """
    if not len(values):
        return np.full(len(weights), np.nan)
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    counts = np.cumsum(weights[:, clusters[order]], axis=1)
    total = counts[:, -1]
    last = len(values) - 1
    # The middle two of an even number; the same one twice of an odd number.
    lower = np.minimum((counts < np.ceil(total / 2)[:, None]).sum(1), last)
    upper = np.minimum((counts < (np.floor(total / 2) + 1)[:, None]).sum(1), last)
    found: Float64 = np.where(total > 0, (ordered[lower] + ordered[upper]) / 2, np.nan)
    return found
