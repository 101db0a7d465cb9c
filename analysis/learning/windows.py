"""Moments at which a coder's events say how strong a code was: around an apex, and well away from every event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.coded import CodedEvent
from analysis.facs.series import Float64, Int64

_AROUND_US: Final = 80_000
#: No frame nearer to an event is called free of it: onsets are coded late and offsets early.
_AWAY_US: Final = 300_000
#: Windows without the unit: one so often, and so many of them a face and code; the rest repeats what they say.
_EVERY_US: Final = 400_000
_MOST_FREE: Final = 150


class Clock(Protocol):
    """Anything with frames: their times, microseconds, ascending, (n,), and the usual time between two."""

    @property
    def time_us(self) -> Int64: ...

    @property
    def interval_us(self) -> float: ...


def rows_around(clock: Clock, usable: NDArray[np.bool_], time_us: int) -> Int64:
    """The usable frames of the window around a time."""
    reach = max(_AROUND_US, clock.interval_us / 2)
    first = int(np.searchsorted(clock.time_us, time_us - reach))
    last = int(np.searchsorted(clock.time_us, time_us + reach, side="right"))
    return first + np.flatnonzero(usable[first:last])


def free_times(events: Sequence[CodedEvent], clock: Clock) -> list[int]:
    """Times without a code: the apex of everything that was rejected, and evenly over the face's time.

    Parameters
    ----------
    events : sequence of CodedEvent
        Of one code, rejected ones too.
    clock : Clock
        With at least one frame.
    """
    there = [event for event in events if not event.rejected]

    def is_free(time_us: float) -> bool:
        return all(not e.onset_us - _AWAY_US <= time_us <= e.offset_us + _AWAY_US for e in there)

    rejected = [event.apex_us for event in events if event.rejected]
    first, last = int(clock.time_us[0]), int(clock.time_us[-1])
    step = max(_EVERY_US, (last - first) // _MOST_FREE)
    even: Float64 = np.arange(first, last + 1, step, dtype=np.float64)
    return [int(time_us) for time_us in (*rejected, *even) if is_free(time_us)]
