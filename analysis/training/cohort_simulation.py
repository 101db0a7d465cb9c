"""Calibration on made cohorts whose shifts are known: ``python -m analysis.training.cohort_simulation``.

Fourteen cohorts of 3 to 40 participants. A cohort's machine rests and answers differently by a known amount, its
participants differ around that, windows scatter, and a coder says a letter. Two questions:

* **Shrinkage.** How far are the estimated rests and gains from the true ones: each cohort by itself (no pooling),
all
  as one (complete pooling), partial pooling as the product does it, and the oracle that knows how cohorts and
  people scatter? Do 90 % intervals hold the truth in 85–95 % of cases, also for the smallest cohorts?
* **Removal.** How large are the differences between cohorts before and after, on participants left out, and how
  often does the fairness test see them?

The tables of `docs/calibration.md` are what this prints.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.calibration.fairness import fairness
from analysis.calibration.fit import LEAST_PARTICIPANTS, Correction, estimate
from analysis.calibration.heldout import absolute, false_share, folds_of, unseen
from analysis.calibration.people import Estimates, Windows, estimates
from analysis.calibration.pooling import grouped
from analysis.facs.series import Float64, Int64

SIZES: Final = (3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 25, 30, 40)
#: Standard deviations between cohorts: rest in intensities, gain in parts.
REGIMES: Final = {"none": (0.0, 0.0), "small": (0.1, 0.07), "medium": (0.25, 0.15), "large": (0.6, 0.3)}
#: Groups of cohorts whose coverage is told apart: smallest and largest number of participants.
CLASSES: Final = ((3, 5), (6, 12), (13, 40))
METHODS: Final = ("no pooling", "complete pooling", "partial pooling", "oracle")
_REST, _GAIN = 0.4, 0.9
_PEOPLE: Final = (0.3, 0.2)  # standard deviations between participants of a cohort
_NOISE: Final = 0.35
_FREE: Final = 60
_EVENTS: Final = 6.0  # of a participant, on average
_LETTERS: Final = (0.25, 0.35, 0.25, 0.1, 0.05)  # how often A to E


@dataclass(frozen=True)
class World:
    """Made windows of one code and the truth behind them; ``rest`` and ``gain`` are of the cohorts, (k,)."""

    windows: Windows
    cohort: Int64
    rest: Float64
    gain: Float64


def world(rng: np.random.Generator, scatter: tuple[float, float], *, clip: bool) -> World:
    """Make participants of all cohorts.

    Parameters
    ----------
    rng : Generator
    scatter : (float, float)
        Standard deviations of rest and gain between cohorts.
    clip : bool
        Hold the machine's values within 0–5, as a real one does; then its mean at rest is no longer the parameter.
    """
    rest = _REST + scatter[0] * rng.normal(size=len(SIZES))
    gain = _GAIN + scatter[1] * rng.normal(size=len(SIZES))
    cohort = np.repeat(np.arange(len(SIZES)), SIZES)
    people = len(cohort)
    own_rest = rest[cohort] + _PEOPLE[0] * rng.normal(size=people)
    own_gain = gain[cohort] + _PEOPLE[1] * rng.normal(size=people)
    events = rng.poisson(_EVENTS, people)
    person = np.concatenate([np.repeat(np.arange(people), _FREE), np.repeat(np.arange(people), events)])
    letter = rng.choice(len(_LETTERS), size=int(events.sum()), p=_LETTERS)
    human = np.concatenate([np.zeros(people * _FREE), letter + 0.5])
    true = np.concatenate([np.zeros(people * _FREE), letter + rng.random(len(letter))])
    machine = own_rest[person] + own_gain[person] * true + _NOISE * rng.normal(size=len(person))
    if clip:
        machine = np.clip(machine, 0, 5)
    return World(Windows(person, machine, human, people), cohort, rest, gain)


@dataclass(frozen=True)
class Shrinkage:
    """Of one regime and parameter: mean squared error by `METHODS`, intervals that hold the truth by class."""

    squared: tuple[float, ...]
    coverage: tuple[float, ...]
    weight: tuple[float, ...]


def shrinkage(regime: str, repeats: int, seed: int = 0) -> dict[str, Shrinkage]:
    """Errors of four ways to estimate, over repeated worlds; keys ``rest`` and ``gain``."""
    rng = np.random.default_rng([seed, list(REGIMES).index(regime)])
    scatter = REGIMES[regime]
    squared: dict[str, list[Float64]] = {"rest": [], "gain": []}
    inside: dict[str, list[Float64]] = {"rest": [], "gain": []}
    weight: dict[str, list[Float64]] = {"rest": [], "gain": []}
    for _ in range(repeats):
        made = world(rng, scatter, clip=False)
        est = estimates(made.windows)
        found = estimate(est, made.cohort, len(SIZES))
        assert found is not None
        for number, name in enumerate(("rest", "gain")):
            truth = made.rest if name == "rest" else made.gain
            errors, held, own = _compared(name, number, est, made, found, truth, scatter[number])
            squared[name].append(errors)
            inside[name].append(held)
            weight[name].append(own)
    return {
        name: Shrinkage(
            tuple(float(x) for x in np.mean(squared[name], axis=0)),
            tuple(_by_class(np.mean(inside[name], axis=0))),
            tuple(_by_class(np.mean(weight[name], axis=0))),
        )
        for name in squared
    }


def _compared(
    name: str, number: int, est: Estimates, made: World, found: Correction, truth: Float64, tau: float
) -> tuple[Float64, Float64, Float64]:
    values = est.rest if name == "rest" else est.gain
    variances = est.rest_variance if name == "rest" else est.gain_variance
    alone = grouped(values, variances, made.cohort, len(SIZES))
    known = np.isfinite(values)
    as_one = grouped(values[known], variances[known], np.zeros(known.sum(), np.int64), 1).value[0]
    pooled = found.rest if name == "rest" else found.gain
    # The oracle knows the whole, and how cohorts and people scatter.
    total = 1 / (_PEOPLE[number] ** 2 + variances[known])
    sampling = 1 / np.bincount(made.cohort[known], weights=total, minlength=len(SIZES))
    own = np.bincount(made.cohort[known], weights=total * values[known], minlength=len(SIZES)) * sampling
    share = tau**2 / (tau**2 + sampling)
    oracle = share * own + (1 - share) * (_REST, _GAIN)[number]
    ways = (alone.value, np.full(len(SIZES), as_one), pooled.value, oracle)
    errors = np.array([np.nanmean(np.square(way - truth)) for way in ways])
    held = ((pooled.low <= truth) & (truth <= pooled.high)).astype(np.float64)
    return errors, held, pooled.weight


def _by_class(values: Float64) -> list[float]:
    sizes = np.array(SIZES)
    return [float(values[(sizes >= low) & (sizes <= high)].mean()) for low, high in CLASSES]


@dataclass(frozen=True)
class Removal:
    """Of one regime, before and after, on participants left out, over the cohorts that reach the minimum.

    Attributes
    ----------
    error : (float, float)
        Mean absolute error, 0–5.
    rest, events : (float, float)
        Standard deviation between cohorts of the mean signed error at moments without the code, and at its events:
        what calibrating is there to remove. What the regime without shifts has left is chance.
    gap, false_gap : (float, float)
        Largest distance between two cohorts' mean errors, and false-event shares.
    found : (float, float)
        Share of repeats in which the fairness test calls the largest distance of errors significant at .05.
    used : float
        Share of repeats in which the product decides to correct.
    """

    error: tuple[float, float]
    rest: tuple[float, float]
    events: tuple[float, float]
    gap: tuple[float, float]
    false_gap: tuple[float, float]
    found: tuple[float, float]
    used: float


def removal(regime: str, repeats: int, seed: int = 0, permutations: int = 400) -> Removal:
    """What calibrating does to differences between cohorts, as the product would do it."""
    rng = np.random.default_rng([seed, 100 + list(REGIMES).index(regime)])
    rows = []
    for number in range(repeats):
        made = world(rng, REGIMES[regime], clip=True)
        rows.append(_removed(made, number, permutations))
    means = np.mean(rows, axis=0)
    error, rest, events, gap, false_gap, seen = ((float(a), float(b)) for a, b in means[:-1].reshape(-1, 2))
    return Removal(error, rest, events, gap, false_gap, seen, float(means[-1]))


def _removed(made: World, seed: int, permutations: int) -> Float64:
    windows, cohort, k = made.windows, made.cohort, len(SIZES)
    events = windows.per_person(rows=windows.human > 0)
    counts: Float64 = np.bincount(cohort, weights=events, minlength=k).astype(np.float64)
    found = unseen(windows, cohort, k, counts, folds_of(cohort, seed))
    kept = np.array(SIZES) >= LEAST_PARTICIPANTS
    large = kept[cohort]
    stages = (windows.machine, found.after)
    errors = [absolute(windows, one) for one in stages]
    false = [false_share(windows, one) for one in stages]
    signed = np.stack([_signed(windows, one, cohort, k)[:, kept] for one in stages])
    tables = {
        name: (first[large], second[large]) for name, (first, second) in {"error": errors, "false": false}.items()
    }
    names = [str(size) for size in SIZES]
    told = fairness(tables, tables, cohort[large], names, permutations=permutations, resamples=0, seed=seed)
    largest = {(one.figure, one.stage): one for one in told.largest}
    stage = ("before", "after")
    return np.array(
        [
            *(np.nanmean(one[large]) for one in errors),
            *signed.std(axis=2, ddof=1).T.ravel(),
            *(largest["error", one].value for one in stage),
            *(largest["false", one].value for one in stage),
            *(float(largest["error", one].p <= 0.05) for one in stage),
            float(found.used),
        ]
    )


def _signed(windows: Windows, said: Float64, cohort: Int64, k: int) -> Float64:
    """Mean signed error of every cohort, (2, k): at moments without the code, and at its events."""
    off, free, place = said - windows.human, windows.human == 0, cohort[windows.person]
    parts = [
        np.bincount(place[rows], weights=off[rows], minlength=k) / np.bincount(place[rows], minlength=k)
        for rows in (free, ~free)
    ]
    return np.stack(parts)


def table(repeats: int, removals: int) -> str:
    """Both studies as Markdown."""
    lines = [f"| shifts | of | {' | '.join(METHODS)} | {' | '.join(f'{a}–{b}' for a, b in CLASSES)} |"]
    lines.append("|---|---|" + "---|" * (len(METHODS) + len(CLASSES)))
    for regime in REGIMES:
        for name, one in shrinkage(regime, repeats).items():
            squared = " | ".join(f"{1000 * value:.1f}" for value in one.squared)
            held = " | ".join(f"{100 * value:.0f} %" for value in one.coverage)
            lines.append(f"| {regime} | {name} | {squared} | {held} |")
    heads = ("shifts", "MAE", "bias at rest", "bias at events", "largest gap", "false events", "gap found", "used")
    lines += ["", f"| {' | '.join(heads)} |", "|---|" + "---|" * (len(heads) - 1)]
    for regime in REGIMES:
        gone = removal(regime, removals)
        cells = [f"{a:.3f} → {b:.3f}" for a, b in (gone.error, gone.rest, gone.events, gone.gap, gone.false_gap)]
        cells += [f"{100 * gone.found[0]:.0f} % → {100 * gone.found[1]:.0f} %", f"{100 * gone.used:.0f} %"]
        lines.append(f"| {regime} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=500, help="made worlds a regime for the shrinkage (500)")
    parser.add_argument("--removals", type=int, default=100, help="made worlds a regime for the removal (100)")
    options = parser.parse_args()
    print(table(options.repeats, options.removals))


if __name__ == "__main__":
    main()
