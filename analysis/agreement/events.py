"""Events of two coders: which are the same, and the counts that event-wise figures are made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from analysis.agreement.matching import match
from analysis.agreement.options import Options
from analysis.agreement.shared import Bounded


def matched(a: Sequence[Bounded], b: Sequence[Bounded], options: Options) -> list[tuple[int, int]]:
    """Events of one face that are the same: places in ``a`` and in ``b`` of events of one code, one to one."""
    right = _by_code(b)
    pairs: list[tuple[int, int]] = []
    for code, rows in _by_code(a).items():
        columns = right.get(code, [])
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


def _by_code(events: Sequence[Bounded]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(events):
        places[one.code].append(place)
    return places
