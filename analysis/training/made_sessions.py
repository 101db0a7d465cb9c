"""Sessions of a face that nobody has: true intensities, and scores as a scorer with known errors would give them.

The errors are of the classical kind, score = truth + error, and intervals are made as the shipped scorer's are
(`analysis.scoring.interval`): on other sessions, half a width for each range of the score such that 90 % of the
truths are inside. So the states' model (a normal distribution about the score) is not the one that made the data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np

from analysis.facs.evidence import Evidence
from analysis.facs.series import Float64

#: Codes that made faces move, besides those of the combinations: what fits no state.
OTHERS: Final = (
    "1",
    "2",
    "4",
    "5",
    "6",
    "7",
    "9",
    "10",
    "12",
    "14",
    "15",
    "17",
    "18",
    "20",
    "23",
    "24",
    "25",
    "26",
)
#: Ranges of the score that have half a width of their own, as in analysis/scoring/interval.py.
RANGES: Final = (0.5, 1.0)
_MOUTH: Final = frozenset({"10", *(str(n) for n in range(12, 29))})


@dataclass(frozen=True)
class World:
    """How faces move and scores err.

    Attributes
    ----------
    rate_hz : float
        Frames a second.
    per_minute : float
        Events of an average face.
    lasting : float
        Share of the errors' variance that a face and code keep for the whole session.
    fading_s : float
        Time after which the rest's correlation is down to 37 %.
    alike : float
        Share of the variance that all codes of a face have in common.
    error : float
        Standard deviation of the error of what is clearly there (B and more), intensity units.
    resting : float
        Likewise at rest.
    intervals : float
        Factor on the half widths; 1 is right, below 1 they are too narrow.
    missing : float
        Share of the time in which the mouth, and share in which the whole face is not scored.
    spilt : float
        Scores that rise without a movement of their own beside each event, in proportion to it, as those of 24 and
        15 do on the labelled clips.
    wrong : float
        False movements for every event: scores that rise, mostly to less than B, where nothing happens.
    """

    rate_hz: float = 25.0
    per_minute: float = 8.0
    lasting: float = 0.7
    fading_s: float = 0.5
    alike: float = 0.3
    error: float = 0.9
    resting: float = 0.07
    intervals: float = 1.0
    missing: float = 0.04
    wrong: float = 0.5
    spilt: float = 0.0


@dataclass(frozen=True)
class Made:
    """One session.

    Attributes
    ----------
    evidence : Evidence
        What the scorer says.
    truth : Evidence
        The same with the true intensities everywhere, also where nothing was scored.
    """

    evidence: Evidence
    truth: Evidence


def _profile(time_s: Float64, onset: float, rise: float, hold: float, fall: float) -> Float64:
    """0 to 1 and back, smooth at the corners."""
    corners = [onset, onset + rise, onset + rise + hold, onset + rise + hold + fall]
    straight = np.interp(time_s, corners, [0.0, 1.0, 1.0, 0.0])
    return straight * straight * (3 - 2 * straight)


def _true(
    time_s: Float64, recipes: Sequence[Sequence[str]], habits: Float64, per_minute: float, expressivity: float,
    rng: np.random.Generator,
) -> dict[str, Float64]:  # fmt: skip
    values = {code: np.zeros(len(time_s)) for code in {*OTHERS, *(code for one in recipes for code in one)}}
    length = float(time_s[-1]) if len(time_s) else 0.0
    onset = -4.0
    while True:
        onset += float(rng.exponential(60 / per_minute))
        if onset > length:
            return values
        if rng.random() < 0.75:
            codes = list(recipes[int(rng.choice(len(recipes), p=habits))])
        else:
            codes = list(rng.choice(OTHERS, int(rng.integers(1, 4)), replace=False))
        rise, hold, fall = rng.uniform(0.2, 0.7), rng.gamma(2.0, 0.9), rng.uniform(0.3, 1.2)
        strength = float(rng.uniform(0.8, 5.0)) * expressivity
        for code in codes:
            peak = float(np.clip(strength * rng.lognormal(0, 0.25), 0.3, 5))
            shape = peak * _profile(time_s, onset + rng.normal(0, 0.1), rise, hold, fall)
            np.maximum(values[code], shape, out=values[code])


def _score(truth: Mapping[str, Float64], world: World, rng: np.random.Generator) -> dict[str, Float64]:
    scored: dict[str, Float64] = {}
    keep = float(np.exp(-1 / world.rate_hz / world.fading_s))
    count = len(next(iter(truth.values())))
    time_s = np.arange(count) / world.rate_hz
    codes = sorted(truth)
    seen = {code: truth[code].copy() for code in codes}
    for _ in range(rng.poisson(world.wrong * world.per_minute * count / world.rate_hz / 60)):
        code, onset = str(rng.choice(codes)), rng.uniform(0, time_s[-1])
        shape = (0.15 + rng.exponential(0.5)) * _profile(time_s, onset, 0.4, rng.gamma(2.0, 0.7), 0.5)
        np.maximum(seen[code], shape, out=seen[code])
    _spill(truth, seen, world, rng)
    from scipy.signal import lfilter

    def error() -> Float64:
        fresh = rng.standard_normal(count) * np.sqrt(1 - keep * keep)
        fading: Float64 = lfilter([1.0], [1.0, -keep], fresh, zi=[keep * rng.standard_normal()])[0]
        return np.asarray(np.sqrt(world.lasting) * rng.standard_normal() + np.sqrt(1 - world.lasting) * fading)

    whole = error()
    for code in codes:
        unit = np.sqrt(world.alike) * whole + np.sqrt(1 - world.alike) * error()
        size = world.resting + (world.error - world.resting) * np.clip(seen[code] / 1.5, 0, 1)
        scored[code] = np.clip(seen[code] + size * unit, 0, 5)
    return scored


def _spill(
    truth: Mapping[str, Float64], seen: Mapping[str, Float64], world: World, rng: np.random.Generator
) -> None:
    codes = sorted(truth)
    most = np.stack([truth[code] for code in codes]).max(axis=0)
    moving = most > 1
    starts = np.flatnonzero(np.diff(moving.astype(np.int8), prepend=0) == 1)
    for start in starts.tolist():
        stop = start + int(np.argmin(np.append(moving[start:], False)))
        for code in rng.choice(codes, int(rng.poisson(world.spilt))):
            share = float(rng.uniform(0.1, 0.5))
            np.maximum(seen[code][start:stop], share * most[start:stop], out=seen[code][start:stop])


def _range(score: Float64) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.digitize(score, RANGES)


@lru_cache(maxsize=8)
def half_widths(
    world: World, recipes: tuple[tuple[str, ...], ...], seed: int, sessions: int = 60
) -> tuple[float, ...]:
    """Half a 90 % interval for every range of the score, found on sessions of its own, for all codes together."""
    errors: list[list[Float64]] = [[] for _ in range(len(RANGES) + 1)]
    for number in range(sessions):
        rng = np.random.default_rng([seed, 1, number])
        truth = _course(world, recipes, 60.0, _person(seed, -1 - number) % 2**32, rng)
        scored = _score(truth, world, rng)
        for code, score in scored.items():
            for place in range(len(errors)):
                inside = _range(score) == place
                errors[place].append(np.abs(score - truth[code])[inside])
    return tuple(float(np.quantile(np.concatenate(found), 0.9)) for found in errors)


def _course(
    world: World, recipes: Sequence[Sequence[str]], seconds: float, person: int, rng: np.random.Generator
) -> dict[str, Float64]:
    """True intensities of a person who has habits of their own."""
    own = np.random.default_rng([person, 2])
    habits = own.dirichlet(np.full(len(recipes), 0.5))
    expressivity = float(np.clip(own.lognormal(0, 0.3), 0.4, 1.6))
    time_s = np.arange(round(seconds * world.rate_hz)) / world.rate_hz
    return _true(time_s, recipes, habits, world.per_minute * expressivity, expressivity, rng)


def lived(world: World, recipes: Sequence[Sequence[str]], hours: float, *, seed: int, number: int) -> Evidence:
    """True intensities of a long time of the person of a session: what its mean is an estimate of."""
    rng = np.random.default_rng([seed, 3, number])
    truth = _course(world, recipes, hours * 3600, _person(seed, number), rng)
    return _evidence(world, truth, {}, {}, np.ones(len(next(iter(truth.values())))))


def _person(seed: int, number: int) -> int:
    return seed * 1_000_003 + number


def _evidence(
    world: World,
    values: Mapping[str, Float64],
    low: Mapping[str, Float64],
    high: Mapping[str, Float64],
    quality: Float64,
) -> Evidence:
    step_us = round(1e6 / world.rate_hz)
    time_us = np.arange(len(quality), dtype=np.int64) * step_us
    return Evidence(0, time_us, float(step_us), values, low, high, (), quality)


def made(world: World, recipes: Sequence[Sequence[str]], seconds: float, *, seed: int, number: int = 0) -> Made:
    """One session.

    Parameters
    ----------
    world : World
    recipes : sequence of sequence of str
        Codes of the combinations that are shown.
    seconds : float
        Its length.
    seed, number : int
        Of the study and of the session in it.
    """
    rng = np.random.default_rng([seed, 0, number])
    truth = _course(world, recipes, seconds, _person(seed, number), rng)
    scored = _score(truth, world, rng)
    right = replace(world, intervals=1.0, missing=0.0)
    widths = np.array(half_widths(right, tuple(tuple(one) for one in recipes), seed)) * world.intervals
    low = {code: np.clip(score - widths[_range(score)], 0, 5) for code, score in scored.items()}
    high = {code: np.clip(score + widths[_range(score)], 0, 5) for code, score in scored.items()}
    quality = np.ones(len(next(iter(truth.values()))))
    for mouth_only in (True, False):
        for rows in _stretches(len(quality), world, rng):
            for code in scored:
                if not mouth_only or code in _MOUTH:
                    for held in (scored, low, high):
                        held[code][rows] = np.nan
            if not mouth_only:
                quality[rows] = np.nan
    return Made(
        _evidence(world, scored, low, high, quality), _evidence(world, truth, {}, {}, np.ones(len(quality)))
    )


def _stretches(count: int, world: World, rng: np.random.Generator) -> list[slice]:
    """Gaps of about two seconds that fill the share of time that is missing."""
    number = int(rng.poisson(world.missing * count / world.rate_hz / 2.0))
    starts = rng.integers(0, count, number)
    lengths = np.maximum(1, (rng.exponential(2.0, number) * world.rate_hz)).astype(int)
    return [slice(int(start), int(start + length)) for start, length in zip(starts, lengths, strict=True)]
