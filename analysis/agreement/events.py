"""Events of two coders: which are the same, and how far apart they are in time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from analysis.agreement.matching import match
from analysis.agreement.options import Options
from analysis.agreement.shared import Bounded, Key


def matched(a: Sequence[Bounded], b: Sequence[Bounded], options: Options) -> list[tuple[int, int]]:
    """Events of one face that are the same: places in ``a`` and in ``b`` of events of one row, one to one."""
    right = _by_key(b)
    pairs: list[tuple[int, int]] = []
    for key, rows in _by_key(a).items():
        columns = right.get(key, [])
        if columns:
            found = match(
                [a[place].span for place in rows],
                [b[place].span for place in columns],
                match_by=options.match_by,
                tolerance_us=options.tolerance_us,
                min_overlap=options.min_overlap,
            )
            pairs += [(rows[i], columns[j]) for i, j in found]
    return sorted(pairs)


def _by_key(events: Sequence[Bounded]) -> dict[Key, list[int]]:
    places: dict[Key, list[int]] = defaultdict(list)
    for place, one in enumerate(events):
        places[one.key].append(place)
    return places


def deviations(a: Bounded, b: Bounded) -> tuple[float, float, float]:
    """Second minus first onset, apex and offset, microseconds; NaN where one lies outside of the shared time."""
    nan = float("nan")
    apexes = [one.event.apex_us if one.span[0] <= one.event.apex_us <= one.span[1] else None for one in (a, b)]
    return (
        float(b.span[0] - a.span[0]) if a.begun and b.begun else nan,
        nan if apexes[0] is None or apexes[1] is None else float(apexes[1] - apexes[0]),
        float(b.span[1] - a.span[1]) if a.ended and b.ended else nan,
    )


def intersection_over_union(one: tuple[int, int], two: tuple[int, int]) -> float:
    """Of two events in time, 0–1; both ends lie within an event."""
    shared = max(0, min(one[1], two[1]) - max(one[0], two[0]) + 1)
    return shared / (one[1] - one[0] + two[1] - two[0] + 2 - shared)


def length_us(one: Bounded) -> int:
    """How long an event lasts, at least a microsecond."""
    return one.span[1] - one.span[0] + 1
