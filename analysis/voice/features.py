"""Windows of two seconds over each speaker's speech, and the speaker's own baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.voice.frames import Frames
from analysis.voice.pitch import HOP_US

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

WINDOW_US: Final = 2_000_000
STEP_US: Final = 1_000_000
WINDOW: Final = WINDOW_US // HOP_US
#: The least from which something is computed; below it the value is NaN. Our choices: a syllable for a row; two or
#: three for pitch and voice quality, a short phrase for range, rate and a window that counts for the baseline.
LEAST_ROW_S: Final = 0.2
LEAST_VOICED_S: Final = 0.3
LEAST_RANGE_S: Final = 0.5
LEAST_SPEECH_S: Final = 1.0
#: Speech of a speaker from which there is a baseline. Our choice: about five sentences.
LEAST_BASELINE_S: Final = 20.0
#: Frames with a measure of voice quality that a window needs.
_LEAST_FRAMES: Final = 10
#: 1.4826 times the median distance from the median is the standard deviation of a normal distribution.
_MAD: Final = 1.4826

#: What windows hold, as in ``voice.parquet``, but for the relative and composed columns.
MEASURES: Final = (
    "speech_share",
    "pitch_hz",
    "pitch_range_st",
    "level_db",
    "rate_per_s",
    "pause_share",
    "jitter",
    "shimmer",
    "hnr_db",
    "slope_db_oct",
)
_BASELINES: Final = ("pitch_hz", "pitch_range_st", "level_db", "rate_per_s", "hnr_db", "slope_db_oct")


@dataclass(frozen=True, slots=True)
class Cut:
    """The windows of one speaker.

    Attributes
    ----------
    start_us, end_us : int64, shape (w,)
    rows : int64, shape (w, 125)
        Frames of each window.
    spoken : bool, shape (w, 125)
        Which of them are this speaker's speech.
    nuclei : bool, shape (w, 125)
        In which of them a syllable has its nucleus.
    """

    start_us: Int64
    end_us: Int64
    rows: Int64
    spoken: NDArray[np.bool_]
    nuclei: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.start_us)

    @property
    def speech_s(self) -> Float64:
        return np.asarray(self.spoken.sum(axis=1) * HOP_US / 1e6, np.float64)


def cut(frames: Frames, spoken: NDArray[np.bool_], nuclei: Int64) -> Cut:
    """Windows of 2 s, every second, that hold speech of a speaker.

    Parameters
    ----------
    frames : Frames
    spoken : bool, shape (n,)
        The speaker's frames.
    nuclei : int64, shape (m,)
        Frames with a syllable's nucleus.
    """
    n = len(frames)
    end = round(frames.seconds * 1e6)
    starts = np.arange(0, max(end, 1), STEP_US, dtype=np.int64)
    rows = -(-starts // HOP_US)[:, None] + np.arange(WINDOW)
    there = rows < n
    rows = np.minimum(rows, max(n - 1, 0))
    peaks = np.zeros(n, np.bool_)
    peaks[nuclei] = True
    inside = there & spoken[rows] if n else np.zeros_like(there)
    kept = inside.sum(axis=1) * HOP_US >= LEAST_ROW_S * 1e6
    rows, inside = rows[kept], inside[kept]
    return Cut(starts[kept], np.minimum(starts[kept] + WINDOW_US, end), rows, inside, inside & peaks[rows])


def measures(frames: Frames, windows: Cut, pauses: Sequence[tuple[int, int]]) -> dict[str, Float64]:
    """What is measured in each window.

    Parameters
    ----------
    frames : Frames
    windows : Cut
    pauses : sequence of (start, end)
        The speaker's pauses, microseconds.

    Returns
    -------
    dict of name to float64, shape (w,)
        `MEASURES`; NaN where there is too little to measure.
    """
    seconds = windows.speech_s
    lengths = (windows.end_us - windows.start_us) / 1e6
    pitch = np.where(windows.spoken, frames.pitch_hz[windows.rows], np.nan).astype(np.float64)
    middle, spread = pitch_of(12 * np.log2(pitch))
    power = np.where(windows.spoken, 10 ** (frames.level_db[windows.rows].astype(np.float64) / 10), 0.0)
    paused = _overlap(windows, pauses)
    with np.errstate(invalid="ignore", divide="ignore"):
        out = {
            "speech_share": np.clip(seconds / lengths, 0, 1),
            "pitch_hz": 2 ** (middle / 12),
            "pitch_range_st": spread,
            "level_db": 10 * np.log10(power.sum(axis=1) / windows.spoken.sum(axis=1)),
            "rate_per_s": np.where(seconds >= LEAST_SPEECH_S, windows.nuclei.sum(axis=1) / seconds, np.nan),
            "pause_share": paused / (paused + seconds),
        }
    for name in ("jitter", "shimmer", "hnr_db", "slope_db_oct"):
        out[name] = _mean(getattr(frames, name)[windows.rows], windows.spoken)
    return out


def pitch_of(semitones: Float64) -> tuple[Float64, Float64]:
    """Median, and distance from the 10th to the 90th percentile, along the last axis; NaN are left out.

    Parameters
    ----------
    semitones : float64, shape (…, frames)

    Returns
    -------
    median, range : float64, shape (…,)
        NaN below `LEAST_VOICED_S` and `LEAST_RANGE_S` of voice.
    """
    ordered = np.sort(semitones, axis=-1)  # NaN last
    count = np.isfinite(ordered).sum(axis=-1)

    def quantile(share: float) -> Float64:
        at = share * np.maximum(count - 1, 0)
        low = np.floor(at).astype(np.int64)
        below, above = (
            np.take_along_axis(ordered, np.minimum(place, ordered.shape[-1] - 1)[..., None], axis=-1)[..., 0]
            for place in (low, np.minimum(low + 1, np.maximum(count - 1, 0)))
        )
        found: Float64 = below + (at - low) * (above - below)
        return found

    seconds = count * HOP_US / 1e6
    median = np.where(seconds >= LEAST_VOICED_S, quantile(0.5), np.nan)
    return median, np.where(seconds >= LEAST_RANGE_S, quantile(0.9) - quantile(0.1), np.nan)


def _mean(values: NDArray[np.floating[Any]], spoken: NDArray[np.bool_]) -> Float64:
    good = spoken & np.isfinite(values)
    count = good.sum(axis=1)
    total = np.where(good, values, 0).sum(axis=1, dtype=np.float64)
    return np.where(count >= _LEAST_FRAMES, total / np.maximum(count, 1), np.nan)


def _overlap(windows: Cut, pauses: Sequence[tuple[int, int]]) -> Float64:
    """Seconds of pause in each window."""
    out = np.zeros(len(windows), np.float64)
    for start, end in pauses:
        first = np.searchsorted(windows.end_us, start, "right")
        last = np.searchsorted(windows.start_us, end, "left")
        shared = np.minimum(windows.end_us[first:last], end) - np.maximum(windows.start_us[first:last], start)
        out[first:last] += np.maximum(shared, 0) / 1e6
    return out


@dataclass(frozen=True, slots=True)
class Usual:
    """A speaker's usual value of one measure.

    Attributes
    ----------
    median, spread : float
        Of the windows with a second of speech or more; spread is 1.4826 times the median distance from the median.
    windows : int
        How many of them had a value. Neighbours share half of what they hold.
    """

    median: float
    spread: float
    windows: int

    @property
    def error(self) -> float:
        """Standard error of the median of a normal distribution, of the windows that share nothing."""
        return float(1.2533 * self.spread / np.sqrt(max(self.windows / 2, 1.0)))


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is usual for one speaker in this recording.

    Attributes
    ----------
    seconds : float
        Of speech.
    usual : mapping of measure to Usual
        Empty below `LEAST_BASELINE_S` of speech.
    """

    seconds: float
    usual: Mapping[str, Usual]

    def __post_init__(self) -> None:
        if self.seconds < 0:
            raise ValueError("seconds must not be negative")


def baseline(found: Mapping[str, Float64], windows: Cut, seconds: float) -> Baseline:
    """The speaker's baseline from all of their windows with enough speech."""
    if seconds < LEAST_BASELINE_S:
        return Baseline(seconds, {})
    enough = windows.speech_s >= LEAST_SPEECH_S
    usual = {}
    for name in _BASELINES:
        values = found[name][enough & np.isfinite(found[name])]
        if len(values) >= LEAST_BASELINE_S / 2:
            median = float(np.median(values))
            usual[name] = Usual(median, float(_MAD * np.median(np.abs(values - median))), len(values))
    return Baseline(seconds, usual)


def relative(found: Mapping[str, Float64], own: Baseline) -> dict[str, Float64]:
    """Pitch and loudness against the speaker's baseline: ``pitch_semitones``, ``loudness_db``; NaN without one.

    Any shape.
    """
    nothing = np.full_like(found["pitch_hz"], np.nan)
    pitch, level = own.usual.get("pitch_hz"), own.usual.get("level_db")
    return {
        "pitch_semitones": nothing if pitch is None else 12 * np.log2(found["pitch_hz"] / pitch.median),
        "loudness_db": nothing if level is None else found["level_db"] - level.median,
    }
