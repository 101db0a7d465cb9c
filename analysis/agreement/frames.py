"""From events to frames: what each coder saw at each moment of the time that all coded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.agreement.shared import Bounded, Key, Spans
from analysis.facs.notation import LETTERS

Int8 = NDArray[np.int8]
Int64 = NDArray[np.int64]

#: A frame's value: 0 absent, 1–5 for A–E, and these two.
UNGRADED: Final = 6
UNKNOWN: Final = -1


def clock(spans: Spans, frame_us: int, times_us: ArrayLike | None = None) -> Int64:
    """Times of the frames in the stretches.

    Parameters
    ----------
    spans : tuple of (int, int)
        Ascending and disjoint, microseconds.
    frame_us : int
        Step of the multiples that are taken where there is no clock.
    times_us : array_like of int, shape (n,), optional
        The recording's own clock, increasing.

    Returns
    -------
    int64, shape (m,)

    Raises
    ------
    ValueError
        The clock is not one-dimensional and increasing.
    """
    if times_us is None:
        parts = [
            np.arange(-(-start // frame_us) * frame_us, end, frame_us, dtype=np.int64) for start, end in spans
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)
    times = np.asarray(times_us, np.int64)
    if times.ndim != 1 or (np.diff(times) <= 0).any():
        raise ValueError("the times of the frames have to increase")
    inside = np.zeros(len(times), bool)
    for start, end in spans:
        inside[slice(*np.searchsorted(times, [start, end]))] = True
    return times[inside]


def levels(events: Iterable[Bounded], times: Int64, unknown: Iterable[Bounded] = ()) -> Mapping[Key, Int8]:
    """What one coder saw of one face, frame by frame.

    A frame holds an event from its onset to its offset, both included; an event between two frames holds the one
    before it. Where events of a row overlap, the highest letter counts.

    Parameters
    ----------
    events : iterable of Bounded
    times : int64, shape (n,)
    unknown : iterable of Bounded
        Events whose side is not said, where sides are counted apart: their code is unknown on both sides unless it
        is known to be there.

    Returns
    -------
    mapping of Key to int8, shape (n,)
        Values as in `UNGRADED`; only rows with an event, the others are 0 throughout.
    """
    found: dict[Key, Int8] = defaultdict(lambda: np.zeros(len(times), np.int8))
    if not len(times):
        return found
    for one in unknown:
        for side in ("left", "right"):
            found[one.event.code, side][_frames(one, times)] = UNKNOWN
    # Ungraded first, then upward: what is painted later wins.
    for value, one in sorted(((_value(one), one) for one in events), key=lambda pair: pair[0] % UNGRADED):
        found[one.key][_frames(one, times)] = value
    return found


def _value(one: Bounded) -> int:
    return LETTERS.index(one.event.intensity) + 1 if one.event.intensity else UNGRADED


def _frames(one: Bounded, times: Int64) -> slice:
    first, last = np.searchsorted(times, one.span[0]), np.searchsorted(times, one.span[1], side="right")
    if first == last:
        return slice(max(0, int(first) - 1), max(1, int(first)))
    return slice(int(first), int(last))
