"""Events: where an intensity curve rises, peaks and falls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.facs.series import FaceSeries, Float64, finite_runs

#: A tenth of the steepest slope counts as the start of the rise and the end of the fall.
_SLOPE_SHARE: Final = 0.1
_APEX_SHARE: Final = 0.95  # a held expression trembles; its apex begins where it is reached
_LEAST_SLOPE: Final = 0.8  # intensities a second; slower is drift


@dataclass(frozen=True, slots=True)
class Limits:
    """When a curve is an event.

    Attributes
    ----------
    enter, leave : float
        Intensities that start and end it (hysteresis).
    least_us : int
        Shorter ones are dropped.
    join_us : int
        Ones nearer together than this are one.
    """

    enter: float = 1.0
    leave: float = 0.5
    least_us: int = 160_000
    join_us: int = 200_000


@dataclass(frozen=True, slots=True)
class Segment:
    """One event of one curve, as rows of its series: first, apex and last, all inclusive."""

    onset: int
    apex: int
    offset: int


def spans_above(series: FaceSeries, values: Float64, enter: float, leave: float) -> list[slice]:
    """Stretches that reach ``enter``, widened to where the values stay at or above ``leave``.

    Never across a gap or a NaN.
    """
    out: list[slice] = []
    for run in finite_runs(series, values):
        part = values[run]
        inside = np.concatenate([[False], part >= leave, [False]])
        edges = np.flatnonzero(inside[1:] != inside[:-1])
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            if part[start:stop].max() >= enter:
                out.append(slice(int(start) + run.start, int(stop) + run.start))
    return out


def _joined(series: FaceSeries, values: Float64, spans: list[slice], join_us: int) -> list[slice]:
    out: list[slice] = []
    for span in spans:
        if out and np.isfinite(values[out[-1].stop - 1 : span.start + 1]).all():
            near = series.time_us[span.start] - series.time_us[out[-1].stop - 1] <= join_us
            same_run = any(r.start <= out[-1].start and span.start < r.stop for r in series.runs)
            if near and same_run:
                out[-1] = slice(out[-1].start, span.stop)
                continue
        out.append(span)
    return out


def _walk(curve: Float64, times: Float64, start: int, stop: int, steepest: float) -> int:
    """From row ``start`` towards ``stop`` while the curve keeps falling faster than a tenth of the steepest."""
    step = 1 if stop > start else -1
    least = max(_SLOPE_SHARE * steepest, _LEAST_SLOPE)
    row = start
    while row != stop:
        fall = (curve[row] - curve[row + step]) / abs(times[row + step] - times[row])
        if not fall > least:
            break
        row += step
    return row


def segments(series: FaceSeries, values: Float64, curve: Float64, limits: Limits) -> list[Segment]:
    """Events of one curve.

    Parameters
    ----------
    series : FaceSeries
    values : float64, shape (n,)
        Intensity 0–5, NaN where not measured.
    curve : float64, shape (n,)
        The same before limiting: the start of a rise lies below intensity 0, in what noise could reach.
    limits : Limits

    Returns
    -------
    list of Segment
        In order of time, never overlapping. The onset is the start of the rise, the apex the first row within 5 %
        of the maximum, the offset the end of the fall.
    """
    spans = _joined(series, values, spans_above(series, values, limits.enter, limits.leave), limits.join_us)
    times, runs = series.time_us / 1e6, finite_runs(series, values)
    out: list[Segment] = []
    for index, span in enumerate(spans):
        run = next(r for r in runs if r.start <= span.start < r.stop)
        before = max(run.start, out[-1].offset if out else 0)
        after = min(run.stop, spans[index + 1].start if index + 1 < len(spans) else run.stop) - 1
        apex = span.start + int(np.argmax(values[span] >= _APEX_SHARE * values[span].max()))
        part = curve[max(before, span.start - 1) : min(after, span.stop) + 1]
        pace = np.abs(np.diff(part)) / np.diff(times[max(before, span.start - 1) : min(after, span.stop) + 1])
        steepest = float(pace.max()) if len(pace) else 0.0
        onset = _walk(curve, times, span.start, min(before, span.start), steepest)
        offset = _walk(curve, times, span.stop - 1, max(after, span.stop - 1), steepest)
        if series.time_us[offset] - series.time_us[onset] >= limits.least_us:
            out.append(Segment(onset, apex, offset))
    return out
