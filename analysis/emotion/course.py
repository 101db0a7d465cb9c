"""From one face's scores to draws of its shares: by cell of time, by episode, and the course of their mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.emotion.errors import MOST, Bins, Float32, binned, drawn
from analysis.emotion.figures import ALL, SHARES, SHOWN
from analysis.emotion.parameters import Parameters
from analysis.emotion.shares import Part, dimensions, drawn_presences, parts_of, presences, resting, shares
from analysis.facs.codes import ACTION_UNITS
from analysis.facs.combination_model import Combination
from analysis.facs.combination_presence import membership
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
        Of the parts that ask for time: the presence of a share of time, or whether a stretch lasts as it has to.
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
    single = {key: array[None, :] for key, array in bins.value.items()}
    count = len(bins)
    if not single or not count:
        nothing = np.zeros((len(ALL), count))
        empty = np.zeros((len(parts), count), np.float32)
        return Course(bins, parts, evidence.origin, given, empty, {}, nothing.astype(np.float32), nothing, nothing)
    point = presences(parts, bins.value, evidence.origin)
    gates = _gates(parts, point, bins, evidence.origin)
    for place, gate in gates.items():
        point[place] = gate if parts[place].over_time else point[place] * gate
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


def _gates(parts: Sequence[Part], point: Float32, bins: Bins, origin: str) -> dict[int, Float64]:
    """What time has to say of each part that asks for it, read from the scores as they stand."""
    found: dict[int, Float64] = {}
    for place, part in enumerate(parts):
        timing = part.variant.timing
        if part.over_time:
            own = {key: bins.value[key] for key in part.keys if key in bins.value}
            nothing = np.full(len(bins), np.nan)
            told = membership(own, part.combination, origin=origin, seconds=bins.seconds) if own else nothing
            found[place] = np.asarray(told, np.float64)
        elif timing.least_us is not None or timing.longest_us is not None:
            found[place] = _lasts(point[place] >= _THERE, bins, timing.least_us or 0, timing.longest_us)
    return found


def _lasts(mask: NDArray[np.bool_], bins: Bins, least_us: int, longest_us: int | None) -> Float64:
    """1 in the stretches that last as long as they have to, and just before and after them; 0 elsewhere."""
    out = np.zeros(len(mask))
    change = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    for first, last in zip(np.flatnonzero(change == 1), np.flatnonzero(change == -1), strict=True):
        lasts = int(bins.time_us[last - 1] - bins.time_us[first]) + bins.width_us
        if least_us <= lasts <= (longest_us or lasts):
            out[max(first - 2, 0) : last + 2] = 1.0
    return out


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
    odds = {
        state: (offset + error * rng.standard_normal((draws, 1))).astype(np.float32)
        for state, (offset, error) in priors.items()
    }
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
    for part, values in drawn(found.bins, rows, given.errors, draws, given.chunk, rng):
        gates = {place: array[part] for place, array in found.gates.items()}
        present = drawn_presences(found.parts, values, found.origin, gates)
        fit = shares(found.parts, present, resting(values, given), found.bins.speech[part], given, odds)
        both = np.concatenate([fit, np.stack(dimensions(values, given.dimensions))])
        both *= seconds[part].astype(np.float32)
        for (place, _), sums in zip(groups, out, strict=True):
            _add(sums.total, both, place[part])
    return out


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
