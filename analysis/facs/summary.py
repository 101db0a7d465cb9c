"""What one face did over a recording, in figures."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.facs.events import Event
from analysis.facs.intensity import Intensities
from analysis.facs.series import FaceSeries, Float64


def _durations_s(series: FaceSeries) -> Float64:
    """How long every frame stands, seconds, shape (n,): to the next of its run, or the usual time."""
    out = np.full(len(series), series.interval_us)
    for run in series.runs:
        out[run.start : run.stop - 1] = np.diff(series.time_us[run])
    return out / 1e6


def _inside(series: FaceSeries, found: list[Event]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    out = np.zeros(len(series), bool)
    for event in found:
        out |= (series.time_us >= event.onset_us) & (series.time_us <= event.offset_us)
    return out


def summary(series: FaceSeries, found: Intensities, events: list[Event]) -> dict[str, dict[str, Any]]:
    """Figures by code, over the frames where the code was measured.

    ``events`` count, ``rate_per_min`` events per minute of measured time, ``mean`` and ``peak`` intensity 0–5,
    ``share`` of measured time inside events, 0–1. A code that was measured nowhere has None for all but events.
    """
    durations = _durations_s(series)
    out: dict[str, dict[str, Any]] = {}
    for code, values in found.both.items():
        own = [event for event in events if event.code == code]
        seen = np.isfinite(values)
        total = float(durations[seen].sum())
        if total == 0:
            out[code] = {"events": 0, "rate_per_min": None, "mean": None, "peak": None, "share": None}
            continue
        active = float(durations[seen & _inside(series, own)].sum())
        out[code] = {
            "events": len(own),
            "rate_per_min": round(60 * len(own) / total, 3),
            "mean": round(float(np.average(values[seen], weights=durations[seen])), 3),
            "peak": round(float(values[seen].max()), 3),
            "share": round(active / total, 4),
        }
    return out
