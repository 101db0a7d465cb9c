"""Comparison of groups of sessions, and of two sessions of one participant. Nobody is ranked.

The unit of a group comparison is the participant: several sessions of one participant in a group are averaged
first, for sessions of one person are no independent observations. Indicators appear in group comparisons only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np

from analysis.facs.series import Float64
from analysis.indicators.effects import (
    RESAMPLES,
    benjamini_hochberg,
    cliffs_delta,
    hedges_g,
    holm,
    interval_ends,
    moments,
    permutation_p,
    resamples,
)
from analysis.indicators.grid import CELL_US, block_counts, grid_over
from analysis.indicators.session import Curve
from analysis.types import AnalysisError

#: Participants that each group needs before anything is tested. A choice of ours: with eight in each, a difference
#: of a standard deviation is found half of the time (docs/indicators.md), so fewer would only invite stories.
LEAST: Final = 8
#: Names of values that are an exploratory indicator.
INDICATOR: Final = "indicator:"


@dataclass(frozen=True)
class SessionValues:
    """One session of one participant.

    Attributes
    ----------
    participant, session, group : str
    values : mapping of str to float
        By name, such as ``state:joy``, ``au_share:12``, ``engagement``, ``indicator:trust_score``; absent or NaN
        where not known.
    """

    participant: str
    session: str
    group: str
    values: Mapping[str, float]

    def __post_init__(self) -> None:
        if not self.participant or not self.group:
            raise ValueError("a session needs its participant and its group")


@dataclass(frozen=True)
class Difference:
    """One value in two groups.

    Attributes
    ----------
    name, first, second : str
    n_first, n_second : int
        Participants with a value.
    mean_first, mean_second : float
    difference, g, delta : tuple of float or None
        First minus second in the value's unit, Hedges' g, Cliff's delta: each with the ends of its interval.
    p, p_holm, p_bh : float or None
        Of the permutation test; corrected over all tests of the comparison.
    paired : bool
        The same participants are in both groups.
    why : str
        Why nothing was tested; empty where it was.
    """

    name: str
    first: str
    second: str
    n_first: int
    n_second: int
    mean_first: float | None
    mean_second: float | None
    difference: tuple[float, float, float] | None = None
    g: tuple[float, float, float] | None = None
    delta: tuple[float, float, float] | None = None
    p: float | None = None
    p_holm: float | None = None
    p_bh: float | None = None
    paired: bool = False
    why: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def compare_groups(
    sessions: Iterable[SessionValues],
    *,
    names: Sequence[str] | None = None,
    least: int = LEAST,
    level: float = 0.95,
    seed: int = 0,
) -> list[Difference]:
    """Every value between every two groups.

    Parameters
    ----------
    sessions : iterable of SessionValues
    names : sequence of str, optional
        Values that count; all that somebody has when left out. Name them before looking: each more makes the
        correction stricter.
    least : int
        Participants that each group needs; at least `LEAST`.
    level : float
        Of the intervals, 0.90 or 0.95.
    seed : int

    Returns
    -------
    list of Difference
        In the order of the names, then of the pairs of groups.

    Raises
    ------
    AnalysisError
        Fewer than two groups, or groups that share some of their participants and not all.
    """
    if level not in (0.90, 0.95):
        raise ValueError(f"level: expected 0.90 or 0.95, got {level}")
    held: dict[str, dict[str, dict[str, float]]] = {}
    by_person: dict[tuple[str, str], list[Mapping[str, float]]] = {}
    for one in sessions:
        by_person.setdefault((one.group, one.participant), []).append(one.values)
    for (group, person), several in by_person.items():
        held.setdefault(group, {})[person] = _averaged(several)
    if len(held) < 2:
        raise AnalysisError("A comparison needs sessions of at least two groups.")
    pairs = list(combinations(held, 2))
    paired = {pair: _paired(held[pair[0]], held[pair[1]], pair) for pair in pairs}
    every = {name: None for people in held.values() for values in people.values() for name in values}
    wanted = list(names) if names is not None else sorted(every)
    found = [
        _difference(name, pair, held, paired[pair], max(least, LEAST), level, seed)
        for name in wanted
        for pair in pairs
    ]
    return _corrected(found)


def _averaged(several: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = {name: None for values in several for name in values}
    known = {
        name: [values[name] for values in several if math.isfinite(values.get(name, math.nan))] for name in names
    }
    return {name: sum(values) / len(values) for name, values in known.items() if values}


def _paired(first: Mapping[str, Any], second: Mapping[str, Any], names: tuple[str, str]) -> bool:
    shared = first.keys() & second.keys()
    if shared and (first.keys() != second.keys()):
        raise AnalysisError(
            f"The groups {names[0]} and {names[1]} share {len(shared)} participants but not all. "
            "Compare different people, or the same people twice."
        )
    return bool(shared)


def _difference(
    name: str,
    groups: tuple[str, str],
    held: Mapping[str, Mapping[str, Mapping[str, float]]],
    paired: bool,
    least: int,
    level: float,
    seed: int,
) -> Difference:
    first, second = (held[group] for group in groups)
    if paired:
        people = [person for person in first if name in first[person] and name in second[person]]
        a, b = (np.array([group[person][name] for person in people]) for group in (first, second))
    else:
        a, b = (
            np.array([values[name] for values in group.values() if name in values]) for group in (first, second)
        )
    means = (float(a.mean()) if len(a) else None, float(b.mean()) if len(b) else None)
    plain = Difference(name, *groups, len(a), len(b), *means, paired=paired)
    if min(len(a), len(b)) < least:
        return _with(
            plain,
            why=f"Described only: {len(a)} and {len(b)} participants, and a test needs {least} in each group.",
        )
    if not (a.std() > 0 or b.std() > 0):
        return _with(plain, why="Everybody in both groups has the same value.")
    resampled = resamples(len(a), len(b), paired, seed)
    ends = interval_ends(len(a), len(b), paired, level)

    def interval(values: Float64) -> tuple[float, float, float]:
        low, high = np.nanquantile(values[1:], ends).tolist()
        return float(values[0]), float(low), float(high)

    first_, second_ = (moments(*both) for both in ((a, resampled.first), (b, resampled.second)))
    return _with(
        plain,
        difference=interval(first_[0] - second_[0]),
        g=interval(hedges_g(first_, second_, (len(a), len(b)))),
        delta=interval(cliffs_delta(a, b, resampled)),
        p=permutation_p(a, b, resampled),
    )


def _with(one: Difference, **changes: Any) -> Difference:
    return Difference(**{**asdict(one), **changes})


def _corrected(found: Sequence[Difference]) -> list[Difference]:
    """Holm's and Benjamini and Hochberg's correction over all that was tested."""
    tested = [one for one in found if one.p is not None]
    p = np.array([one.p for one in tested], np.float64)
    corrected = dict(
        zip(map(id, tested), zip(holm(p).tolist(), benjamini_hochberg(p).tolist(), strict=True), strict=True)
    )
    return [
        _with(one, p_holm=corrected[id(one)][0], p_bh=corrected[id(one)][1]) if id(one) in corrected else one
        for one in found
    ]


def compare_sessions(
    first: Mapping[str, Curve], second: Mapping[str, Curve], *, level: float = 0.90, seed: int = 0
) -> list[dict[str, Any]]:
    """Two sessions of one participant: difference of the means of their curves, second minus first.

    Resampled by blocks of windows within each session. It says how these two recordings differ, nothing about
    other recordings or people, so there is no test. Indicators are refused.

    Parameters
    ----------
    first, second : mapping of str to Curve
        By name, such as ``state:joy`` or ``engagement``.
    level : float
    seed : int

    Returns
    -------
    list of mapping
        ``name``, ``first``, ``second``, ``difference`` and its ``low`` and ``high``; None where one has no value.

    Raises
    ------
    AnalysisError
        An exploratory indicator is among them.
    """
    if any(name.startswith(INDICATOR) for name in (*first, *second)):
        raise AnalysisError("Indicators are compared between groups only, never for one participant.")
    out = []
    for number, name in enumerate(sorted(first.keys() & second.keys())):
        rng = np.random.default_rng([seed, number])
        draws = [_means(curve, rng) for curve in (first[name], second[name])]
        row: dict[str, Any] = {"name": name, **dict.fromkeys(("first", "second", "difference", "low", "high"))}
        known = [values is not None for values in draws]
        row |= {
            key: float(values[0])
            for key, values in zip(("first", "second"), draws, strict=True)
            if values is not None
        }
        if all(known) and draws[0] is not None and draws[1] is not None:
            change = draws[1] - draws[0]
            low, high = np.nanquantile(change[1:], ((1 - level) / 2, (1 + level) / 2)).tolist()
            row |= {"difference": float(change[0]), "low": float(low), "high": float(high)}
        out.append(row)
    return out


def _means(curve: Curve, rng: np.random.Generator) -> Float64 | None:
    """Mean of a curve and of its resamples; None where it has no value."""
    from analysis.indicators.channels import cells_of

    if not np.isfinite(curve.value).any():
        return None
    grid = grid_over(int(curve.start_us.min()), int(curve.end_us.max()), CELL_US)
    value, _, _ = cells_of(curve, grid)
    known = np.isfinite(value).astype(np.float64)
    counts = np.concatenate([np.ones((1, grid.cells), np.float32), block_counts(grid.cells, RESAMPLES, rng)])
    total, cells = counts @ np.nan_to_num(value), counts @ known
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Float64 = np.asarray(total / cells, np.float64)
    return found
