"""Draws as values with intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.emotion.figures import ALL, scale
from analysis.emotion.spread import interval
from analysis.facs.series import Float64


def told(draws: NDArray[np.floating]) -> tuple[Float64, Float64, Float64]:
    """Mean of the draws and the ends of the 90 % interval, of everything at once.

    Parameters
    ----------
    draws : float array, shape (..., all, d)
        In the order of `ALL`.

    Returns
    -------
    value, low, high : float64, shapes (..., all)
    """
    value = draws.mean(axis=-1, dtype=np.float64)
    low, high = np.empty_like(value), np.empty_like(value)
    for at, state in enumerate(ALL):
        bottom, top = scale(state)
        own_low, own_high = interval(draws[..., at, :], bottom, top)
        middle = np.clip(value[..., at], bottom, top)
        value[..., at] = middle
        low[..., at] = np.minimum(own_low, middle)
        high[..., at] = np.maximum(own_high, middle)
    return value, low, high
