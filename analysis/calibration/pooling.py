"""Partial pooling: what small groups lack in data they borrow from the whole, and the interval says so.

The model is the hierarchical normal one (Efron & Morris 1975, JASA 70:311–319; Morris 1983, JASA 78:47–55;
Gelman & Hill 2007, chapter 12): a group's estimate ``y`` is its true value ``θ`` plus sampling error of variance
``s²``, and the true values of the groups scatter around the whole ``μ`` with variance ``τ²``. Given ``τ``::

    θ | y, τ  =  w·y + (1 − w)·μ̂,   w = τ² / (τ² + s²),   μ̂ = Σ y/(s² + τ²) ÷ Σ 1/(s² + τ²)
    var(θ | y, τ)  =  w·s² + (1 − w)²·var(μ̂),   var(θ − μ | y, τ)  =  w·s² + w²·var(μ̂)

``τ`` is not known and is averaged over (Gelman et al. 2013, Bayesian Data Analysis, section 5.4) instead of being
set to one estimate, because with a handful of groups that estimate is often 0 and would call them all alike with
certainty. Its prior is half-Cauchy, which Gelman 2006 (doi:10.1214/06-BA117A) recommends for few groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.facs.series import Float64, Int64

#: Level of every interval of a calibration.
LEVEL: Final = 0.90
#: Points at which τ is looked at, spread evenly over its prior's probability. Four times as many change no
#: value or error of made groups by more than 1e-12.
_POINTS: Final = 200
#: Sampling variances below this are rounding.
_LEAST: Final = 1e-8


@dataclass(frozen=True)
class Groups:
    """Estimates of groups from people's estimates, before pooling.

    Attributes
    ----------
    value, variance : float64, shape (k,)
        Mean of a group's people and its sampling variance; NaN for a group without anybody.
    people : int64, shape (k,)
    freedom : int
        Degrees of freedom of the spread between people, which all groups share.
    between : float
        Standard deviation between people of one group, sampling error taken out.
    """

    value: Float64
    variance: Float64
    people: Int64
    freedom: int
    between: float


@dataclass(frozen=True)
class Pooled:
    """Groups after pooling; all arrays of shape (k,).

    Attributes
    ----------
    value, error : float64
        Posterior mean and standard deviation. A group without anybody has the whole's value, and the scatter of
        groups as its error.
    low, high : float64
        Ends of the 90 % interval.
    weight : float64
        Share of a group's own data in its value, 0–1; the rest is the whole's.
    raw : float64
        The group's own estimate; NaN without anybody.
    offset, offset_error : float64
        A group's distance from the whole, ``θ − μ``, and its standard deviation.
    whole, whole_error : float
    scatter : float
        Standard deviation between groups, posterior mean.
    """

    value: Float64
    error: Float64
    low: Float64
    high: Float64
    weight: Float64
    raw: Float64
    offset: Float64
    offset_error: Float64
    whole: float
    whole_error: float
    scatter: float


def grouped(value: Float64, variance: Float64, group: Int64, k: int) -> Groups:
    """Estimates of groups from those of their people, who are the sampling unit.

    People differ by more than the error of measuring one of them, so each weighs ``1/(σ² + v)`` with ``σ²`` the
    variance between people of a group, estimated over all groups together by moments: a group of three cannot
    know it by itself.

    Parameters
    ----------
    value, variance : float64, shape (p,)
        A person's estimate and its sampling variance; people with NaN are left out.
    group : int64, shape (p,)
        0 to k − 1.
    k : int
        Number of groups.
    """
    known = np.isfinite(value) & np.isfinite(variance)
    y, v, g = value[known], variance[known], group[known]
    people = np.bincount(g, minlength=k)
    share = np.maximum(people, 1)
    means = np.bincount(g, weights=y, minlength=k) / share
    freedom = len(y) - int((people > 0).sum())
    between = 0.0
    if freedom > 0:
        spread = float(np.square(y - means[g]).sum()) / freedom
        sampling = float(((1 - 1 / share[g]) * v).sum()) / freedom
        between = max(0.0, spread - sampling)
    weight = 1 / np.maximum(between + v, _LEAST)
    total = np.bincount(g, weights=weight, minlength=k)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = np.bincount(g, weights=weight * y, minlength=k) / total
        spread_of_mean = 1 / total
    empty = people == 0
    estimate[empty] = np.nan
    spread_of_mean[empty] = np.nan
    return Groups(estimate, spread_of_mean, people.astype(np.int64), freedom, between**0.5)


def pool(value: Float64, variance: Float64, *, scale: float, freedom: int | None = None) -> Pooled:
    """Shrink groups to the whole.

    Parameters
    ----------
    value, variance : float64, shape (k,)
        As of `Groups`; NaN for groups without anybody.
    scale : float
        Of τ's half-Cauchy prior, in the unit of the values: half of the prior lies below it.
    freedom : int, optional
        Degrees of freedom of the variances; with few, intervals are Student's and wider.

    Raises
    ------
    ValueError
        No group has a value.
    """
    known = np.isfinite(value) & np.isfinite(variance)
    if not known.any():
        raise ValueError("no group has a value")
    tau2 = (scale * np.tan(np.pi / 2 * (np.arange(_POINTS) + 0.5) / _POINTS)) ** 2
    y, s2 = value[known], np.maximum(variance[known], _LEAST)
    total = s2 + tau2[:, None]  # (points, groups)
    precision = (1 / total).sum(1)
    mu = (y / total).sum(1) / precision
    log = -0.5 * (np.log(precision) + np.log(total).sum(1) + (np.square(y - mu[:, None]) / total).sum(1))
    belief = np.exp(log - log.max())
    belief /= belief.sum()
    # A group that nobody is in has no data of its own: all of its weight is the whole's.
    s2_all = np.where(known, np.maximum(np.nan_to_num(variance), _LEAST), np.inf)
    own = tau2[:, None] / (s2_all + tau2[:, None])
    theta = own * np.nan_to_num(value) + (1 - own) * mu[:, None]
    away = own * (np.nan_to_num(value) - mu[:, None])
    scatter = np.where(known, own * np.where(known, s2_all, 0.0), tau2[:, None])
    # τ² has no mean under this prior where few groups speak; its median is what can be said of an empty one.
    scatter[:, ~known] = _weighted_median(tau2, belief)
    inside = scatter + (1 - own) ** 2 / precision[:, None]
    apart = scatter + own**2 / precision[:, None]
    mean = belief @ theta
    error = np.sqrt(belief @ (inside + np.square(theta - mean)))
    half = quantile(freedom) * error
    whole = float(belief @ mu)
    return Pooled(
        mean,
        error,
        mean - half,
        mean + half,
        belief @ own,
        np.where(known, value, np.nan),
        belief @ away,
        np.sqrt(belief @ (apart + np.square(away - belief @ away))),
        whole,
        float(np.sqrt(belief @ (1 / precision + np.square(mu - whole)))),
        float(_weighted_median(np.sqrt(tau2), belief)),
    )


def _weighted_median(values: Float64, weights: Float64) -> float:
    """Median of ascending values."""
    return float(values[min(int(np.searchsorted(np.cumsum(weights), 0.5)), len(values) - 1)])


def quantile(freedom: int | None) -> float:
    """Half width of a 90 % interval in standard errors: Student's with so many degrees of freedom, else normal."""
    if freedom is None:
        return 1.6448536269514722
    from scipy.special import stdtrit  # as in agreement: loaded by who calculates

    return float(stdtrit(max(1, freedom), (1 + LEVEL) / 2))
