"""How often the intervals of states hold the truth, on sessions whose truth is known. Tables of docs/method.md.

``python -m analysis.training.coverage`` prints the whole study as Markdown (about ten minutes of one processor);
``--share 0.2`` a fifth of its sessions, ``--jobs 2`` in two processes.

Factors were set on other seeds, and the model that computes the states is not the one that makes the sessions
(`analysis.training.made_sessions`). Windows count where a value is given and where there is something to say: the
upper end of the interval is .05 or more. All others hold the truth nearly always, and would flatter.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np

from analysis.emotion.course import course
from analysis.emotion.estimate import states
from analysis.emotion.figures import ALL, DIMENSIONS, SHOWN, States
from analysis.emotion.parameters import Parameters, parameters
from analysis.facs.combination_model import Combination
from analysis.facs.combinations import catalogue
from analysis.facs.evidence import Evidence
from analysis.facs.series import Float64
from analysis.training.counted import WIDTHS, Counted, joined, none, row
from analysis.training.made_sessions import UNILATERAL, Made, World, lived, made

_SEED: Final = 20261124
#: Smallest share of a person's time at which missing it would be a miss.
_OFTEN: Final = 0.01
#: Hours of the same person that stand for what the session is a part of.
_LIFE_H: Final = 1.0
#: Frames a second of that time; faces move slower.
_LIFE_HZ: Final = 5.0


@lru_cache(maxsize=1)
def recipes() -> tuple[tuple[str, ...], ...]:
    """Codes of every variant of the catalogue's expressions that a machine can find: what made faces show."""
    return tuple(
        tuple((UNILATERAL if group[0].side == "unilateral" else "") + group[0].code for group in variant.required)
        for one in catalogue()
        if one.kind == "expression"
        for variant in one.variants
        if variant.required and variant.origin != "coder" and not variant.needs_coding
    )


def true_path(truth: Evidence, combinations: Sequence[Combination]) -> Float64:
    """Shares and dimensions at the true intensities in every frame, shape (all, n)."""
    given = replace(parameters(), bin_us=round(truth.interval_us))
    return course(truth, combinations, (), given).path.astype(np.float64)


def compared(
    one: Made, found: States, combinations: Sequence[Combination], number: int = 0
) -> tuple[Counted, Counted]:
    """Windows and session values of one made session beside the truth of its measured frames."""
    path = true_path(one.truth, combinations)
    measured = np.zeros(len(one.evidence), bool)
    for values in one.evidence.values.values():
        measured |= np.isfinite(values)
    sums = np.concatenate([np.zeros((len(ALL), 1)), np.cumsum(np.where(measured, path, 0), axis=1)], axis=1)
    frames = np.concatenate([[0], np.cumsum(measured)])
    first, last = (np.searchsorted(one.evidence.time_us, ends) for ends in (found.start_us, found.end_us))
    truth = (sums[:, last] - sums[:, first]) / np.maximum(frames[last] - frames[first], 1)
    windows, session = [], []
    whole = sums[:, -1] / max(frames[-1], 1)
    for at, name in enumerate(ALL):
        window = found.windows[name]
        given = ~window.abstained
        kind, named = (np.full(int(given.sum()), one) for one in (at, number))
        ends = window.low[given], window.high[given]
        windows.append(Counted(kind, named, window.value[given], *ends, truth[at, given]))
        level = found.session[name]
        if level.value is not None and level.low is not None and level.high is not None:
            session.append(row(at, number, level.value, level.low, level.high, whole[at]))
    return joined(windows), joined(session)


def expected(life: Float64, found: States, number: int = 0) -> Counted:
    """Session values beside what they are an estimate of: the person's mean over a long time, shape (all,)."""
    rows = []
    for at, name in enumerate(ALL):
        level = found.session[name]
        if level.value is not None and level.expected_low is not None and level.expected_high is not None:
            rows.append(row(at, number, level.value, level.expected_low, level.expected_high, life[at]))
    return joined(rows) if rows else none()


@dataclass(frozen=True)
class Study:
    """What a number of sessions came to.

    Attributes
    ----------
    windows, sessions, beyond : Counted
        Windows, sessions as they are, and sessions beside what they are part of.
    given : float
        Share of the values of windows that were given.
    """

    windows: Counted
    sessions: Counted
    beyond: Counted
    given: float


