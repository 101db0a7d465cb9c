"""Gaps, uneven frame times, and filters that respect both."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.facs.series import FaceSeries, bridge, finite_runs, smooth, speed


def of(times_us: np.ndarray, frame: np.ndarray | None = None, **columns: np.ndarray) -> FaceSeries:
    frame = np.arange(len(times_us)) if frame is None else frame
    return FaceSeries(frame.astype(np.int64), times_us.astype(np.int64), columns)


def test_runs_break_at_missing_frames_and_at_long_pauses() -> None:
    even = np.arange(10) * 40_000
    assert of(even).runs == (slice(0, 10),)
    assert of(even, np.array([0, 1, 2, 3, 4, 7, 8, 9, 10, 11])).runs == (slice(0, 5), slice(5, 10))
    paused = even + np.where(np.arange(10) >= 6, 2_000_000, 0)
    assert of(paused).runs == (slice(0, 6), slice(6, 10))


def test_smoothing_does_not_cross_a_gap() -> None:
    frame = np.array([*range(20), *range(40, 60)])
    series = of(frame * 40_000, frame)
    step = np.where(frame < 30, 0.0, 1.0)
    np.testing.assert_allclose(smooth(series, step, 0.4), step, atol=1e-12)
    with_nan = step.copy()
    with_nan[10] = np.nan
    out = smooth(series, with_nan, 0.4)
    assert np.isnan(out[10])
    assert np.isfinite(np.delete(out, 10)).all()
    assert finite_runs(series, with_nan) == [slice(0, 10), slice(11, 20), slice(20, 40)]


def test_smoothing_is_zero_phase_and_keeps_parabolas() -> None:
    times = np.arange(100) * 40_000
    series = of(times)
    parabola = (times / 1e6 - 2) ** 2
    np.testing.assert_allclose(smooth(series, parabola, 0.3), parabola, atol=1e-9)
    peak = np.exp(-(((times / 1e6 - 2) / 0.3) ** 2))
    assert np.argmax(smooth(series, peak, 0.3)) == np.argmax(peak)


def test_uneven_times_give_nearly_what_even_times_give() -> None:
    rng = np.random.default_rng(4)
    steps = rng.uniform(20_000, 60_000, 250).astype(np.int64)
    times = np.cumsum(steps)
    curve = np.sin(times / 1e6 * 2)
    noisy = curve + 0.1 * rng.standard_normal(len(times))
    out = smooth(of(times), noisy, 0.4)
    assert np.sqrt(np.mean((out - curve)[5:-5] ** 2)) < 0.06
    np.testing.assert_allclose(smooth(of(times), curve, 0.4)[5:-5], curve[5:-5], atol=0.01)


def test_the_window_is_time_not_frames() -> None:
    rng = np.random.default_rng(5)
    spread = []
    for rate in (25, 100):
        times = np.arange(4 * rate) * (1_000_000 // rate)
        spread.append(smooth(of(times), rng.standard_normal(len(times)), 0.4).std())
    assert spread[1] == pytest.approx(spread[0] / 2, rel=0.35)


def test_speed_is_per_second_whatever_the_frame_rate() -> None:
    for rate in (10, 60):
        times = np.arange(40) * (1_000_000 // rate)
        np.testing.assert_allclose(speed(of(times), times / 1e6 * 3.0), 3.0, rtol=1e-6)


def test_bridging_joins_within_a_run_only() -> None:
    frame = np.array([*range(10), *range(20, 30)])
    series = of(frame * 40_000, frame)
    values = np.where(frame < 15, 1.0, 3.0)
    values[4:6] = 9.0
    values[8:10] = 9.0
    values[10:12] = 9.0
    out = bridge(series, values, [slice(4, 6), slice(8, 10), slice(10, 12)])
    np.testing.assert_allclose(out, np.where(frame < 15, 1.0, 3.0))


def test_a_series_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="ascend"):
        of(np.array([0, 40_000, 40_000]))
    with pytest.raises(ValueError, match="expected shape"):
        of(np.arange(3) * 40_000, a=np.zeros(4, np.float32))
