"""Errors by cohort before and after calibration, and whether cohorts differ by more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from analysis.agreement import bootstrap
from analysis.calibration.heldout import change, weights
from analysis.calibration.people import Mask
from analysis.calibration.pooling import LEVEL
from analysis.calibration.record import Fairness, Figure, Gap, Largest, Row
from analysis.facs.series import Float64, Int64

#: A cohort of fewer participants has no figures: they would speak about single people. Our choice.
LEAST_SHOWN: Final = 3
_STAGES: Final = ("before", "after")


def averaged(table: Float64) -> Float64:
    """Each participant's mean over the codes that they were coded for, shape (people,).

    Parameters
    ----------
    table : float64, shape (people, codes)
        NaN where a participant was not coded for a code.
    """
    known = np.isfinite(table)
    out: Float64 = np.where(known, table, 0).sum(1) / np.where(known.any(1), known.sum(1), np.nan)
    return out


def adjusted(table: Float64, reference: Float64 | None = None) -> Float64:
    """One figure a participant from a figure for each code, shape (people,).

    People were coded for different codes, and some codes are harder than others: so a participant's figure is
    their mean distance from each code's mean, plus the mean over codes.

    Parameters
    ----------
    table : float64, shape (people, codes)
        NaN where a participant was not coded for a code.
    reference : float64, shape (people, codes), optional
        What tells how hard a code is; the table itself when not given. A figure before and after calibration needs
        the same one, so that who is not corrected does not change.
    """
    known = np.isfinite(table)
    told = table if reference is None else reference
    counts = np.isfinite(told).sum(0)
    means = np.nan_to_num(told).sum(0) / np.maximum(counts, 1)
    off = np.where(known, table - means, 0).sum(1) / np.where(known.any(1), known.sum(1), np.nan)
    out: Float64 = off + means[counts > 0].mean() if counts.any() else off
    return out


def fairness(
    figures: dict[str, tuple[Float64, Float64]],
    comparable: dict[str, tuple[Float64, Float64]],
    cohort: Int64,
    names: Sequence[str],
    *,
    permutations: int = 2000,
    resamples: int = 400,
    seed: int = 0,
) -> Fairness:
    """The table of cohorts and the tests of their gaps.

    Each cohort's mean is compared with that of all other participants; participants are permuted over cohorts,
    which asks nothing of how errors are distributed. The p values of one figure and stage are corrected together
    (Holm 1979, Scandinavian Journal of Statistics 6:65–70).

    Parameters
    ----------
    figures : dict of str to (float64 (people,), float64 (people,))
        ``error`` and ``false``, before and after, from `averaged`: what the rows show.
    comparable : dict of str to (float64 (people,), float64 (people,))
        The same from `adjusted`: what is tested.
    cohort : int64, shape (people,)
    names : sequence of str
        Ids of the cohorts.
    permutations, resamples, seed : int
    """
    people = np.bincount(cohort, minlength=len(names))
    shown = [number for number in range(len(names)) if people[number] >= LEAST_SHOWN]
    rows = []
    for number in shown:
        own = cohort == number
        drawn = weights(int(own.sum()), resamples, seed)
        changes = {name: change(first[own], second[own], drawn) for name, (first, second) in figures.items()}
        rows.append(Row(names[number], int(own.sum()), changes["error"], changes["false"]))
    gaps: list[Gap] = []
    largest: list[Largest] = []
    for name, stages in comparable.items():
        for stage, values in zip(_STAGES, stages, strict=True):
            found, top = _tested(values, cohort, shown, permutations, resamples, seed)
            gaps += [Gap(names[n], name, stage, apart, p, corrected) for n, apart, p, corrected in found]
            if top is not None:
                largest.append(Largest(name, stage, *top))
    return Fairness(tuple(rows), tuple(gaps), tuple(largest), permutations)


def _tested(
    values: Float64, cohort: Int64, shown: Sequence[int], permutations: int, resamples: int, seed: int
) -> tuple[list[tuple[int, Figure, float, float]], tuple[float, float] | None]:
    """Every cohort against the others: difference, p and Holm's p; and the largest distance of two."""
    known = np.isfinite(values) & np.isin(cohort, shown)
    y, g = values[known], cohort[known]
    present = [number for number in shown if (g == number).any()]
    if len(present) < 2:
        return [], None
    member = np.stack([g == number for number in present], axis=1).astype(np.float64)
    sizes = member.sum(0)
    rng = np.random.default_rng(seed)
    orders = np.argsort(rng.random((permutations, len(y))), axis=1)
    table = np.concatenate([y[None], y[orders]])
    means = table @ member / sizes
    rest = (table.sum(1)[:, None] - means * sizes) / (len(y) - sizes)
    apart = means - rest
    spread = means.max(1) - means.min(1)
    p = [_p(np.abs(apart[:, n])) for n in range(len(present))]
    corrected = holm(p)
    found = []
    for n, number in enumerate(present):
        ends = _difference(y, member[:, n] > 0, resamples, seed)
        found.append((number, Figure(float(apart[0, n]), *ends), p[n], corrected[n]))
    return found, (float(spread[0]), _p(spread))


def _difference(y: Float64, own: Mask, r: int, seed: int) -> tuple[float, float]:
    """90 % interval of a difference of means; both sides are drawn, each by itself."""
    sides = [y[own], y[~own]]
    drawn = [weights(len(side), r, seed + n) for n, side in enumerate(sides)]
    if min(len(one) for one in drawn) < 2:
        return float("nan"), float("nan")
    means = [one @ side / len(side) for one, side in zip(drawn, sides, strict=True)]
    low, high = bootstrap.interval((means[0] - means[1])[:, None], LEVEL)
    return float(low[0]), float(high[0])


def _p(found: Float64) -> float:
    """Share of permutations at least as far as what was found, itself counted (Phipson & Smyth 2010)."""
    # Rounding must not make an equal permutation look smaller.
    return float((found[1:] >= found[0] - 1e-12).sum() + 1) / len(found)


def holm(p: Sequence[float]) -> list[float]:
    """Holm's step-down correction: p values as they compare with the level, in the order given."""
    order = np.argsort(p)
    out = [0.0] * len(p)
    last = 0.0
    for place, number in enumerate(order):
        last = max(last, min(1.0, (len(p) - place) * p[number]))
        out[number] = last
    return out
