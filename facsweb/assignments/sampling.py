"""Which stretches of a recording are coded: what people type, and random samples that a seed brings back."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

Span = tuple[int, int]

SECOND: Final = 1_000_000
GRID_US: Final = 1_000  # a sample begins on a whole millisecond
MOST_PLACES: Final = 20_000  # that are weighed against each other in one recording
FACE_SHARE: Final = 0.9  # of a sample in which a face has to be in view
_TIME = r"(?:(?:(\d{1,2}):)?(\d{1,3}):)?(\d{1,5}(?:\.\d{1,3})?)"
_STRETCH = re.compile(rf"\s*{_TIME}\s*(?:-|–|—|to)\s*{_TIME}\s*")


class WrongStretch(ValueError):  # noqa: N818 (told to a person)
    """What was typed is no list of stretches; its text is a sentence."""


def parse(text: str) -> list[Span]:
    """Stretches as typed, ``0:10–0:40, 1:05-1:35.5``, one a line or with commas between, in microseconds.

    Raises
    ------
    WrongStretch
        One cannot be read, is empty, or overlaps another.
    """
    spans = []
    for piece in re.split(r"[,;\n]", text):
        if not piece.strip():
            continue
        found = _STRETCH.fullmatch(piece)
        if found is None:
            raise WrongStretch(f"“{piece.strip()}” is no stretch. Write from–to, such as 0:10–0:40.")
        start, end = _microseconds(found.groups()[:3]), _microseconds(found.groups()[3:])
        if start >= end:
            raise WrongStretch(f"“{piece.strip()}” ends before it begins.")
        spans.append((start, end))
    spans.sort()
    for before, after in pairwise(spans):
        if after[0] < before[1]:
            raise WrongStretch(f"{words([before])} and {words([after])} overlap.")
    return spans


def check_inside(spans: Sequence[Span], duration_us: int) -> None:
    """Raise WrongStretch unless every stretch lies inside of a recording of `duration_us` microseconds."""
    for span in spans:
        if span[1] > duration_us:
            raise WrongStretch(f"{words([span])} goes beyond the end at {clock(duration_us)}.")


def _microseconds(groups: Sequence[str | None]) -> int:
    hours, minutes, seconds = groups
    return round((int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds or 0)) * SECOND)


def clock(time_us: int) -> str:
    """Media time as short as it can be said: ``0:10``, ``1:02:03.5``."""
    seconds, rest = divmod(time_us, SECOND)
    text = f"{seconds // 3600}:{seconds // 60 % 60:02d}" if seconds >= 3600 else str(seconds // 60)
    text += f":{seconds % 60:02d}"
    return f"{text}.{rest // 1000:03d}".rstrip("0") if rest >= 1000 else text


def words(spans: Sequence[Sequence[int]]) -> str:
    """Stretches as they are typed."""
    return ", ".join(f"{clock(start)}–{clock(end)}" for start, end in spans)


def length(spans: Sequence[Sequence[int]]) -> int:
    """Microseconds of all stretches together."""
    return sum(end - start for start, end in spans)


def count_for_share(duration_us: int, length_us: int, percent: float) -> int:
    """How many samples make `percent` of a recording, at least one."""
    return max(1, round(duration_us * percent / 100 / length_us))


def sample(
    duration_us: int,
    *,
    count: int,
    length_us: int,
    seed: str,
    seen: Sequence[Span] | None = None,
    active: Sequence[Span] | None = None,
) -> list[Span]:
    """Random stretches of equal length that do not overlap, one in each of `count` equal parts where it fits.

    Parameters
    ----------
    duration_us : int
        Of the recording.
    count, length_us : int
        How many, and how long each is. Fewer come back where the recording has no room for more.
    seed : str
        The same seed gives the same stretches.
    seen : sequence of (int, int), optional
        Stretches with a face in view: at least `FACE_SHARE` of a sample lies in them.
    active : sequence of (int, int), optional
        The machine's events: half of the samples come from places where more is proposed than at the median place,
        half from the others.

    Returns
    -------
    list of (int, int)
        Ascending, microseconds.
    """
    rng = random.Random(seed)  # noqa: S311 (a draw that has to be repeatable, not a secret)  # nosec B311
    places = _places(duration_us, length_us)
    if seen is not None:
        needed = FACE_SHARE * length_us
        shared = _shared(places, length_us, seen)
        places = [at for at, common in zip(places, shared, strict=True) if common >= needed]
    busy: set[int] = set()
    if active is not None and places:
        weight = dict(zip(places, _shared(places, length_us, active).tolist(), strict=True))
        order = sorted(places, key=lambda at: (weight[at], rng.random()))
        busy = set(order[len(order) // 2 :])
    count = min(count, duration_us // length_us)
    wants_busy = [number % 2 == 0 for number in range(count)]
    rng.shuffle(wants_busy)
    chosen: list[Span] = []
    for number in range(count):
        part = (number * duration_us // count, (number + 1) * duration_us // count)
        here = [at for at in places if part[0] <= at and at + length_us <= part[1]]
        liked = [at for at in here if (at in busy) == wants_busy[number]] if active is not None else here
        _take(chosen, rng, length_us, liked, here)
    for _ in range(count - len(chosen)):  # parts without a place: from wherever one is free
        _take(chosen, rng, length_us, places)
    return sorted(chosen)


def _take(chosen: list[Span], rng: random.Random, length_us: int, *pools: Sequence[int]) -> None:
    for pool in pools:
        free = [at for at in pool if all(at + length_us <= start or end <= at for start, end in chosen)]
        if free:
            at = rng.choice(free)
            chosen.append((at, at + length_us))
            return


def _places(duration_us: int, length_us: int) -> list[int]:
    room = duration_us - length_us
    if room < 0:
        return []
    step = max(GRID_US, -(-room // MOST_PLACES // GRID_US) * GRID_US)
    return list(range(0, room + 1, step))


def _shared(places: Sequence[int], length_us: int, others: Sequence[Span]) -> NDArray[np.int64]:
    """Microseconds that a sample at each place shares with other stretches, counted once for each of them."""
    at = np.asarray(places, np.int64)
    starts = np.sort(np.array([start for start, _ in others], np.int64))
    ends = np.sort(np.array([end for _, end in others], np.int64))

    def before(times: NDArray[np.int64]) -> NDArray[np.int64]:
        return _capped(ends, times) - _capped(starts, times)

    return before(at + length_us) - before(at)


def _capped(values: NDArray[np.int64], limits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum of ``min(value, limit)`` over ascending values, for each limit."""
    sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(values)])
    below = np.searchsorted(values, limits)
    return sums[below] + (len(values) - below) * limits
