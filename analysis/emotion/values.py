"""Draws as values with intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.emotion.figures import ALL, OTHER, STATES, scale
from analysis.emotion.parameters import Parameters
from analysis.emotion.spread import interval
from analysis.facs.series import Float64


def told(draws: NDArray[np.floating], given: Parameters) -> tuple[Float64, Float64, Float64]:
    """Mean of the draws and the ends of the 90 % interval, of everything at once.

    The draws know each code's error, but not that the weakest score of a combination is more often too low than
    too high: they give the state too little and ``other`` too much. So the upper half of a state's interval and
    the lower half of other's are stretched by what that takes on generated sessions.

    Parameters
    ----------
    draws : float array, shape (..., all, d)
        In the order of `ALL`.
    given : Parameters

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
        down = given.widening.other if state == OTHER else 1.0
        up = given.widening.shown if state in STATES else 1.0
        low[..., at] = np.clip(middle - down * np.maximum(middle - own_low, 0), bottom, top)
        high[..., at] = np.clip(middle + up * np.maximum(own_high - middle, 0), bottom, top)
        value[..., at] = middle
    return value, low, high
