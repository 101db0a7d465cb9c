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
#: Codes that are scored on either side: those of which the catalogue asks it. Their code is the larger side, as in
#: the shipped scorer's results.
SIDED: Final = ("2", "12", "14", "20")
#: Before a code of a recipe: on one side alone.
UNILATERAL: Final = "U"
_ONE_SIDED: Final = 0.1
#: Lids: blinks of everybody a minute; and what tired people show: code, seconds from and to, strength from and to.
_BLINKS: Final = 12.0
_LIDS: Final = (("45", 0.45, 0.65, 3.0, 5.0), ("43", 1.0, 3.0, 3.5, 5.0), ("41", 2.0, 6.0, 1.5, 4.0))


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
    sides : float
        Share of the variance of a side's error that is its code's.
    tired : float
        Long blinks, closed and drooping lids of an average face, a minute.
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
    sides: float = 0.7
    tired: float = 2.0


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


def _units(code: str) -> tuple[str, ...]:
    """What a code is scored by: itself, or its sides."""
    return (f"{code}_L", f"{code}_R") if code in SIDED else (code,)


def _codes(recipes: Sequence[Sequence[str]]) -> list[str]:
    shown = {code.removeprefix(UNILATERAL) for one in recipes for code in one}
    return sorted({*OTHERS, *shown, *(code for code, *_ in _LIDS)})


def _larger(values: dict[str, Float64]) -> dict[str, Float64]:
    """The same with sided codes, each the larger of its sides."""
    return values | {code: np.maximum(*(values[unit] for unit in _units(code))) for code in SIDED}


def _add(
    values: Mapping[str, Float64], time_s: Float64, code: str, peak: float, when: Sequence[float], weak: float,
    left: bool,
) -> None:  # fmt: skip
    """Let a code rise and fall; the weaker side to a share of the other."""
    begin, end = np.searchsorted(time_s, (when[0], sum(when) + 0.1)).tolist()
    rows = slice(begin, end)
    shape = peak * _profile(time_s[rows], *when)
    for unit in _units(code):
        share = weak if unit.endswith("_R" if left else "_L") else 1.0
        np.maximum(values[unit][rows], share * shape, out=values[unit][rows])


def _true(
    time_s: Float64, recipes: Sequence[Sequence[str]], habits: Float64, per_minute: float, expressivity: float,
    rng: np.random.Generator,
) -> dict[str, Float64]:  # fmt: skip
    values = {unit: np.zeros(len(time_s)) for code in _codes(recipes) for unit in _units(code)}
    length = float(time_s[-1]) if len(time_s) else 0.0
    onset = -4.0
    while True:
        onset += float(rng.exponential(60 / per_minute))
        if onset > length:
            return values
        if rng.random() < 0.75:
            codes = list(recipes[int(rng.choice(len(recipes), p=habits))])
        else:
            codes = [str(code) for code in rng.choice(OTHERS, int(rng.integers(1, 4)), replace=False)]
            if rng.random() < _ONE_SIDED:
                codes = [UNILATERAL + code for code in codes]
        rise, hold, fall = rng.uniform(0.2, 0.7), rng.gamma(2.0, 0.9), rng.uniform(0.3, 1.2)
        strength = float(rng.uniform(0.8, 5.0)) * expressivity
        left, alone, even = bool(rng.random() < 0.5), float(rng.uniform(0, 0.3)), float(rng.uniform(0.7, 1))
        for code in codes:
            peak = float(np.clip(strength * rng.lognormal(0, 0.25), 0.3, 5))
            when = (onset + float(rng.normal(0, 0.1)), float(rise), float(hold), float(fall))
            weak = alone if code.startswith(UNILATERAL) else even
            _add(values, time_s, code.removeprefix(UNILATERAL), peak, when, weak, left)


