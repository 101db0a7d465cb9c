"""Events of two coders paired one to one: as many as possible, and among such pairings the closest in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.agreement.options import MatchBy

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]


def overlap(first: Int64, second: Int64) -> Float64:
    """Intersection over union of every event of one coder with every event of the other.

    Parameters
    ----------
    first, second : int64, shape (n, 2) and (m, 2)
        Onset and offset, both within the event: an event of one moment is a microsecond long.

    Returns
    -------
    float64, shape (n, m)
        0–1.
    """
    starts = np.maximum(first[:, None, 0], second[None, :, 0])
    ends = np.minimum(first[:, None, 1], second[None, :, 1])
    shared = np.maximum(ends - starts + 1, 0).astype(np.float64)
    lengths = (first[:, 1] - first[:, 0] + 1)[:, None] + (second[:, 1] - second[:, 0] + 1)[None, :]
    out: Float64 = shared / (lengths - shared)
    return out


def match(
    first: ArrayLike,
    second: ArrayLike,
    *,
    match_by: MatchBy = "overlap",
    tolerance_us: int = 0,
    min_overlap: float = 0.0,
) -> list[tuple[int, int]]:
    """Pair events of the same code, one to one.

    As many as possible are paired. Among such pairings that with the largest sum of intersections over unions is
    taken, and where nothing overlaps that with the smallest gaps: an event that the other coder saw as two is one
    pair and one event over.

    Parameters
    ----------
    first, second : array_like of int, shape (n, 2) and (m, 2)
        Onset and offset, microseconds.
    match_by, tolerance_us, min_overlap
        Which events may be paired: see `analysis.agreement.Options`.

    Returns
    -------
    list of (int, int)
        Places in ``first`` and in ``second``, by the first.
    """
    a, b = _spans(first), _spans(second)
    pairs: list[tuple[int, int]] = []
    for rows, columns in _neighbourhoods(a, b, tolerance_us):
        pairs += _assigned(a, b, rows, columns, match_by, tolerance_us, min_overlap)
    return sorted(pairs)


def _spans(values: ArrayLike) -> Int64:
    spans = np.asarray(values, np.int64)
    return spans.reshape(-1, 2) if not spans.size else spans


def _neighbourhoods(a: Int64, b: Int64, tolerance_us: int) -> Iterator[tuple[list[int], list[int]]]:
    """Events in groups that are farther apart than any pair may be; of these, those with events of both."""
    onsets = np.concatenate([a[:, 0], b[:, 0]])
    offsets = np.concatenate([a[:, 1], b[:, 1]])
    order = np.argsort(onsets, kind="stable")
    reach = np.maximum.accumulate(offsets[order])
    begins = np.flatnonzero(onsets[order][1:] > reach[:-1] + tolerance_us) + 1
    for group in np.split(order, begins):
        rows = [int(place) for place in group if place < len(a)]
        columns = [int(place) - len(a) for place in group if place >= len(a)]
        if rows and columns:
            yield rows, columns


def _assigned(
    a: Int64,
    b: Int64,
    rows: Sequence[int],
    columns: Sequence[int],
    match_by: MatchBy,
    tolerance_us: int,
    min_overlap: float,
) -> list[tuple[int, int]]:
    if len(rows) == len(columns) == 1 and match_by == "overlap" and not min_overlap:
        # Most events have one counterpart; there is nothing to weigh.
        (first, second) = a[rows[0]].tolist(), b[columns[0]].tolist()
        gap = max(first[0] - second[1], second[0] - first[1])
        return [(rows[0], columns[0])] if gap <= tolerance_us else []
    one, two = a[rows], b[columns]
    shared = overlap(one, two)
    if match_by == "onset":
        distance = np.abs(one[:, None, 0] - two[None, :, 0])
        allowed = distance <= tolerance_us
    else:
        distance = np.maximum(one[:, None, 0] - two[None, :, 1], two[None, :, 0] - one[:, None, 1]).clip(min=0)
        allowed = distance <= tolerance_us
    allowed &= shared >= min_overlap
    if not allowed.any():
        return []
    from scipy.optimize import linear_sum_assignment  # slow to load: only who compares pays for it

    # Number first: closeness is worth less than one pair, however many there are. Overlap before small gaps.
    closeness = (shared * 2 + 1 - distance / (distance.max() + 1)) / 3
    gain = np.where(allowed, 1 + closeness / (allowed.size + 1), 0.0)
    chosen = linear_sum_assignment(gain, maximize=True)
    return [
        (rows[i], columns[j]) for i, j in zip(chosen[0].tolist(), chosen[1].tolist(), strict=True) if allowed[i, j]
    ]
