"""From one face's scores to draws of its shares: by cell of time, by episode, and the course of their mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.emotion.errors import MOST, Bins, Float32, binned, drawn, usual_spread
from analysis.emotion.figures import ALL, DIMENSIONS, OTHER, SHARES, SHOWN
from analysis.emotion.parameters import Doubts, Parameters
from analysis.emotion.shares import Part, dimensions, drawn_presences, parts_of, presences, resting, shares
from analysis.facs.codes import ACTION_UNITS
from analysis.facs.combination_model import Combination, Timing, Unit
from analysis.facs.combination_presence import membership, minimum, ramp
from analysis.facs.evidence import Evidence
from analysis.facs.series import Float64, Int64

#: A part is taken to stand from this presence on where its duration is asked for.
_THERE: Final = 0.5
#: A score moves a face only when it may be beyond rest: within so many spreads.
_REACH: Final = 3.0

Priors = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Course:
    """One face, ready to be drawn from.

    Attributes
    ----------
    bins : Bins
    parts : tuple of Part
        All that could be found in codes of this origin.
    origin : str
    given : Parameters
    point : float32, shape (parts, n)
        Presence of the parts at the scores themselves.
    gates : mapping of int to float64, shape (n,)
        Presence of the parts that are shares of time, which are not drawn.
    path : float32, shape (all, n)
        Shares and dimensions at the scores themselves, in the order of `ALL`.
    reach : float64, shape (all, n)
        How much of what each rests on was scored, 0–1, all that the catalogue lists counted.
    unseen : float64, shape (all, n)
        How much of what the scorer does score was missing just then, 0–1.
    """

    bins: Bins
    parts: tuple[Part, ...]
    origin: str
    given: Parameters
    point: Float32
    gates: Mapping[int, Float64]
    path: Float32
    reach: Float64
    unseen: Float64

    @property
    def measured(self) -> NDArray[np.bool_]:
        """Bins in which anything was scored, shape (n,)."""
        return np.asarray(self.reach.max(axis=0) > 0)


def course(
    evidence: Evidence, combinations: Sequence[Combination], speech: Sequence[tuple[int, int]], given: Parameters
) -> Course:
    """Scores in bins, and what they say as they stand."""
    parts = parts_of(combinations, given, evidence.origin)
    wanted = {key for part in parts for key in part.keys}
    wanted |= {*ACTION_UNITS, *given.dimensions.valence, *given.dimensions.arousal, given.dimensions.closed}
    bins = binned(evidence, sorted(wanted & set(evidence.values)), speech, given.bin_us, given.errors)
    if evidence.origin == "machine":
        bins = replace(bins, company=company_of(parts, bins))
    single = {key: array[None, :] for key, array in bins.value.items()}
    count = len(bins)
    if not single or not count:
        nothing = np.zeros((len(ALL), count))
        empty = np.zeros((len(parts), count), np.float32)
        return Course(bins, parts, evidence.origin, given, empty, {}, nothing.astype(np.float32), nothing, nothing)
    point = presences(parts, bins.value, evidence.origin)
    gates = _gates(parts, bins, evidence.origin)
    for place, gate in gates.items():
        point[place] = gate
    rows = np.arange(count)
    for place, part in enumerate(parts):
        if _timed(part):
            point[place] *= _lasts((point[place] >= _THERE)[None], rows, bins, part.variant.timing)[0]
    at_rest = resting(single, given)
    present = np.where(np.isfinite(point), point, 0)[:, None]
    path = np.concatenate(
        [
            shares(parts, present, at_rest, bins.speech, given)[:, 0],
            np.stack([array[0] for array in dimensions(single, given.dimensions)]),
        ]
    )
    reach, unseen = _scored(parts, point, bins, given)
    return Course(bins, parts, evidence.origin, given, point, gates, path, reach, unseen)


def company_of(parts: Sequence[Part], bins: Bins) -> dict[str, Float64]:
    """By code, how far all else of some combination that asks for it stands, in the scores as they are; 0–1.

    Combinations of one code have nothing else, and sums of parts stand by any of them.
    """
    found = {key: np.zeros(len(bins)) for key in bins.value if "_" not in key}
    there: dict[tuple[str, float], Float64] = {}

    def presence(unit: Unit) -> Float64:
        at = minimum(unit, "machine")
        if (unit.code, at) not in there:
            values = bins.value.get(unit.code)
            there[unit.code, at] = np.zeros(len(bins)) if values is None else np.nan_to_num(ramp(values, at))
        return there[unit.code, at]

    for part in parts:
        groups = [np.max([presence(unit) for unit in group], axis=0) for group in part.variant.required]
        if len(groups) < 2:
            continue
        for place, group in enumerate(part.variant.required):
            rest = np.min([other for at, other in enumerate(groups) if at != place], axis=0)
            for code in {unit.code for unit in group} & found.keys():
                np.maximum(found[code], rest, out=found[code])
    return found


def _gates(parts: Sequence[Part], bins: Bins, origin: str) -> dict[int, Float64]:
    """Presence of each part that is a share of time, read from the scores as they stand."""
    found: dict[int, Float64] = {}
    for place, part in enumerate(parts):
        if part.over_time:
            own = {key: bins.value[key] for key in part.keys if key in bins.value}
            nothing = np.full(len(bins), np.nan)
            told = membership(own, part.combination, origin=origin, seconds=bins.seconds) if own else nothing
            found[place] = np.asarray(told, np.float64)
    return found


def _timed(part: Part) -> bool:
    """Whether it has to last, or must not last longer, and is seen at a moment otherwise."""
    timing = part.variant.timing
    return not part.over_time and (timing.least_us is not None or timing.longest_us is not None)


def _lasts(mask: NDArray[np.bool_], rows: Int64, bins: Bins, timing: Timing) -> Float32:
    """1 in the stretches that last as long as they have to, and just before and after them; 0 elsewhere.

    Parameters
    ----------
    mask : bool, shape (d, k)
        Where a part is there, by draw and bin.
    rows : int64, shape (k,)
        Places of these bins, ascending; where one is left out a stretch ends.
    bins : Bins
    timing : Timing

    Returns
    -------
    float32, shape (d, k)
    """
    draws, count = mask.shape
    place = np.arange(count) + 1 + np.cumsum(np.diff(rows, prepend=rows[0]) > 1)  # room between stretches
    width = int(place[-1]) + 2
    wide = np.zeros((draws, width), np.int8)
    wide[:, place] = mask
    change = np.diff(wide.ravel(), prepend=np.int8(0))
    first, last = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    lasts = (last - first) * bins.width_us
    kept = (lasts >= (timing.least_us or 0)) & (lasts <= (timing.longest_us or np.inf))
    around = np.zeros(wide.size + 1, np.int32)
    np.add.at(around, np.maximum(first[kept] - 2, 0), 1)
    np.add.at(around, np.minimum(last[kept] + 2, wide.size), -1)
    found = np.cumsum(around[:-1]).reshape(draws, width)[:, place] > 0
    return np.asarray(found, np.float32)


def _scored(parts: Sequence[Part], point: Float32, bins: Bins, given: Parameters) -> tuple[Float64, Float64]:
    """`Course.reach` and `Course.unseen`."""
    count = len(bins)
    reach, unseen = np.zeros((len(ALL), count)), np.zeros((len(ALL), count))
    there = np.isfinite(point)
    for at, state in enumerate(ALL):
        if state in SHOWN:
            own = [place for place, part in enumerate(parts) if part.state == state]
            weights = np.array([parts[place].weight for place in own])
            loss = np.array([(1 - given.weights.speech) * parts[place].spoken for place in own])
            mask = there[own]
        elif state in given_codes(given):
            named = given_codes(given)[state]
            weights = np.array(list(named.values()))
            loss = np.zeros(len(named))
            nothing = np.full(count, np.nan)
            mask = np.stack([np.isfinite(bins.value.get(code, nothing)) for code in named])
        else:  # neutral and other: every code that ends rest
            codes = [code for code in ACTION_UNITS if code in bins.value and code not in given.rest.ignored]
            weights, loss = np.ones(len(codes)), np.zeros(len(codes))
            mask = np.stack([np.isfinite(bins.value[code]) for code in codes])
        total = weights.sum()
        if not total:
            continue
        counted = weights[:, None] * (1 - loss[:, None] * bins.speech)
        reach[at] = np.where(mask, counted, 0.0).sum(axis=0) / total
        known = mask.any(axis=1)
        if state in SHOWN:  # a share of time is not known in the first minute: that hides nothing
            known &= np.array([not parts[place].over_time for place in own])
        if known.any():
            scored = weights[known]
            unseen[at] = 1 - (scored[:, None] * mask[known]).sum(axis=0) / scored.sum()
    return np.clip(reach, 0, 1), np.clip(unseen, 0, 1)


def given_codes(given: Parameters) -> dict[str, dict[str, float]]:
    """Codes of valence and arousal with what each counts."""
    valence = {code: abs(weight) for code, weight in given.dimensions.valence.items()}
    return {"valence": valence, "arousal": dict.fromkeys(given.dimensions.arousal, 1.0)}


def moving(found: Course) -> NDArray[np.bool_]:
    """Bins in which a code may be beyond rest, shape (n,): all others are the same in every draw."""
    out = np.zeros(len(found.bins), bool)
    for key, value in found.bins.value.items():
        begins = found.given.rest.begins if found.origin == "machine" else 0.0
        with np.errstate(invalid="ignore"):
            out |= np.minimum(value + _REACH * found.bins.sigma[key], MOST) > begins
    return out


@dataclass(frozen=True)
class Sums:
    """Time-weighted sums of draws.

    Attributes
    ----------
    total : float32, shape (groups, all, draws)
        Sum of value × seconds over the bins of each group.
    seconds : float64, shape (groups,)
        Sum of their measured time.
    """

    total: NDArray[np.float32]
    seconds: Float64


def summed(
    found: Course, groups: Sequence[tuple[Int64, int]], draws: int, rng: np.random.Generator, priors: Priors
) -> list[Sums]:
    """Draws of the shares, summed over groups of bins, in one go through the recording.

    Parameters
    ----------
    found : Course
    groups : sequence of (int64 array, shape (n,); int)
        Each a division of the bins: the group of every bin, ascending where it is not −1 (in no group), and how
        many groups there are.
    draws : int
    rng : numpy Generator
    priors : mapping of str to (float, float)
        Log-odds and their standard error by state.
    """
    seconds = np.where(found.measured, found.bins.seconds, 0.0)
    out = [
        Sums(
            np.zeros((number, len(ALL), draws), np.float32),
            np.bincount(place[place >= 0], seconds[place >= 0], number).astype(np.float64),
        )
        for place, number in groups
    ]
    odds, scale = _doubts(found.given.doubts, draws, rng, priors)
    weight = _doubtful(found)
    loose = moving(found)
    still = np.flatnonzero(found.measured & ~loose)
    for (place, _), sums in zip(groups, out, strict=True):
        own = still[place[still] >= 0]
        weighted = found.path[:, own] * seconds[own].astype(np.float32)
        for at in range(len(ALL)):
            number = len(sums.seconds)
            sums.total[:, at] += np.bincount(place[own], weighted[at], number).astype(np.float32)[:, None]
    given = found.given
    rows = np.flatnonzero(found.measured & loose)
    for part, values in drawn(found.bins, rows, given.errors, draws, given.chunk, rng, given.company):
        gates = {place: array[part] for place, array in found.gates.items()}
        present = drawn_presences(found.parts, values, found.origin, gates)
        for own, one in zip(present, found.parts, strict=True):
            if _timed(one) and own.any():
                own *= _lasts(own >= _THERE, part, found.bins, one.variant.timing)
        given_odds = {state: sure + doubt * weight[part] for state, (sure, doubt) in odds.items()}
        fit = shares(found.parts, present, resting(values, given), found.bins.speech[part], given, given_odds)
        both = np.concatenate([fit, np.stack(dimensions(values, given.dimensions))])
        both[len(SHARES) :] *= 1 + scale * weight[part]
        both *= seconds[part].astype(np.float32)
        for (place, _), sums in zip(groups, out, strict=True):
            _add(sums.total, both, place[part])
    return out


def _doubts(
    given: Doubts, draws: int, rng: np.random.Generator, priors: Priors
) -> tuple[dict[str, tuple[Float32, Float32]], Float32]:
    """Log-odds of every state in each draw, and the factor on the dimensions: what lasts and never averages out.

    Returns
    -------
    dict of str to (float32, float32), shapes (draws, 1)
        Log-odds of a cohort's display rules, and those of doubt.
    float32, shape (2, draws, 1)
    """
    odds: dict[str, tuple[Float32, Float32]] = {}
    for state in SHARES:
        sure, error = priors.get(state, (0.0, 0.0))
        middle = given.other if state == OTHER else given.shown if state in SHOWN else 0.0
        own = given.neutral if state == "neutral" else given.spread
        deviates = rng.standard_normal((2, draws, 1), np.float32)
        odds[state] = (
            (sure + error * deviates[0]).astype(np.float32),
            (middle + own * deviates[1]).astype(np.float32),
        )
    return odds, given.dimensions * rng.standard_normal((len(DIMENSIONS), draws, 1), np.float32)


def _doubtful(found: Course) -> Float32:
    """How much of that applies in every bin, 0–1, shape (n,).

    All of it where a score that moves is as uncertain as one without an interval of its own, nothing where the
    scores are exact or a person coded.
    """
    out = np.zeros(len(found.bins))
    if found.origin == "machine":
        errors = found.given.errors
        for key, value in found.bins.value.items():
            own = np.where(value >= errors.resting, found.bins.sigma[key], 0.0)
            out = np.fmax(out, own)
        out = out / usual_spread(errors)
    return np.clip(out, 0, 1).astype(np.float32)


def _add(total: NDArray[np.float32], values: Float32, place: Int64) -> None:
    """Add values (all, d, k) to the groups of their bins."""
    inside = np.flatnonzero(place >= 0)
    if not len(inside):
        return
    own = place[inside]
    starts = np.flatnonzero(np.diff(own, prepend=own[0] - 1))
    added = np.add.reduceat(values[:, :, inside], starts, axis=-1)
    total[own[starts]] += np.moveaxis(added, -1, 0)


assert ALL[: len(SHARES)] == SHARES  # the order of `Course.path` rests on it
