"""What the figures of two coders are made of, counted once for each cluster that a bootstrap draws.

Frames are counted in tables and events in sums, so a resample adds counts and never looks at a frame again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.agreement.confusion import confused
from analysis.agreement.events import deviations, intersection_over_union, length_us, matched
from analysis.agreement.frames import UNKNOWN, Int8, Int64, clock, levels
from analysis.agreement.options import Options
from analysis.agreement.shared import Bounded, Key, Spans, by_side, shared_events, shared_spans
from analysis.coded import CodedLayer
from analysis.facs.codes import CATALOGUE
from analysis.facs.notation import LETTERS

Float64 = NDArray[np.float64]
#: Values of a frame: absent, A–E, present without a letter.
VALUES: Final = len(LETTERS) + 2
#: What a cluster is called: a participant, or a recording and the number of its segment.
Cluster = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Pair:
    """One matched pair of events.

    Attributes
    ----------
    key : Key
    cluster : int
    overlap : float
        Intersection over union.
    levels : (int, int)
        1–5 for A–E, 0 where none was given.
    deviations : (float, float, float)
        Second minus first onset, apex, offset, microseconds.
    """

    key: Key
    cluster: int
    overlap: float
    levels: tuple[int, int]
    deviations: tuple[float, float, float]


@dataclass(slots=True)
class Sums:
    """Counts of one row, a place for each cluster.

    Attributes
    ----------
    tables : float64, shape (clusters, 7, 7)
        Frames by the first and the second coder's value.
    events : float64, shape (clusters, 3)
        Matched events, events of the first coder alone, of the second alone.
    lengths_us : float64, shape (clusters,)
        Sum of the lengths of all events of both.
    judged : float64, shape (clusters,)
        Frames that were looked at for ``tables``, those that are unknown included.
    """

    tables: Float64
    events: Float64
    lengths_us: Float64
    judged: Float64


@dataclass(slots=True)
class Counts:
    """All counts of two coders.

    Attributes
    ----------
    clusters : list of Cluster
    frames : float64, shape (clusters,)
        Frames that both coded, every face counted.
    rows : dict of Key to Sums
    pairs : list of Pair
    confused : dict of (str, str) to int
    recordings, us : int
    """

    clusters: list[Cluster]
    frames: Float64
    rows: dict[Key, Sums]
    pairs: list[Pair] = field(default_factory=list)
    confused: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    recordings: int = 0
    us: int = 0

    def row(self, key: Key) -> Sums:
        """The counts of a row, made empty when it is first asked for."""
        if key not in self.rows:
            n = len(self.clusters)
            self.rows[key] = Sums(np.zeros((n, VALUES, VALUES)), np.zeros((n, 3)), np.zeros(n), np.zeros(n))
        return self.rows[key]


@dataclass(frozen=True, slots=True)
class Part:
    """The time of one recording that some coders share.

    Attributes
    ----------
    name : str
        Tells the recording from the others.
    layers : tuple of CodedLayer
    spans : tuple of (int, int)
    times : int64, shape (n,)
        Of the frames.
    events : tuple of tuple of Bounded
        For each layer its events.
    told, untold : tuple of tuple of Bounded
        The same as they are counted, and where sides are apart those whose side is not said.
    faces : tuple of int
    """

    name: str
    layers: tuple[CodedLayer, ...]
    spans: Spans
    times: Int64
    events: tuple[tuple[Bounded, ...], ...]
    told: tuple[tuple[Bounded, ...], ...]
    untold: tuple[tuple[Bounded, ...], ...]
    faces: tuple[int, ...]

    def clusters(self, options: Options, over: str) -> list[Cluster]:
        """The clusters of all moments that were shared."""
        if over == "participants":
            return [self.cluster(options, over, 0)]
        step = options.segment_us
        numbers = {n for start, end in self.spans for n in range(start // step, (end - 1) // step + 1)}
        return [(self.name, number) for number in sorted(numbers)]

    def cluster(self, options: Options, over: str, time_us: int) -> Cluster:
        """The cluster in which a moment lies."""
        if over == "participants":
            return self.layers[0].participant, 0
        return self.name, time_us // options.segment_us

    def frame_clusters(self, options: Options, over: str, places: Mapping[Cluster, int]) -> Int64:
        """The place of the cluster of every frame, shape (n,)."""
        numbers, where = np.unique(self.times // options.segment_us, return_inverse=True)
        known = [places[self.cluster(options, over, number * options.segment_us)] for number in numbers.tolist()]
        found: Int64 = np.array(known, np.int64)[where]
        return found

    def known(self, first: int, second: int, face: int) -> tuple[list[Bounded], list[Bounded]]:
        """Events of two of the layers, without those of which either leaves the side open."""
        a, b = of_face(self.told[first], face), of_face(self.told[second], face)
        unsaid_a, unsaid_b = of_face(self.untold[first], face), of_face(self.untold[second], face)
        return _without(a, unsaid_b), _without(b, unsaid_a)


def part(
    name: str, layers: Sequence[CodedLayer], options: Options, times_us: ArrayLike | None = None
) -> Part | None:
    """The time that all of the layers coded, None where there is none."""
    spans = shared_spans(layers)
    if not spans:
        return None
    events = tuple(shared_events(layer, spans, options.codes, options.faces) for layer in layers)
    split = [by_side(one) if options.sides_apart else (one, ()) for one in events]
    seen = {one.event.face for layer in events for one in layer}
    return Part(
        name=name,
        layers=tuple(layers),
        spans=spans,
        times=clock(spans, options.frame_us, times_us),
        events=events,
        told=tuple(told for told, _ in split),
        untold=tuple(untold for _, untold in split),
        # Where nobody saw anything there is still one face on which nobody saw anything.
        faces=options.faces or tuple(sorted(seen)) or (0,),
    )


def of_face(events: Sequence[Bounded], face: int) -> list[Bounded]:
    """Those of one face."""
    return [one for one in events if one.event.face == face]


def count(parts: Sequence[Part], options: Options, over: str) -> Counts:
    """Count two coders' frames and events.

    Parameters
    ----------
    parts : sequence of Part
        Of two layers each.
    options : Options
    over : {"participants", "segments"}
    """
    clusters = sorted({cluster for one in parts for cluster in one.clusters(options, over)})
    places = {cluster: place for place, cluster in enumerate(clusters)}
    counts = Counts(clusters, np.zeros(len(clusters)), {})
    for one in parts:
        where = one.frame_clusters(options, over, places)
        counts.recordings += 1
        for face in one.faces:
            counts.frames += np.bincount(where, minlength=len(clusters))
            counts.us += sum(end - start for start, end in one.spans)
            _count_frames(counts, one, face, where)
            _count_events(counts, one, face, options, _Place(one, options, over, places))
    for key in asked(options):
        counts.row(key)
    for row in counts.rows.values():
        # So far a row has the frames of the recordings and faces in which somebody used the code; in the others,
        # too, nobody saw it.
        row.tables[:, 0, 0] += counts.frames - row.judged
    return counts


def asked(options: Options) -> list[Key]:
    """Rows of the codes that were asked for."""
    apart = options.sides_apart
    return [
        (code, side)
        for code in options.codes or ()
        for side in (("left", "right") if apart and CATALOGUE[code].sided else ("",))
    ]


@dataclass(frozen=True, slots=True)
class _Place:
    """From a moment to the place of its cluster."""

    part: Part
    options: Options
    over: str
    places: Mapping[Cluster, int]

    def __call__(self, time_us: int) -> int:
        return self.places[self.part.cluster(self.options, self.over, time_us)]


def _count_frames(counts: Counts, one: Part, face: int, where: Int64) -> None:
    first, second = (
        levels(of_face(told, face), one.times, of_face(untold, face))
        for told, untold in zip(one.told, one.untold, strict=True)
    )
    nothing = np.zeros(len(one.times), np.int8)
    frames = np.bincount(where, minlength=len(counts.clusters))
    for key in {*first, *second}:
        row = counts.row(key)
        row.tables += table(first.get(key, nothing), second.get(key, nothing), where, len(counts.clusters))
        row.judged += frames


def table(first: Int8, second: Int8, where: Int64, clusters: int) -> Float64:
    """Frames by cluster and by both coders' values; frames that are unknown to one are left out."""
    cells = (where * VALUES + first) * VALUES + second
    unknown = (first == UNKNOWN) | (second == UNKNOWN)
    if unknown.any():
        cells = cells[~unknown]
    counted = np.bincount(cells, minlength=clusters * VALUES * VALUES).astype(np.float64)
    return counted.reshape(clusters, VALUES, VALUES)