def _lids(values: Mapping[str, Float64], time_s: Float64, tired: float, rng: np.random.Generator) -> None:
    """Blinks, and the slow lids of somebody who is tired."""
    minutes = len(time_s) and float(time_s[-1]) / 60
    for onset in rng.uniform(0, minutes * 60, rng.poisson(_BLINKS * minutes)).tolist():
        _add(values, time_s, "45", float(rng.uniform(2.5, 5)), (onset, 0.08, 0.05, 0.12), 1.0, True)
    for onset in rng.uniform(0, minutes * 60, rng.poisson(tired * minutes)).tolist():
        code, least, most, faint, strong = _LIDS[int(rng.integers(len(_LIDS)))]
        when = (onset, 0.1, float(rng.uniform(least, most)) - 0.1, 0.15)
        _add(values, time_s, code, float(rng.uniform(faint, strong)), when, 1.0, True)


def _score(truth: Mapping[str, Float64], world: World, rng: np.random.Generator) -> dict[str, Float64]:
    scored: dict[str, Float64] = {}
    keep = float(np.exp(-1 / world.rate_hz / world.fading_s))
    count = len(next(iter(truth.values())))
    time_s = np.arange(count) / world.rate_hz
    codes = sorted({key.split("_")[0] for key in truth})
    seen = {unit: truth[unit].copy() for code in codes for unit in _units(code)}
    for _ in range(rng.poisson(world.wrong * world.per_minute * count / world.rate_hz / 60)):
        code, onset = str(rng.choice(codes)), float(rng.uniform(0, time_s[-1]))
        when = (onset, 0.4, float(rng.gamma(2.0, 0.7)), 0.5)
        _add(seen, time_s, code, 0.15 + float(rng.exponential(0.5)), when, 1.0, True)
    _spill(truth, seen, world, rng)
    from scipy.signal import lfilter

    def error() -> Float64:
        fresh = rng.standard_normal(count) * np.sqrt(1 - keep * keep)
        fading: Float64 = lfilter([1.0], [1.0, -keep], fresh, zi=[keep * rng.standard_normal()])[0]
        return np.asarray(np.sqrt(world.lasting) * rng.standard_normal() + np.sqrt(1 - world.lasting) * fading)

    whole = error()
    for code in codes:
        own = error()
        for unit in _units(code):
            alone = own if unit == code else np.sqrt(world.sides) * own + np.sqrt(1 - world.sides) * error()
            unlike = np.sqrt(world.alike) * whole + np.sqrt(1 - world.alike) * alone
            size = world.resting + (world.error - world.resting) * np.clip(seen[unit] / 1.5, 0, 1)
            scored[unit] = np.clip(seen[unit] + size * unlike, 0, 5)
    return _larger(scored)


def _spill(
    truth: Mapping[str, Float64], seen: Mapping[str, Float64], world: World, rng: np.random.Generator
) -> None:
    codes = sorted({key.split("_")[0] for key in truth} - {code for code, *_ in _LIDS})
    most = np.stack([truth[code] for code in codes]).max(axis=0)
    moving = most > 1
    starts = np.flatnonzero(np.diff(moving.astype(np.int8), prepend=0) == 1)
    for start in starts.tolist():
        stop = start + int(np.argmin(np.append(moving[start:], False)))
        for code in rng.choice(codes, int(rng.poisson(world.spilt))):
            share = float(rng.uniform(0.1, 0.5))
            for unit in _units(str(code)):
                np.maximum(seen[unit][start:stop], share * most[start:stop], out=seen[unit][start:stop])


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
            if "_" in code:
                continue
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
    values = _true(time_s, recipes, habits, world.per_minute * expressivity, expressivity, rng)
    _lids(values, time_s, world.tired * float(own.gamma(1.0)), rng)
    return _larger(values)


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
    whole = {code: score for code, score in scored.items() if "_" not in code}
    low = {code: np.clip(score - widths[_range(score)], 0, 5) for code, score in whole.items()}
    high = {code: np.clip(score + widths[_range(score)], 0, 5) for code, score in whole.items()}
    quality = np.ones(len(next(iter(truth.values()))))
    for mouth_only in (True, False):
        for rows in _stretches(len(quality), world, rng):
            for held in (scored, low, high):
                for key in held:
                    if not mouth_only or key.split("_")[0] in _MOUTH:
                        held[key][rows] = np.nan
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
