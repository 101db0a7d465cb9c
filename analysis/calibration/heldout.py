"""Errors on participants that a calibration has not seen, and the decision which codes it corrects at all.

Participants are dealt into folds, each cohort evenly. Those of a fold get what the others' data would have given
them: the pooled rests and gains, and the decision whether correcting a code helps, which is itself made by
cross-validation among those others. So the figures are of the whole procedure, decision included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.agreement import bootstrap
from analysis.agreement.icc import icc_from_sums
from analysis.calibration.fit import applied, enough, estimate
from analysis.calibration.people import Mask, Windows, estimates
from analysis.calibration.pooling import LEVEL
from analysis.calibration.record import Change, Figure
from analysis.facs.series import Float64, Int64
from analysis.validation.metrics import PRESENT_ABOVE

FOLDS: Final = 5
#: A code is corrected where that lowers the error of participants left out by more than so many standard errors: a
#: one-sided test at .05. Less may be chance, and then the simpler of the two stays.
_ERRORS: Final = 1.645


@dataclass(frozen=True)
class Unseen:
    """One code's windows with what participants would see who are not in the data.

    Attributes
    ----------
    windows : Windows
    after : float64, shape (n,)
        The machine's values, corrected by the folds that lack the participant.
    used : bool
        Whether the code is corrected, decided on everybody.
    """

    windows: Windows
    after: Float64
    used: bool


def folds_of(cohort: Int64, seed: int = 0) -> Int64:
    """Fold of every participant, shape (people,): by chance, but each cohort is spread evenly."""
    rng = np.random.default_rng(seed)
    fold = np.zeros(len(cohort), np.int64)
    for number in np.unique(cohort):
        rows = np.flatnonzero(cohort == number)
        fold[rng.permutation(rows)] = (np.arange(len(rows)) + rng.integers(FOLDS)) % FOLDS
    return fold


def unseen(windows: Windows, cohort: Int64, k: int, events: Float64, fold: Int64) -> Unseen:
    """Correct one code's windows by data of other participants.

    Parameters
    ----------
    windows : Windows
    cohort : int64, shape (people,)
    k : int
        Number of cohorts.
    events : float64, shape (k,)
        Of the code, for `fit.enough`.
    fold : int64, shape (people,)
        From `folds_of`.
    """
    # Whether a cohort reaches the minimum is a property of all of its data, not of four fifths of them.
    which = enough(estimate(estimates(windows), cohort, k), events)
    after = windows.machine.copy()
    if not which.any():
        return Unseen(windows, after, False)
    for number in np.unique(fold):
        inside = fold != number
        if _helps(windows, cohort, k, which, fold, inside):
            rows = ~inside[windows.person]
            after[rows] = applied(windows, estimate(estimates(windows, inside), cohort, k), cohort, which)[rows]
    used = _helps(windows, cohort, k, which, fold, np.ones(len(cohort), bool))
    return Unseen(windows, after, used)


def _helps(windows: Windows, cohort: Int64, k: int, which: Mask, fold: Int64, chosen: Mask) -> bool:
    """Whether correcting lowers the error of people left out by more than chance does."""
    after = np.full(len(windows.person), np.nan)
    for number in np.unique(fold[chosen]):
        rows = fold[windows.person] == number
        found = estimate(estimates(windows, chosen & (fold != number)), cohort, k)
        after[rows] = applied(windows, found, cohort, which)[rows]
    gained = absolute(windows, windows.machine) - absolute(windows, after)
    gained = gained[chosen & which[cohort] & np.isfinite(gained)]
    if len(gained) < 2:
        return False
    return bool(gained.mean() > _ERRORS * gained.std(ddof=1) / np.sqrt(len(gained)))


def absolute(windows: Windows, said: Float64) -> Float64:
    """Mean absolute error of each participant, shape (people,).

    Moments with and without the code count alike, however many there are: otherwise the error would be that of
    faces at rest. NaN for who has no windows.
    """
    off = np.abs(said - windows.human)
    free = windows.human == 0
    parts = np.stack([_mean(windows, off, free), _mean(windows, off, ~free)])
    known = np.isfinite(parts)
    with np.errstate(invalid="ignore"):
        out: Float64 = np.where(known, parts, 0.0).sum(0) / np.where(known.any(0), known.sum(0), np.nan)
    return out


def false_share(windows: Windows, said: Float64) -> Float64:
    """Share of each participant's moments without the code at which the machine has B or more, shape (people,)."""
    return _mean(windows, (said > PRESENT_ABOVE).astype(np.float64), windows.human == 0)


def _mean(windows: Windows, values: Float64, rows: Mask) -> Float64:
    with np.errstate(divide="ignore", invalid="ignore"):
        out: Float64 = windows.per_person(values, rows) / windows.per_person(rows=rows)
    return out


def weights(people: int, resamples: int, seed: int) -> Float64:
    """Draws of participants for `change` and `icc_change`."""
    return bootstrap.draws(people, resamples, seed)


def change(before: Float64, after: Float64, draws: Float64) -> Change:
    """Means over participants, and their paired difference, with bootstrap intervals.

    Parameters
    ----------
    before, after : float64, shape (people,)
        NaN for who does not count.
    draws : float64, shape (1 + r, people)
        From `weights`.
    """
    known = np.isfinite(before) & np.isfinite(after)
    if not known.any():
        return Change(*[nothing()] * 3)
    table = np.stack([before, after, after - before], axis=1)[known]
    drawn = draws[:, known]
    with np.errstate(divide="ignore", invalid="ignore"):
        means = drawn @ table / drawn.sum(1)[:, None]
    return _change(means)


def icc_change(windows: Windows, after: Float64, draws: Float64) -> Change:
    """ICC(2,1) of machine and coders over all windows, participants drawn whole."""

    def drawn(said: Float64) -> Float64:
        human = windows.human
        columns = (said, human, said**2 + human**2, (said + human) ** 2)
        sums = draws @ np.stack([windows.per_person(), *(windows.per_person(one) for one in columns)], axis=1)
        return icc_from_sums(sums[:, 0], sums[:, 1:3], sums[:, 3], sums[:, 4])[0]

    before, later = drawn(windows.machine), drawn(after)
    return _change(np.stack([before, later, later - before], axis=1))


def _change(drawn: Float64) -> Change:
    low, high = bootstrap.interval(drawn, LEVEL)
    made = [Figure(float(drawn[0, n]), float(low[n]), float(high[n])) for n in range(3)]
    return Change(*made)


def nothing() -> Figure:
    """A figure that the data do not define."""
    return Figure(float("nan"), float("nan"), float("nan"))
