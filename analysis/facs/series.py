"""Measurements of one face over time, its unbroken runs, and filters that respect gaps and real timestamps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

#: Two neighbouring frames further apart than this many usual intervals are not joined (frozen or cut recordings).
_LONGEST_STEP = 4.0


@dataclass(frozen=True)
class FaceSeries:
    """One face's measurements at the frames where it was seen.

    Attributes
    ----------
    frame : int64, shape (n,)
        Frame numbers, ascending.
    time_us : int64, shape (n,)
        Media time of those frames in microseconds, ascending.
    columns : mapping of str to float array, shape (n,)
        Measurements by name; NaN where a measure failed.
    """

    frame: Int64
    time_us: Int64
    columns: Mapping[str, NDArray[np.float32]]

    def __post_init__(self) -> None:
        if len(self.frame) != len(self.time_us):
            raise ValueError(f"frame and time_us differ in length: {len(self.frame)}, {len(self.time_us)}")
        for name, values in self.columns.items():
            if values.shape != self.frame.shape:
                raise ValueError(f"{name}: expected shape {self.frame.shape}, got {values.shape}")
        if (np.diff(self.frame) <= 0).any() or (np.diff(self.time_us) <= 0).any():
            raise ValueError("frames and times must ascend")

    def __len__(self) -> int:
        return len(self.frame)

    def __getitem__(self, name: str) -> Float64:
        return self.columns[name].astype(np.float64)

    @cached_property
    def interval_us(self) -> float:
        """Median time between neighbouring frames, microseconds; 40 ms where there is only one."""
        steps = np.diff(self.time_us)[np.diff(self.frame) == 1]
        return float(np.median(steps)) if len(steps) else 40_000.0

    def quickly_smoothed(self, values: Float64, window_s: float) -> Float64 | None:
        """`smooth` by a quicker way that a kind of series has for itself; None where it has none."""
        return None

    @cached_property
    def runs(self) -> tuple[slice, ...]:
        """Unbroken stretches: no frame missing in between and no long pause of the clock."""
        broken = (np.diff(self.frame) > 1) | (np.diff(self.time_us) > _LONGEST_STEP * self.interval_us)
        edges = [0, *(np.flatnonzero(broken) + 1), len(self)]
        return tuple(slice(a, b) for a, b in pairwise(edges) if b > a)


def finite_runs(series: FaceSeries, values: Float64) -> list[slice]:
    """The series' runs, broken up further where ``values`` (n,) is not finite."""
    out: list[slice] = []
    finite = np.isfinite(values)
    for run in series.runs:
        inside = np.concatenate([[False], finite[run], [False]])
        edges = np.flatnonzero(inside[1:] != inside[:-1]) + run.start
        out += [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return out


def smooth(series: FaceSeries, values: Float64, window_s: float) -> Float64:
    """Zero-phase local parabola (Savitzky-Golay) over a window of time, never across a gap.

    An unevenly timed run is put on an even grid of its median interval, filtered, and read back at its own times.

    Parameters
    ----------
    series : FaceSeries
    values : float, shape (n,)
        NaN breaks a run.
    window_s : float
        Width of the window in seconds; fewer than five frames of it leave the values as they are.

    Returns
    -------
    float64, shape (n,)
    """
    if (quick := series.quickly_smoothed(values, window_s)) is not None:
        return quick
    from scipy.signal import savgol_filter  # slow to load, and the web server does without

    out = values.astype(np.float64, copy=True)
    for run in finite_runs(series, out):
        times = series.time_us[run] / 1e6
        if len(times) < 5:
            continue
        step = float(np.median(np.diff(times)))
        width = min(round(window_s / step), len(times)) - 1 | 1
        if width < 5:
            continue
        if np.ptp(np.diff(times)) <= 0.25 * step:
            out[run] = savgol_filter(out[run], width, 2)
        else:
            grid = np.linspace(times[0], times[-1], max(round((times[-1] - times[0]) / step) + 1, width))
            even = savgol_filter(np.interp(grid, times, out[run]), width, 2)
            out[run] = np.interp(times, grid, even)
    return out


def speed(series: FaceSeries, values: Float64) -> Float64:
    """Absolute rate of change per second, shape (n,); 0 for a run of one frame."""
    out = np.zeros(len(series))
    for run in finite_runs(series, values):
        if run.stop - run.start > 1:
            out[run] = np.abs(np.gradient(values[run], series.time_us[run] / 1e6))
    out[~np.isfinite(values)] = np.nan
    return out


def bridge(series: FaceSeries, values: Float64, spans: Sequence[slice]) -> Float64:
    """Replace spans by a straight line between the frames around them, within a run; a span at an edge holds."""
    out = values.copy()
    for span in spans:
        run = next(r for r in series.runs if r.start <= span.start < r.stop)
        before, after = span.start - 1, span.stop
        ends = [i for i in (before, after) if run.start <= i < run.stop and np.isfinite(out[i])]
        if ends:
            out[span] = np.interp(series.time_us[span], series.time_us[ends], out[ends])
    return out
