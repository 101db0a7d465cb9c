"""More than two coders at once: what they have in common, for each code and over all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from analysis.agreement import coefficients
from analysis.agreement.bootstrap import draws
from analysis.agreement.coefficients import ratio
from analysis.agreement.counts import VALUES, Cluster, Part, asked, of_face, table
from analysis.agreement.events import matched
from analysis.agreement.figures import Figure, GroupAgreement, Row
from analysis.agreement.frames import UNGRADED, UNKNOWN, Int8, Int64, levels
from analysis.agreement.icc import icc_from_sums
from analysis.agreement.options import Options
from analysis.agreement.series import both_ways, presence, ungraded, why_no_intensity
from analysis.agreement.shared import Key
from analysis.agreement.summing import NOBODY, Series, basis, choose_over, counted, figures, in_order
from analysis.facs.codes import CATALOGUE

Float64 = NDArray[np.float64]


@dataclass(slots=True)
class _Sums:
    """Counts of one row, a place for each cluster.

    Attributes
    ----------
    tables : float64, shape (clusters, 7, 7)
        Coincidences of values, ungraded ones included.
    graded : float64, shape (clusters, 6, 6)
        Coincidences in frames in which every coder's value is absent or a letter.
    agreeing, units : float64, shape (clusters,)
        Sum over frames of the share of coder pairs that agree on presence; frames.
    use : float64, shape (clusters, 2)
        Sum over frames of the share of coders that say absent, present.
    scored, squares, row_squares : float64, shape (clusters,)
    totals : float64, shape (clusters, coders)
        Of the frames that all coders graded, for the ICC.
    events : float64, shape (clusters, 3)
        Over every two coders.
    """

    tables: Float64
    graded: Float64
    agreeing: Float64
    units: Float64
    use: Float64
    scored: Float64
    squares: Float64
    row_squares: Float64
    totals: Float64
    events: Float64


def _no_sums(clusters: int, coders: int) -> _Sums:
    one = (clusters,)
    shapes = ((clusters, VALUES, VALUES), (clusters, UNGRADED, UNGRADED), one, one, (clusters, 2), one, one, one)
    return _Sums(*(np.zeros(shape) for shape in (*shapes, (clusters, coders), (clusters, 3))))


def compare_all(coders: Sequence[str], parts: Sequence[Part], options: Options) -> GroupAgreement:
    """Compare all coders of each recording.

    Parameters
    ----------
    coders : sequence of str
        All of them; a recording may lack some.
    parts : sequence of Part
        The time that all coders of a recording share.
    options : Options
    """
    over = choose_over([one.layers[0] for one in parts], options)
    clusters = sorted({cluster for one in parts for cluster in one.clusters(options, over)})
    sums = _count(coders, parts, options, over, {cluster: place for place, cluster in enumerate(clusters)})
    keys = in_order(list(sums))
    weights = draws(len(clusters), options.resamples, options.seed)
    overall, by_row = figures(_series(sums, keys, weights), keys, options)
    events = np.array([sums[key].events.sum(0) for key in keys]).reshape(-1, 3)
    return GroupAgreement(
        coders=tuple(coders),
        recordings=len(parts),
        overall=_row(("", ""), overall, counted(keys) @ events),
        rows=tuple(_row(key, by_row[n], events[n]) for n, key in enumerate(keys)),
        basis=basis(over, len(clusters), options),
    )


def _row(key: Key, found: Mapping[str, Figure], events: Float64) -> Row:
    return Row(*key, found, *(round(float(number)) for number in events))


def _count(
    coders: Sequence[str], parts: Sequence[Part], options: Options, over: str, places: Mapping[Cluster, int]
) -> dict[Key, _Sums]:
    frames = [(one, face, _levels(one, face)) for one in parts for face in one.faces]
    keys = {event.key for one in parts for told in one.told for event in told} | set(asked(options))
    keys |= {key for _, _, by_coder in frames for found in by_coder for key in found}
    sums = {key: _no_sums(len(places), len(coders)) for key in keys}
    for one, face, by_coder in frames:
        where = one.frame_clusters(options, over, places)
        nothing = np.zeros(len(one.times), np.int8)
        complete = len(one.layers) == len(coders)
        order = [coders.index(layer.coder) for layer in one.layers]
        for key in keys:
            values = [found.get(key, nothing) for found in by_coder]
            _add_frames(sums[key], values, where, order if complete else [])
        for i, j in combinations(range(len(one.layers)), 2):
            a, b = one.known(i, j, face)
            same = matched(a, b, options)
            taken = {m for m, _ in same}, {n for _, n in same}
            for column, events in enumerate((a, b)):
                for number, event in enumerate(events):
                    place = places[one.cluster(options, over, event.span[0])]
                    if number not in taken[column]:
                        sums[event.key].events[place, 1 + column] += 1
                    elif not column:
                        sums[event.key].events[place, 0] += 1
    return sums


def _levels(one: Part, face: int) -> list[Mapping[Key, Int8]]:
    return [
        levels(of_face(told, face), one.times, of_face(untold, face))
        for told, untold in zip(one.told, one.untold, strict=True)
    ]


def _add_frames(sums: _Sums, values: Sequence[Int8], where: Int64, order: Sequence[int]) -> None:
    stacked = np.stack(values)
    known = (stacked != UNKNOWN).all(0)
    stacked, where = stacked[:, known], where[known]
    found = _coincidences(stacked, where, len(sums.units))
    size, raters = len(sums.units), len(values)
    there = presence(found)
    sums.tables += found
    sums.agreeing += np.trace(there, axis1=1, axis2=2) / raters
    sums.use += there.sum(-1) / raters
    sums.units += np.bincount(where, minlength=size)
    graded = (stacked != UNGRADED).all(0)
    scores, where = stacked[:, graded], where[graded]
    sums.graded += (found if graded.all() else _coincidences(scores, where, size))[:, :UNGRADED, :UNGRADED]
    if order:
        numbers = scores.astype(np.float64)
        sums.scored += np.bincount(where, minlength=size)
        sums.squares += np.bincount(where, (numbers**2).sum(0), size)
        sums.row_squares += np.bincount(where, numbers.sum(0) ** 2, size)
        for coder, own in zip(order, numbers, strict=True):
            sums.totals[:, coder] += np.bincount(where, own, size)


def _coincidences(stacked: Int8, where: Int64, clusters: int) -> Float64:
    raters = len(stacked)
    pairs = [table(stacked[i], stacked[j], where, clusters) for i, j in combinations(range(raters), 2)]
    return both_ways(np.sum(pairs, axis=0)) / (raters - 1)


def _series(sums: Mapping[Key, _Sums], keys: Sequence[Key], weights: Float64) -> dict[str, Series]:
    def added(name: str) -> Float64:
        parts = [getattr(sums[key], name) for key in keys]
        return np.tensordot(weights, np.stack(parts, 1), 1) if parts else np.zeros((len(weights), 0))

    tables, graded, units, events = added("tables"), added("graded"), added("units"), added("events")
    there, use = presence(tables), added("use")
    used = use[..., 1] > 0
    two, three = icc_from_sums(added("scored"), added("totals"), added("squares"), added("row_squares"))
    letters = np.array([CATALOGUE[code].has_intensity for code, _ in keys], bool) & ~ungraded(tables[0])

    def why(row: int) -> str:
        if not units[0, row]:
            return "no frame in which it is known to all"
        return "the code is there all the time" if used[0, row] else NOBODY

    def why_score(row: int) -> str:
        return why_no_intensity(keys[row][0], tables[0, row])

    def why_icc(row: int) -> str:
        return why_score(row) if added("scored")[0, row] else "no recording was coded by all"

    pooled = np.einsum("rkc,k->rc", events, counted(keys))
    all_ = events[0] @ np.array([2.0, 1.0, 1.0])
    ac1 = coefficients.ac1(added("agreeing"), units, use, units)
    alpha = coefficients.krippendorff_alpha(graded, "ordinal")
    frames, scored = units[0], added("scored")[0]
    return {
        "index": Series(
            coefficients.dice(events[..., 0], events[..., 1], events[..., 2]),
            all_,
            lambda row: NOBODY,
            coefficients.dice(*pooled.T),
            int(pooled[0] @ np.array([2.0, 1.0, 1.0])),
        ),
        "alpha": Series(coefficients.krippendorff_alpha(there), frames, why),
        "ac1": Series(np.where(used, ac1, np.nan), frames, why),
        "prevalence": Series(ratio(use[..., 1], units), frames, why),
        "alpha_intensity": Series(np.where(letters, alpha, np.nan), graded[0].sum((-2, -1)), why_score),
        "icc2": Series(np.where(letters, two, np.nan), scored, why_icc),
        "icc3": Series(np.where(letters, three, np.nan), scored, why_icc),
    }
