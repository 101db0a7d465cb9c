"""Refits a scorer's targets on coders' examples: a line through what the base says, and a penalised correction.

Coders' events are few (tens to thousands) and the base has seen thousands of rendered faces, so the base is kept
and corrected: ``y = a·base + w·x + b`` with the head's own inputs ``x``. ``w`` is penalised (ridge) and ``a``
towards 1; the penalty is chosen by cross-validation over participants, and every figure is of participants that a
fit has not seen (nested cross-validation). A code whose correction does not help on unseen participants keeps the
base.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.facs.series import Float64
from analysis.learning.examples import TAUGHT, Examples
from analysis.scoring.interval import TURNED_DEG, half_width
from analysis.scoring.package import Package
from analysis.scoring.targets import TARGETS, columns_of
from analysis.validation.metrics import f1, icc31, mae, pearson

Ints = NDArray[np.int64]

#: Penalties on standardised inputs, in units of examples; the last leaves only the straight line.
_PENALTIES: Final = (30.0, 100.0, 300.0, 1000.0, 3000.0, np.inf)
#: A gain's distance from 1 is penalised with this share of an input's penalty; in a straight line alone, so much.
_GAIN_SHARE: Final = 0.02
_HOLD_GAIN: Final = 5.0
_GAINS: Final = (0.25, 4.0)
_FOLDS: Final = 10
_INNER_FOLDS: Final = 5
#: Windows without a unit outnumber those with it; together they weigh at most so many times as much.
_FREE_WEIGHT: Final = 3.0
#: A code is refitted from so many participants who showed it, and events, on.
LEAST_PARTICIPANTS: Final = 3
LEAST_EVENTS: Final = 10
#: From so many participants on, an ICC can make a code *measured*; fewer say too little about others.
MEASURED_PARTICIPANTS: Final = 10
#: An ICC must rise by this much on unseen participants; less is noise.
LEAST_GAIN: Final = 0.02
COVERAGE: Final = 0.9
#: Windows at apexes are easier than other frames: an interval gets no narrower than this share of the base's.
_NARROWEST: Final = 0.5


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement with coders over windows, on participants that the fit has not seen; NaN where not defined."""

    icc: float
    pcc: float
    mae: float
    f1: float


@dataclass(frozen=True)
class Correction:
    """One target's correction of the calibrated base: ``gain · base + weights · inputs + offset``."""

    gain: float
    offset: float
    weights: Float64


@dataclass(frozen=True)
class Refit:
    """What became of one code.

    Attributes
    ----------
    before, after : Agreement
        Of the base, and of the correction, on the same windows.
    participants, events, windows : int
        Participants who showed the code, coded apexes, and windows in which it was decided about.
    used : bool
        Whether the correction replaces the base.
    why : str
        A sentence when it does not.
    corrections : dict of int to Correction
        By target; empty when not used.
    widen : float
        Factor on the base's interval so that it holds 90 % of the coders' intensities.
    rest_noise : float
        What 95 % of the windows without the code stay below.
    """

    before: Agreement
    after: Agreement
    participants: int
    events: int
    windows: int
    used: bool
    why: str
    corrections: Mapping[int, Correction]
    widen: float
    rest_noise: float


class _Decomposed(NamedTuple):
    """A fit but for its penalty: ``step(values + penalty)`` is that of the scaled base and inputs."""

    means: Float64
    base: float
    beyond: float
    values: Float64
    step: Callable[[Float64], Float64]