def study(
    world: World,
    seconds: float,
    sessions: int,
    *,
    seed: int = _SEED,
    life_h: float = _LIFE_H,
    given: Parameters | None = None,
    first: int = 0,
) -> Study:
    """Make sessions, compute their states, compare.

    Parameters
    ----------
    world : World
    seconds : float
        Length of each.
    sessions : int
    seed : int
    life_h : float
        Hours of each person's true movements that stand for its mean; 0: not compared.
    given : Parameters, optional
    first : int
        Number of the first session: another number is another person.
    """
    combinations = catalogue()
    windows, levels, beyond = [], [], []
    possible = 0
    for number in range(first, first + sessions):
        one = made(world, recipes(), seconds, seed=seed, number=number)
        found = states(one.evidence, combinations=combinations, seed=number, given=given)
        compare = compared(one, found, combinations, number)
        windows.append(compare[0])
        levels.append(compare[1])
        possible += len(found.start_us) * len(ALL)
        if life_h:
            long = lived(replace(world, rate_hz=_LIFE_HZ), recipes(), life_h, seed=seed, number=number)
            beyond.append(expected(true_path(long, combinations).mean(axis=1), found, number))
    told = joined(windows)
    return Study(told, joined(levels), joined(beyond) if beyond else none(), len(told.kind) / max(possible, 1))


# The study

#: Name of a world, how it differs from the first, seconds and sessions.
WORLDS: Final[tuple[tuple[str, World, float, int], ...]] = (
    ("as assumed, 1 min", World(), 60, 80),
    ("as assumed, 3 min", World(), 180, 60),
    ("as assumed, 10 min", World(), 600, 40),
    ("little expression", World(per_minute=3), 120, 40),
    ("much expression", World(per_minute=16), 60, 40),
    ("much is not scored", World(missing=0.15), 60, 40),
    ("intervals 30 % too narrow", World(intervals=0.7), 60, 40),
    ("errors last (.95)", World(lasting=0.95), 60, 40),
    ("errors pass (.2)", World(lasting=0.2), 60, 40),
    ("codes err together (.7)", World(alike=0.7), 60, 40),
    ("scores spill over", World(spilt=1.0), 60, 40),
    ("few false movements", World(wrong=0.05), 60, 40),
)
#: Other choices than the shipped ones, each on the first world: a table of the parameters and what differs.
CHOICES: Final[tuple[tuple[str, str, dict[str, float]], ...]] = (
    ("as shipped", "errors", {}),
    ("lasting 0.3", "errors", {"lasting": 0.3}),
    ("lasting 0.95", "errors", {"lasting": 0.95}),
    ("fading 0.2 s", "errors", {"fading_s": 0.2}),
    ("fading 2 s", "errors", {"fading_s": 2.0}),
    ("codes alike 0", "errors", {"codes_alike": 0.0}),
    ("codes alike 0.6", "errors", {"codes_alike": 0.6}),
    ("company counts nothing", "company", {"together": 0.0, "alone": 0.0, "doubt": 0.0}),
    ("together 0.4", "company", {"together": 0.4}),
    ("no doubts", "doubts", {"shown": 0.0, "other": 0.0, "spread": 0.0, "neutral": 0.0, "dimensions": 0.0}),
)
_CHOICE_SESSIONS: Final = 30
#: So many worlds, the first ones, are as assumed; of so many the person's long time is looked at.
_ASSUMED: Final = 3
_LIVED: Final = 5
#: Numbers of the people of one world and of the next lie so far apart.
_PEOPLE: Final = 1000


def shown(counted: Counted) -> Counted:
    """Rows of the states that can be shown."""
    return counted.where(np.isin(counted.kind, [ALL.index(name) for name in SHOWN]))


def _often(counted: Counted) -> Counted:
    """Of these the states that the person shows, .01 of the time or more: all others are held whatever is said."""
    return shown(counted.where(counted.truth >= _OFTEN))


def _held(counted: Counted) -> str:
    """Share that is held, its standard error and of how many."""
    if not len(counted.kind):
        return "–"
    error = f" ± {counted.doubt:.2f}" if counted.doubt > 0 else ""
    return f"{counted.held:.2f}{error} ({len(counted.kind)})"


_AHEAD: Final[dict[tuple[int, float], Study]] = {}


def _studied_ahead(share: float, jobs: int) -> None:
    """Study all worlds in several processes; the longest first."""
    order = sorted(range(len(WORLDS)), key=lambda number: -WORLDS[number][2] * WORLDS[number][3])
    with ProcessPoolExecutor(jobs) as pool:
        for number, found in zip(order, pool.map(_studied, order, [share] * len(order)), strict=True):
            _AHEAD[number, share] = found


