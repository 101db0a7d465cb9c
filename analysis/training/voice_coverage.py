"""Does the 90 % interval of arousal tone cover what it says? Frames drawn from processes whose tone is known."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.voice import arousal, features
from analysis.voice.frames import Frames
from analysis.voice.pitch import HOP_US

Float64 = NDArray[np.float64]
#: What one unit of tone moves: semitones, dB, dB per octave.
_STEPS: Final = {"pitch_semitones": 2.0, "loudness_db": 3.0, "slope_db_oct": 0.8}


def coverage(seconds: int = 300, runs: int = 20, *, expressive: float = 1.0, seed: int = 0) -> tuple[float, float]:
    """How often the interval of arousal holds the tone of the process behind a window.

    Frames are drawn, not heard: pitch, level and slope are steady processes that forget within a syllable, and the
    tone moves slowly. A window's truth is the composite of the processes' own means in it against the speaker's
    usual ones, plus an error of measurement as stated in ``arousal.toml``.

    Returns
    -------
    share, width
        Of windows whose interval holds the truth; mean width of the interval.
    """
    inside, widths = [], []
    for run in range(runs):
        rng = np.random.default_rng([seed, run])
        n = seconds * 1_000_000 // HOP_US
        tone = _slow(rng, n) * expressive
        frames, true = _drawn_frames(rng, n, tone)
        spoken = np.arange(n) % 150 < 125
        nuclei = np.flatnonzero(true["nuclei"] & spoken)
        windows = features.cut(frames, spoken, nuclei)
        found = features.measures(frames, windows, [])
        own = features.baseline(found, windows, float(spoken.sum() * HOP_US / 1e6))
        value, low, high = arousal.arousal(frames, windows, found, own, seed=run)
        weight = windows.spoken / windows.spoken.sum(axis=1, keepdims=True)
        mean = (tone[windows.rows] * weight).sum(axis=1)
        rule = arousal.formula()
        usual = np.median(mean[windows.speech_s >= 1])
        truth = sum(c.weight * (mean - usual) * _STEPS.get(c.name, 0.0) / c.unit for c in rule.cues)
        truth = truth / sum(c.weight for c in rule.cues)
        truth = 1 / (1 + np.exp(-truth))
        good = np.isfinite(value)
        inside.append(((truth >= low) & (truth <= high))[good])
        widths.append((high - low)[good])
    return float(np.concatenate(inside).mean()), float(np.concatenate(widths).mean())


def _slow(rng: np.random.Generator, count: int) -> Float64:
    steps = rng.normal(0, 1, count // 600 + 4)
    return np.interp(np.arange(count) / 600, np.arange(len(steps)), steps)


def _drawn_frames(rng: np.random.Generator, n: int, tone: Float64) -> tuple[Frames, dict[str, NDArray[Any]]]:
    from scipy.signal import lfilter

    def process(sd: float, seconds: float) -> Float64:
        keep = np.exp(-HOP_US / 1e6 / seconds)
        noise = rng.normal(0, sd * np.sqrt(1 - keep**2), n + 500)
        return np.asarray(lfilter([1], [1, -keep], noise)[500:], np.float64)

    semitones = _STEPS["pitch_semitones"] * tone + process(2.0, 0.12)
    level = -25 + _STEPS["loudness_db"] * tone + process(3.0, 0.08)
    slope = -10 + _STEPS["slope_db_oct"] * tone + process(1.5, 0.08)
    voiced = process(1.0, 0.06) > -0.7
    pitch = np.where(voiced, 150 * 2 ** (semitones / 12), np.nan).astype(np.float32)
    # syllables come every 0.25 s, give or take a fifth
    gaps = np.maximum(rng.normal(0.25, 0.05, n // 10), 0.1)
    at = np.cumsum(gaps)
    nuclei = np.zeros(n, np.bool_)
    nuclei[(at[at < n * HOP_US / 1e6 - 1] / HOP_US * 1e6).astype(int)] = True
    none = np.full(n, np.nan, np.float32)
    frames = Frames(
        seconds=n * HOP_US / 1e6,
        pitch_hz=pitch,
        confidence=np.where(voiced, 1, 0).astype(np.float32),
        level_db=level.astype(np.float32),
        channel_db=level.astype(np.float32)[:, None],
        hnr_db=none,
        jitter=none,
        shimmer=none,
        slope_db_oct=np.where(voiced, slope, np.nan).astype(np.float32),
        speech=np.ones(n // 2, np.float32),
    )
    return frames, {"nuclei": nuclei}
