"""Different codes at the same time: what one coder took for another Action Unit."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from analysis.agreement.events import intersection_over_union
from analysis.agreement.shared import Bounded


def confused(a: Sequence[Bounded], b: Sequence[Bounded], same: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Pair what is left over: events that overlap an event of another code that is left over too.

    One to one; the pair with the largest intersection over union first. Coders do not say what they took for what,
    so this is a reading of the times: two codes that often go together also come up here when one coder misses the
    one and the other coder the other.

    Parameters
    ----------
    a, b : sequence of Bounded
        The two coders' events of one face.
    same : iterable of (int, int)
        Places of events that were matched as the same code.

    Returns
    -------
    list of (int, int)
        Places in ``a`` and in ``b``, by the first.
    """
    taken_a, taken_b = set[int](), set[int]()
    for i, j in same:
        taken_a.add(i)
        taken_b.add(j)
    right = sorted((j for j in range(len(b)) if j not in taken_b), key=lambda j: b[j].span)
    onsets = [b[j].span[0] for j in right]
    reach = list(accumulate((b[j].span[1] for j in right), max))
    candidates = []
    for i, one in enumerate(a):
        if i in taken_a:
            continue
        for j in right[bisect_left(reach, one.span[0]) : bisect_right(onsets, one.span[1])]:
            if b[j].event.code != one.event.code and b[j].span[1] >= one.span[0]:
                candidates.append((-intersection_over_union(one.span, b[j].span), i, j))
    pairs = []
    for _, i, j in sorted(candidates):
        if i not in taken_a and j not in taken_b:
            pairs.append((i, j))
            taken_a.add(i)
            taken_b.add(j)
    return sorted(pairs)
