"""What one face did over a recording, in figures."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.facs.codes import VISIBILITY_CODES
from analysis.facs.events import Event
from analysis.facs.intensity import Intensities
from analysis.facs.series import FaceSeries, Float64, Int64


def _durations_s(series: FaceSeries) -> Float64:
    """How long every frame stands, seconds, shape (n,): to the next of its run, or the usual time."""
    out = np.full(len(series), series.interval_us)
    for run in series.runs:
        out[run.start : run.stop - 1] = np.diff(series.time_us[run])
    return out / 1e6


def _frame_durations_s(times: Int64) -> Float64:
    """How long every decoded frame stands, seconds, shape (m,): to the next one; the last the usual time."""
    steps = np.diff(times)
    return np.append(steps, np.median(steps) if len(steps) else 40_000) / 1e6


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


def gate_shares(times: Int64, gate: tuple[tuple[str, ...], Int64]) -> dict[str, float]:
    """Share of the recording's time by the reason why something was not scored, 0–1.

    Parameters
    ----------
    times : int64, shape (m,)
        Times of all decoded frames, microseconds.
    gate : tuple of str, int64 array of shape (m,)
        Texts and each frame's text, as `visibility.gate_codes` gives them.

    Returns
    -------
    dict
        ``none`` where everything was scored, then the reasons by falling share. Two at once count for both, so
        the shares can add up to more than 1.
    """
    durations, (texts, index) = _frame_durations_s(times), gate
    total = float(durations.sum())
    by_text = np.bincount(index, weights=durations, minlength=len(texts))
    shares: dict[str, float] = {"none": 0.0}
    for text, seconds in zip(texts, by_text.tolist(), strict=True):
        for reason in text.split(";") if text else ["none"]:
            shares[reason] = shares.get(reason, 0.0) + seconds / max(total, 1e-9)
    rest = sorted(shares.keys() - {"none"}, key=lambda reason: (-shares[reason], reason))
    return {reason: round(shares[reason], 4) for reason in ("none", *rest)}


def visibility_summary(times: Int64, rows: Int64, events: list[Event]) -> dict[str, dict[str, Any]]:
    """Figures of 70–74, named as those of other codes, over the time from the face's first frame to its last.

    They have no intensity, so ``mean`` and ``peak`` are None.
    """
    span = slice(int(rows[0]), int(rows[-1]) + 1)
    durations, span_times = _frame_durations_s(times)[span], times[span]
    total = float(durations.sum())
    out: dict[str, dict[str, Any]] = {}
    for code in VISIBILITY_CODES:
        own = [event for event in events if event.code == code]
        active = np.zeros(len(span_times), bool)
        for event in own:
            active |= (span_times >= event.onset_us) & (span_times <= event.offset_us)
        rate, share = 60 * len(own) / total, float(durations[active].sum()) / total
        out[code] = {
            "events": len(own),
            "rate_per_min": round(rate, 3),
            "mean": None,
            "peak": None,
            "share": round(share, 4),
        }
    return out
