"""Which of several finds at the same time is listed: the fuller one stands for lesser ones inside of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from analysis.facs.combination_model import Combination, Variant

#: A lesser find that overlaps a fuller one by this share of its own length is part of it: a choice of ours.
PART: Final = 0.5
#: Groups that hold what has no better place: their entries do not compete with each other.
_ALONE: Final = frozenset({"own", "confounder"})
_BUCKET: Final = 512


@dataclass(frozen=True, slots=True)
class Stretch:
    """One find before it is described: rows, the whole movement around it, and the codes that were met."""

    combination: Combination
    variant: Variant
    order: int
    side: str
    start: int
    stop: int
    whole: tuple[int, int]
    met: frozenset[str]
    there: frozenset[str]
    micro: bool = False

    @property
    def parts(self) -> int:
        """How much the variant asks for."""
        score = self.variant.score
        return len(self.variant.required) + (score.least_parts if score else 0)


def chosen(stretches: Sequence[Stretch]) -> list[tuple[Stretch, tuple[str, ...]]]:
    """Stretches to list, each with the lesser ones it stands for, in words.

    Of one kind and group the fuller find stands for a lesser one of which it covers at least `PART`; fuller is
    what asks for more units, among equals what lasts longer, then what the catalogue names first. Across groups of
    a kind it does so only for what is no prototype and asks for nothing but some of its units, such as 1+2+5D (a
    major variant of fear) while 1+2+5+26 (surprise) stands. Entries of `_ALONE` compete with themselves. What
    yields to another entry does so in the same movement, when it is no longer: the flanks of anger are no
    confusion.
    """
    ranked = sorted(stretches, key=lambda one: (-one.parts, one.start - one.stop, one.order))
    kept: list[Stretch] = []
    places = _Kept()
    also: dict[int, list[str]] = defaultdict(list)
    for stretch in ranked:
        owner = next((fuller for fuller in places.near(stretch) if _owns(fuller, stretch)), None)
        if owner is None:
            kept.append(stretch)
            places.add(stretch)
        else:
            also[id(owner)].append(_words(stretch))
    return [(stretch, tuple(dict.fromkeys(also[id(stretch)]))) for stretch in kept]


class _Kept:
    """What is kept so far, by place in time, so that a long recording stays fast."""

    def __init__(self) -> None:
        self._buckets: dict[int, list[Stretch]] = defaultdict(list)

    def add(self, stretch: Stretch) -> None:
        for bucket in range(stretch.whole[0] // _BUCKET, stretch.whole[1] // _BUCKET + 1):
            self._buckets[bucket].append(stretch)

    def near(self, stretch: Stretch) -> Iterator[Stretch]:
        for bucket in range(stretch.whole[0] // _BUCKET, stretch.whole[1] // _BUCKET + 1):
            yield from self._buckets.get(bucket, ())


def _owns(fuller: Stretch, stretch: Stretch) -> bool:
    """Whether a find is only listed as part of a fuller one."""
    covered = min(stretch.stop, fuller.stop) - max(stretch.start, fuller.start)
    same_kind = fuller.combination.kind == stretch.combination.kind
    if same_kind and covered >= PART * (stretch.stop - stretch.start):
        if _place(fuller) == _place(stretch):
            return True
        if stretch.variant.rank != "prototype" and stretch.met < fuller.there:
            return _ALONE.isdisjoint({stretch.combination.group, fuller.combination.group})
    if fuller.combination.id not in stretch.combination.yields_to:
        return False
    same = min(stretch.whole[1], fuller.whole[1]) > max(stretch.whole[0], fuller.whole[0])
    return same and stretch.stop - stretch.start <= fuller.stop - fuller.start


def _place(stretch: Stretch) -> str:
    combination = stretch.combination
    return combination.id if combination.group in _ALONE else f"group {combination.group}"


def _words(stretch: Stretch) -> str:
    return f"{stretch.combination.id} {stretch.variant.formula}".strip()