class _Problem:
    """One target's windows: what the base says (n,), inputs (n, d) standardised, labels, weights, folds.

    Weighted sums of products of (1, base, label, inputs) are kept for each fold of participants, so a fit on some
    of the folds costs one decomposition and no pass over the windows. Where windows are fewer than inputs, as at
    the beginning of every study, it is their own products that are decomposed: the same fit, a smaller matrix.
    """

    def __init__(self, base: Float64, x: Float64, y: Float64, weight: Float64, fold: Ints) -> None:
        self.base, self.x, self.y, self.weight, self.fold = base, x, y, weight, fold
        self.folds = [int(number) for number in np.unique(fold)]
        columns = np.concatenate([np.ones((len(y), 1)), base[:, None], y[:, None], x], axis=1)
        self._few: Float64 | None = columns if len(y) < x.shape[1] else None
        of_fold = [(number, fold == number) for number in self.folds if self._few is None]
        self._sums = {number: _products(columns[rows], weight[rows]) for number, rows in of_fold}

    def solve(self, folds: Sequence[int], penalties: Sequence[float]) -> list[Float64]:
        """(gain, offset, weights…) of the fit on some folds, for each penalty."""
        parts = self._by_sums(folds) if self._few is None else self._by_rows(self._few, folds)
        means = parts.means
        scale = _scale(self.x.shape[1])
        found = []
        for penalty in penalties:
            if np.isinf(penalty):
                step = np.r_[parts.beyond / (parts.base + _HOLD_GAIN), np.zeros(self.x.shape[1])]
            else:
                step = scale * parts.step(np.maximum(parts.values, 0) + penalty)
            gain = float(np.clip(1.0 + step[0], *_GAINS))
            offset = means[2] - gain * means[1] - step[1:] @ means[3:]
            found.append(np.concatenate([[gain, offset], step[1:]]))
        return found

    def _by_sums(self, folds: Sequence[int]) -> _Decomposed:
        sums = np.sum([self._sums[number] for number in folds], axis=0)
        means = sums[0] / sums[0, 0]
        spread = sums[1:, 1:] - sums[0, 0] * np.outer(means[1:], means[1:])  # of base, label, inputs
        order = np.r_[0, 2 : len(spread)]  # base and inputs
        scale = _scale(self.x.shape[1])
        beyond = (spread[1] - spread[0])[order]  # the label beyond the base
        values, vectors = np.linalg.eigh(spread[np.ix_(order, order)] * np.outer(scale, scale))
        towards = vectors.T @ (beyond * scale)
        return _Decomposed(means, spread[0, 0], beyond[0], values, lambda by: vectors @ (towards / by))

    def _by_rows(self, columns: Float64, folds: Sequence[int]) -> _Decomposed:
        rows = np.isin(self.fold, folds)
        weight = self.weight[rows]
        means = weight @ columns[rows] / weight.sum()
        centred = (columns[rows] - means) * np.sqrt(weight)[:, None]
        base, beyond = centred[:, 1], centred[:, 2] - centred[:, 1]
        inputs = np.concatenate([base[:, None], centred[:, 3:]], axis=1) * _scale(self.x.shape[1])
        values, vectors = np.linalg.eigh(inputs @ inputs.T)
        towards = vectors.T @ beyond
        return _Decomposed(
            means, base @ base, base @ beyond, values, lambda by: inputs.T @ (vectors @ (towards / by))
        )

    def said(self, solution: Float64, rows: NDArray[np.bool_]) -> Float64:
        """What a fit says of some rows, unlimited."""
        out: Float64 = solution[0] * self.base[rows] + solution[1] + self.x[rows] @ solution[2:]
        return out

    def fit(self, folds: Sequence[int]) -> Float64:
        """Fit on some folds with the penalty that errs least on those of their participants that are left out."""
        parts = np.array_split(np.array(folds), min(_INNER_FOLDS, len(folds)))
        errors = np.zeros(len(_PENALTIES))
        for part in parts if len(folds) > 1 else ():
            rows = np.isin(self.fold, part)
            rest = [number for number in folds if number not in part]
            for number, solution in enumerate(self.solve(rest, _PENALTIES)):
                off = np.clip(self.said(solution, rows), 0, 5) - self.y[rows]
                errors[number] += self.weight[rows] @ off**2
        best = int(errors.argmin()) if errors.any() else len(_PENALTIES) - 1
        return self.solve(folds, [_PENALTIES[best]])[0]

    def unseen(self) -> Float64:
        """What fits say of participants that they have not seen, (n,)."""
        out = np.full(len(self.y), np.nan)
        for number in self.folds if len(self.folds) > 1 else ():
            rows = self.fold == number
            out[rows] = self.said(self.fit([other for other in self.folds if other != number]), rows)
        return out


def _scale(inputs: int) -> Float64:
    """Of the base and the inputs: a gain's distance from 1 is penalised less."""
    return np.concatenate([[_GAIN_SHARE**-0.5], np.ones(inputs)])


def _products(columns: Float64, weight: Float64) -> Float64:
    return np.asarray((columns * weight[:, None]).T @ columns)


def _fold_of(participant: NDArray[np.str_]) -> Ints:
    """Fold of every window, (n,): whole participants, in an order that is chance but always the same."""
    present, group = np.unique(participant, return_inverse=True)
    shuffled = np.random.default_rng(0).permutation(len(present))
    return np.asarray(shuffled[group] % _FOLDS, np.int64)


def _agreement(said: Float64, true: Float64) -> Agreement:
    return Agreement(icc31(said, true), pearson(said, true), mae(said, true), f1(said, true))


