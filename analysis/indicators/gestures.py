"""Nods and shakes of the head, from its angles."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from analysis.facs.series import Float64, Int64

#: Least swing between two turning points, degrees: above the jitter of a still head, below a small nod. A choice
#: of ours, as are the other limits; that turning points are looked for follows Kawato & Ohya 2000 (FG2000), who
#: found nods and shakes from extremes of a point between the eyes.
LEAST_SWING_DEG: Final = 3.0
#: Time between two turning points of one gesture, microseconds.
SWING_US: Final = (60_000, 600_000)
#: Swings in one direction and back that make a gesture: down, up, down.
LEAST_SWINGS: Final = 3


def nods(time_us: Int64, yaw_deg: Float64, pitch_deg: Float64) -> list[tuple[int, int]]:
    """Stretches in which the head swings up and down more than from side to side.

    Parameters
    ----------
    time_us : int64, shape (n,)
    yaw_deg, pitch_deg : float64, shape (n,)
        NaN where not measured; a gesture does not reach over such a gap.

    Returns
    -------
    list of (start_us, end_us)
    """
    return _gestures(time_us, pitch_deg, yaw_deg)


def shakes(time_us: Int64, yaw_deg: Float64, pitch_deg: Float64) -> list[tuple[int, int]]:
    """Stretches in which the head swings from side to side more than up and down; parameters as in `nods`."""
    return _gestures(time_us, yaw_deg, pitch_deg)


def _gestures(time_us: Int64, along: Float64, across: Float64) -> list[tuple[int, int]]:
    found = []
    for run in _runs(np.isfinite(along) & np.isfinite(across)):
        turns = turning_points(along[run], LEAST_SWING_DEG)
        for group in _groups(time_us[run][turns].tolist()):
            places = [turns[number] + run.start for number in group]
            span = slice(places[0], places[-1] + 1)
            if np.ptp(along[span]) > np.ptp(across[span]):
                found.append((int(time_us[places[0]]), int(time_us[places[-1]])))
    return found


def _runs(known: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[slice]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    return [slice(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def turning_points(values: Float64, least: float) -> list[int]:
    """Places where a curve turns after having moved by ``least``, first and last swing's ends included."""
    if not len(values):
        return []
    turns: list[int] = []
    top = bottom = 0
    direction = 0
    for place, value in enumerate(values.tolist()):
        if value > values[top]:
            top = place
        if value < values[bottom]:
            bottom = place
        if direction >= 0 and values[top] - value >= least:
            turns.append(top)
            direction, bottom = -1, place
            top = place
        elif direction <= 0 and value - values[bottom] >= least:
            turns.append(bottom)
            direction, top = 1, place
            bottom = place
    if turns:
        turns.append(top if direction > 0 else bottom)
    return turns


def _groups(times: Sequence[int]) -> list[list[int]]:
    """Runs of turning points that follow each other at a gesture's pace, by number; long enough ones only."""
    groups: list[list[int]] = []
    current: list[int] = []
    for number, (first, second) in enumerate(pairwise(times)):
        if SWING_US[0] <= second - first <= SWING_US[1]:
            current = [*current, number + 1] if current else [number, number + 1]
        elif current:
            groups.append(current)
            current = []
    if current:
        groups.append(current)
    return [group for group in groups if len(group) > LEAST_SWINGS]
