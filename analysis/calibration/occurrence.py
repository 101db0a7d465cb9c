"""How often something occurs in every cohort: events a minute, and the odds that a moment shows a state's face."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.calibration.pooling import Pooled, pool
from analysis.facs.series import Float64, Int64

#: Scale of the priors on how far cohorts' log rates and log odds lie apart: half of the prior lies below a factor
#: of e^0.5 = 1.6. Our choice.
SCALE: Final = 0.5
#: A distance from the whole needs a whole: with fewer cohorts that showed anything it is not computed.
LEAST_COHORTS: Final = 3


def rates(events: Float64, minutes: Float64, cohort: Int64, k: int) -> Pooled | None:
    """Log events a minute of every cohort, pooled.

    People differ more than chance alone would have it, so a cohort's variance is the Poisson one times an
    overdispersion that all cohorts share (quasi-Poisson: McCullagh & Nelder 1989, chapter 6). Half an event of the
    whole is added to every cohort, so that none has the logarithm of 0.

    Parameters
    ----------
    events, minutes : float64, shape (people,)
        People with 0 minutes were not coded for it.
    cohort : int64, shape (people,)
    k : int

    Returns
    -------
    Pooled or None
        Natural logarithms; None where nobody showed it.
    """
    coded = minutes > 0
    if not events[coded].sum():
        return None
    e, t, g = events[coded], minutes[coded], cohort[coded]
    total = np.bincount(g, weights=e, minlength=k) + 0.5
    whole = e.sum() / t.sum()
    rate = total / (np.bincount(g, weights=t, minlength=k) + 0.5 / whole)
    expected = rate[g] * t
    freedom = len(e) - len(np.unique(g))
    excess = _excess(np.square(e - expected) / expected, freedom)
    there = np.bincount(g, minlength=k) > 0
    value = np.where(there, np.log(rate), np.nan)
    return pool(value, np.where(there, excess / total, np.nan), scale=SCALE, freedom=freedom)


def odds(shown: Float64, moments: Float64, cohort: Int64, k: int) -> Pooled | None:
    """Log odds that a moment shows something, of every cohort, pooled; as `rates`, quasi-binomial.

    Parameters
    ----------
    shown, moments : float64, shape (people,)
        Moments that show it, and all of them.
    cohort : int64, shape (people,)
    k : int

    Returns
    -------
    Pooled or None
        ``offset`` is a cohort's log odds beyond the whole's; None where fewer than three cohorts were coded, or
        nobody or everybody showed it at every moment.
    """
    coded = moments > 0
    s, n, g = shown[coded], moments[coded], cohort[coded]
    present = np.bincount(g, minlength=k) > 0
    if present.sum() < LEAST_COHORTS or not 0 < s.sum() < n.sum():
        return None
    whole = s.sum() / n.sum()
    size = np.bincount(g, weights=n, minlength=k) + 1.0
    share = (np.bincount(g, weights=s, minlength=k) + whole) / size
    spread = share * (1 - share)
    freedom = len(s) - int(present.sum())
    excess = _excess(np.square(s - n * share[g]) / (n * spread[g]), freedom)
    value = np.where(present, np.log(share / (1 - share)), np.nan)
    return pool(value, np.where(present, excess / (size * spread), np.nan), scale=SCALE, freedom=freedom)


def _excess(parts: Float64, freedom: int) -> float:
    """How many times more people differ than chance alone: Pearson's statistic over its degrees of freedom."""
    return max(1.0, float(parts.sum()) / freedom) if freedom > 0 else 1.0