def _problem(
    examples: Examples, target: int, base: Float64, inputs: Float64, fold: Ints
) -> tuple[_Problem, NDArray[np.bool_]]:
    """The windows in which a target was decided about, and which they are."""
    known = np.isfinite(examples.labels[:, target])
    y = examples.labels[known, target].astype(np.float64)
    there = y > 0
    free = max(1, int((~there).sum()))
    weight = np.where(there, 1.0, min(1.0, _FREE_WEIGHT * max(1, int(there.sum())) / free))
    return _Problem(base[known], inputs[known], y, weight, fold[known]), known


def _larger(values: Float64, examples: Examples, places: Sequence[int]) -> tuple[Float64, Float64]:
    """The larger side of an answer and of its label, 0–5, over windows in which the code was decided about."""
    known = np.isfinite(examples.labels[:, places]).all(axis=1)
    said = np.clip(values[known], 0, 5).max(axis=1)
    return said, examples.labels[known][:, places].max(axis=1).astype(np.float64)


def _refit_code(examples: Examples, package: Package, code: str, fold: Ints) -> Refit | None:
    """One code; None where nobody decided anything about it."""
    places = columns_of(code)
    about, kind = package.about["codes"][code], package.winner(code)
    if kind is None or not np.isfinite(examples.labels[:, places]).any():
        return None
    raw, inputs = examples.said[kind].astype(np.float64), examples.inputs[kind].astype(np.float64)
    base = raw[:, places] * about["gain"] + about["offset"]
    before, true = _larger(base, examples, places)
    shown = np.nan_to_num(examples.labels[:, places]).max(axis=1) > 0
    participants, events = len(np.unique(examples.participant[shown])), int(shown.sum())
    known_before = _agreement(before, true)
    if participants < LEAST_PARTICIPANTS or events < LEAST_EVENTS:
        why = f"Too few: {LEAST_PARTICIPANTS} participants who show it and {LEAST_EVENTS} events are needed."
        nothing = Agreement(*[float("nan")] * 4)
        return Refit(known_before, nothing, participants, events, len(true), False, why, {}, 1.0, 0.0)
    spread = np.maximum(inputs.std(axis=0), 1e-3)
    centred = inputs / spread
    unseen = np.full(base.shape, np.nan)
    corrections: dict[int, Correction] = {}
    for column, target in enumerate(places):
        problem, known = _problem(examples, target, base[:, column], centred, fold)
        unseen[known, column] = problem.unseen()
        solution = problem.fit(problem.folds)
        corrections[target] = Correction(float(solution[0]), float(solution[1]), solution[2:] / spread)
    said, true = _larger(unseen, examples, places)
    after = _agreement(said, true)
    used = bool(np.nan_to_num(after.icc, nan=-1.0) >= np.nan_to_num(known_before.icc, nan=-1.0) + LEAST_GAIN)
    why = "" if used else "It did not agree better with coders on participants left out."
    doubt = raw[:, [len(TARGETS) + target for target in places]] * abs(about["gain"])
    turned = np.broadcast_to((np.abs(examples.yaw) > TURNED_DEG)[:, None], doubt.shape)
    width = half_width(about["interval"], unseen, doubt, turned, np.zeros(doubt.shape, bool))
    widen = _widening(unseen, examples.labels[:, places], width)
    rest = said[true == 0]
    noise = float(max(0.3, np.quantile(rest, 0.95))) if len(rest) else float(about["rest_noise"])
    kept = corrections if used else {}
    return Refit(known_before, after, participants, events, len(true), used, why, kept, widen, noise)


def _widening(said: Float64, labels: NDArray[np.float32], width: Float64) -> float:
    """Factor on the base's half widths that would have held 90 % of the labels of participants left out."""
    off = np.abs(np.clip(said, 0, 5) - labels)
    known = (off / width)[np.isfinite(off)]
    level = min(1.0, COVERAGE * (1 + 1 / max(1, len(known))))
    return max(_NARROWEST, float(np.quantile(known, level)))


def refit(
    examples: Examples, package: Package, tell: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, Refit]:
    """Refit every code that people decided about.

    Parameters
    ----------
    examples : Examples
    package : Package
        The base.
    tell : callable
        Told codes done and in total; may raise to stop.

    Returns
    -------
    dict of str to Refit
        By code; codes about which nobody decided anything are not in it.
    """
    fold = _fold_of(examples.participant)
    found: dict[str, Refit] = {}
    for done, code in enumerate(TAUGHT):
        tell(done, len(TAUGHT))
        one = _refit_code(examples, package, code, fold)
        if one is not None:
            found[code] = one
    tell(len(TAUGHT), len(TAUGHT))
    return found
