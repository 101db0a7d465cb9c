"""Nods and shakes of known number."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.indicators.gestures import nods, shakes, turning_points

FPS = 25


def clock(seconds: float) -> np.ndarray:
    return (np.arange(round(seconds * FPS)) * 1e6 / FPS).astype(np.int64)


def swings(
    time_us: np.ndarray, *starts: float, size: float = 8.0, hertz: float = 2.5, cycles: float = 2
) -> np.ndarray:
    """An angle that swings at some moments (seconds) and is still else."""
    seconds = time_us / 1e6
    out = np.zeros(len(seconds))
    for start in starts:
        own = (seconds >= start) & (seconds < start + cycles / hertz)
        out[own] = size / 2 * np.sin(2 * np.pi * hertz * (seconds[own] - start))
    return out


def test_nods_and_shakes_are_counted_and_told_apart():
    time = clock(60)
    pitch, yaw = swings(time, 5, 20, 40), swings(time, 10, 30)
    assert len(nods(time, yaw, pitch)) == 3
    assert len(shakes(time, yaw, pitch)) == 2
    start, end = nods(time, yaw, pitch)[0]
    assert start == pytest.approx(5e6, abs=3e5)
    assert end - start == pytest.approx(0.8e6, abs=4e5)


def test_stillness_jitter_drift_and_one_look_down_are_no_gestures():
    time = clock(60)
    still = np.zeros(len(time))
    jitter = np.random.default_rng(0).normal(0, 0.4, len(time))
    assert nods(time, still, still) == []
    assert nods(time, still, jitter) == []
    assert nods(time, still, np.linspace(-30, 30, len(time))) == []
    assert nods(time, still, swings(time, 10, size=40, hertz=0.1, cycles=2)) == []
    assert nods(time, still, swings(time, 10, cycles=0.5)) == []


def test_a_gesture_does_not_reach_over_a_gap():
    time = clock(10)
    pitch = swings(time, 5)
    pitch[(time > 5.15e6) & (time < 5.6e6)] = np.nan
    assert nods(time, np.zeros(len(time)), pitch) == []


def test_turning_points():
    assert turning_points(np.array([0, 5, 0, 5, 0.0]), 3) == [0, 1, 2, 3, 4]
    assert turning_points(np.array([0, 1, 0, 1.0]), 3) == []
    assert turning_points(np.array([]), 3) == []