def _count_events(counts: Counts, one: Part, face: int, options: Options, place: _Place) -> None:
    a, b = one.known(0, 1, face)
    same = matched(a, b, options)
    for i, j in same:
        at = place(a[i].span[0])
        graded = [LETTERS.index(e.event.intensity) + 1 if e.event.intensity else 0 for e in (a[i], b[j])]
        shared = intersection_over_union(a[i].span, b[j].span)
        counts.pairs.append(Pair(a[i].key, at, shared, (graded[0], graded[1]), deviations(a[i], b[j])))
        counts.row(a[i].key).events[at, 0] += 1
    taken = {i for i, _ in same}, {j for _, j in same}
    for column, events in enumerate((a, b)):
        for number, event in enumerate(events):
            row, at = counts.row(event.key), place(event.span[0])
            row.lengths_us[at] += length_us(event)
            row.events[at, 1 + column] += number not in taken[column]
    if options.sides_apart:
        # What was taken for what is a matter of codes: an event on both sides is one.
        a, b = (of_face(events, face) for events in one.events)
        same = matched(a, b, options)
    for i, j in confused(a, b, same):
        counts.confused[a[i].event.code, b[j].event.code] += 1


def _without(events: list[Bounded], unsaid: Sequence[Bounded]) -> list[Bounded]:
    """Events but those that overlap the other coder's event of the same code whose side is not said."""
    return [
        one
        for one in events
        if not any(
            other.event.code == one.event.code and intersection_over_union(one.span, other.span) > 0
            for other in unsaid
        )
    ]
