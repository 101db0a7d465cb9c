"""What codes that were not scored may have changed."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.emotion.figures import ALL, DIMENSIONS, SHOWN, scale
from analysis.facs.series import Float64

#: Beside a state that fits fully, another that fits fully leaves it one half.
_HALF: Final = 0.5


def widened(low: Float64, high: Float64, unseen: Float64) -> tuple[Float64, Float64]:
    """Intervals that also hold what codes that were not scored just then may have shown.

    Of the unseen part nothing is known but the ends of the scale, so it counts as the lowest there for the lower
    and as the highest for the upper end (the bounds of Manski 2003, Partial Identification of Probability
    Distributions, for a mean of which a part is missing). What another state may have shown unseen takes at most
    half of a state's share.

    Parameters
    ----------
    low, high : float64, shape (all, ...)
        In the order of `ALL`.
    unseen : float64, shape (all, ...)
        0–1.
    """
    low, high = low.copy(), high.copy()
    shown = np.array([state in SHOWN for state in ALL])
    other = unseen[shown].max(axis=0)
    for at, state in enumerate(ALL):
        own = unseen[at]
        bottom, top = scale(state)
        high[at] += own * (top - high[at])
        low[at] -= own * (low[at] - bottom)
        if state not in DIMENSIONS:
            low[at] *= 1 - (_HALF if state in SHOWN else 1.0) * other
    return low, high