@lru_cache(maxsize=len(WORLDS))
def _studied(number: int, share: float) -> Study:
    """A world's study; the person's long time is made for the first worlds, in which faces differ."""
    if (number, share) in _AHEAD:
        return _AHEAD[number, share]
    _, world, seconds, sessions = WORLDS[number]
    count = max(2, round(sessions * share))
    return study(world, seconds, count, life_h=_LIFE_H if number < _LIVED else 0, first=_PEOPLE * number)


def by_world(share: float, first: int = 0, last: int | None = None) -> Iterator[str]:
    """Table of the worlds, or of some of them."""
    yield (
        "| world | sessions | values given | windows | their states | width | sessions as they are | "
        "their states | beyond | their states |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for number, (name, _, seconds, sessions) in list(enumerate(WORLDS))[first:last]:
        count = max(2, round(sessions * share))
        found = _studied(number, share)
        told = found.windows.telling
        states_ = shown(told)
        width = float((states_.high - states_.low).mean()) if len(states_.kind) else float("nan")
        yield (
            f"| {name} | {count} × {seconds:.0f} s | {found.given:.2f} | {_held(told)} | {_held(states_)} | "
            f"{width:.2f} | {_held(found.sessions.telling)} | {_held(shown(found.sessions.telling))} | "
            f"{_held(found.beyond)} | {_held(_often(found.beyond))} |"
        )


def by_state(share: float) -> Iterator[str]:
    """Table of the states, over the worlds that are as assumed."""
    found = [_studied(number, share) for number in range(_ASSUMED)]
    windows = joined([one.windows for one in found])
    sessions = joined([one.sessions for one in found])
    beyond = joined([one.beyond for one in found])
    yield "| | all windows | telling windows | mean error | width | truth above / below | sessions | beyond |"
    yield "|---|---|---|---|---|---|---|---|"
    for name in (*ALL, "all"):
        every = windows if name == "all" else windows.of(name)
        told = every.telling
        if not len(told.kind):
            continue
        above, below = (told.truth > told.high + WIDTHS).mean(), (told.truth < told.low - WIDTHS).mean()
        yield (
            f"| {name} | {_held(every)} | {_held(told)} | {(told.value - told.truth).mean():+.3f} | "
            f"{(told.high - told.low).mean():.2f} | {above:.2f} / {below:.2f} | "
            f"{_held((sessions if name == 'all' else sessions.of(name)).telling)} | "
            f"{_held(beyond if name == 'all' else beyond.of(name))} |"
        )


def by_choice(share: float) -> Iterator[str]:
    """Table of other choices of how errors behave."""
    yield "| choice | windows | their states | width | sessions as they are | width |"
    yield "|---|---|---|---|---|---|"
    given = parameters()
    for name, part, changed in CHOICES:
        other: Any = {part: replace(getattr(given, part), **changed)}
        chosen = replace(given, **other)
        found = study(World(), 60, max(2, round(_CHOICE_SESSIONS * share)), life_h=0, given=chosen)
        told, session = found.windows.telling, found.sessions.telling
        states_ = shown(told)
        yield (
            f"| {name} | {_held(told)} | {_held(states_)} | {(states_.high - states_.low).mean():.2f} | "
            f"{_held(session)} | {(session.high - session.low).mean():.2f} |"
        )


def binning(sessions: int) -> tuple[float, float]:
    """Largest difference that bins of 0.1 s make to the truth of a window: of fatigue, and of all other states."""
    worst = np.zeros(len(ALL))
    combinations = catalogue()
    for number in range(sessions):
        truth = made(World(), recipes(), 60, seed=_SEED, number=number).truth
        coarse = course(truth, combinations, (), parameters()).path.astype(np.float64)
        fine = true_path(truth, combinations)
        for start in range(0, 58):
            frames = fine[:, start * 25 : (start + 2) * 25].mean(axis=1)
            bins = coarse[:, start * 10 : (start + 2) * 10].mean(axis=1)
            worst = np.maximum(worst, np.abs(frames - bins))
    timed = ALL.index("fatigue")
    others = [ALL.index(name) for name in (*SHOWN, *DIMENSIONS) if name != "fatigue"]
    return float(worst[timed]), float(worst[others].max())


def main(arguments: list[str]) -> int:
    """Run; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0, metavar="S", help="of the sessions (1)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (1)")
    options = parser.parse_args(arguments)
    share = options.share
    if options.jobs > 1:
        _studied_ahead(share, options.jobs)
    for table in (by_state(share), by_world(share), by_choice(share)):
        for line in table:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        sys.stdout.write("\n")
    timed, others = binning(max(2, round(10 * share)))
    sys.stdout.write(
        f"Bins of 0.1 s change a window's value by at most {others:.3f}; that of fatigue, which asks how long "
        f"lids are closed, by {timed:.3f}.\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
