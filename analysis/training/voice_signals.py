"""Sounds whose pitch, irregularity, noise, tilt, syllables and pauses are known, because they are made here.

Pulses of a voice are placed at 96 kHz, six times what the analysis hears, so that periods are no whole samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.types import Float32
from analysis.voice.audio import RATE

Float64 = NDArray[np.float64]
_FINE: Final = 6 * RATE
#: Formants and bandwidths (Hz) of five vowels of an adult (Peterson & Barney 1952, rounded).
VOWELS: Final = {
    "a": ((730, 80), (1090, 90), (2440, 120), (3400, 170)),
    "e": ((530, 60), (1840, 90), (2480, 120), (3500, 170)),
    "i": ((270, 60), (2290, 100), (3010, 120), (3600, 170)),
    "o": ((570, 70), (840, 80), (2410, 120), (3300, 170)),
    "u": ((300, 60), (870, 80), (2240, 120), (3300, 170)),
}


def harmonics(pitch_hz: Float64 | float, seconds: float, *, slope_db_oct: float = -12.0, seed: int = 0) -> Float32:
    """Tone of all harmonics below 7.5 kHz; phases at random; peak 0.5.

    Parameters
    ----------
    pitch_hz : float, or float64 of shape (samples,)
        A course makes a glide.
    """
    count = round(seconds * RATE)
    course = np.broadcast_to(np.asarray(pitch_hz, np.float64), (count,))
    phase = 2 * np.pi * np.cumsum(course) / RATE
    rng = np.random.default_rng(seed)
    sound = np.zeros(count)
    for number in range(1, int(7500 / course.min()) + 1):
        there = number * course < 7500
        amplitude = 10 ** (slope_db_oct * np.log2(number) / 20) * there
        sound += amplitude * np.sin(number * phase + rng.uniform(0, 2 * np.pi))
    return np.asarray(0.5 * sound / np.abs(sound).max(), np.float32)


def with_noise(sound: Float32, hnr_db: float, seed: int = 0) -> Float32:
    """The sound with white noise `hnr_db` below it."""
    noise = np.random.default_rng(seed).normal(0, 1, len(sound))
    scale = np.sqrt(np.mean(np.square(sound)) / np.mean(np.square(noise))) * 10 ** (-hnr_db / 20)
    return np.asarray(sound + scale * noise, np.float32)


@dataclass(frozen=True)
class Voice:
    """Sound of pulses, and what was put into it (shares: 0.01 is 1 %)."""

    sound: Float32
    jitter: float
    shimmer: float


def voice(
    pitch_hz: float, seconds: float, *, jitter: float = 0.0, shimmer: float = 0.0, vowel: str = "a", seed: int = 0
) -> Voice:
    """A sustained vowel whose periods and amplitudes vary at random around their means."""
    rng = np.random.default_rng(seed)
    count = int(seconds * pitch_hz * 1.2) + 8
    # neighbours that differ independently with standard deviation s differ by 2s/√π on average
    wobble = np.sqrt(np.pi) / 2
    periods = (1 + jitter * wobble * rng.normal(size=count)) / pitch_hz
    gains = 1 + shimmer * wobble * rng.normal(size=count)
    times = np.cumsum(periods)
    kept = times < seconds - 0.01
    periods, gains, times = periods[kept], gains[kept], times[kept]
    sound = _filtered(_pulses(times, gains, periods, seconds), vowel)
    between = np.diff(times)
    return Voice(
        np.asarray(0.5 * sound / np.abs(sound).max(), np.float32),
        float(np.abs(np.diff(between)).mean() / between.mean()),
        float(np.abs(np.diff(gains)).mean() / gains.mean()),
    )


def _pulses(times: Float64, gains: Float64, periods: Float64, seconds: float) -> Float64:
    """Closures of the glottis: derivative of Rosenberg's pulse, open 60 % of each period."""
    flow = np.zeros(round(seconds * _FINE))
    for time, gain, period in zip(times, gains, periods, strict=True):
        length = int(0.6 * period * _FINE)
        at = np.arange(int(time * _FINE) - length, int(time * _FINE) + 1)
        x = (at / _FINE - time) / (0.6 * period) + 1  # 0 opening … 1 closure
        shape = np.where((x >= 0) & (x <= 1), x**2 * (1 - x), 0.0) * period
        good = (at >= 0) & (at < len(flow))
        flow[at[good]] += gain * shape[good]
    return np.diff(flow, prepend=0.0)


def _filtered(source: Float64, vowel: str) -> Float64:
    from scipy.signal import lfilter, resample_poly

    sound: Float64 = resample_poly(source, 1, _FINE // RATE)
    for frequency, bandwidth in VOWELS[vowel]:
        radius = np.exp(-np.pi * bandwidth / RATE)
        angle = 2 * np.pi * frequency / RATE
        poles = [1, -2 * radius * np.cos(angle), radius**2]
        sound = lfilter([sum(poles)], poles, sound)
    return sound


@dataclass(frozen=True)
class Speech:
    """Made-up speech and what is in it: middles of syllables (s), silences (start, end, s)."""

    sound: Float32
    nuclei: tuple[float, ...]
    silences: tuple[tuple[float, float], ...]


def speech(
    seconds: float,
    *,
    pitch_hz: float = 120.0,
    rate: float = 4.0,
    gain: float = 0.5,
    phrase_s: float = 2.0,
    pause_s: float = 0.5,
    movement_st: float = 2.0,
    formants: float = 1.0,
    seed: int = 0,
) -> Speech:
    """Syllables of a hiss and a gliding vowel, in phrases with pauses between them.

    Parameters
    ----------
    rate : float
        Syllables a second within a phrase.
    movement_st : float
        Standard deviation of the syllables' pitch, semitones.
    formants : float
        Factor on all formants: below 1 a longer vocal tract, above 1 a shorter one.
    """
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    sound, nuclei, silences = np.zeros(count), [], []
    at = 0.3
    silences.append((0.0, at))
    while at + phrase_s < seconds:
        syllables = max(round(phrase_s * rate), 1)
        lengths = rng.uniform(0.8, 1.2, syllables)
        lengths *= phrase_s / lengths.sum()
        for length in lengths:
            piece, middle = _syllable(length, pitch_hz * 2 ** (rng.normal(0, movement_st) / 12), formants, rng)
            start = round(at * RATE)
            sound[start : start + len(piece)] += piece[: count - start]
            nuclei.append(at + middle)
            at += length
        rest = min(pause_s, seconds - at)
        silences.append((at, at + rest))
        at += rest
    if silences[-1][1] < seconds:
        silences.append((silences[-1][1], seconds))
    sound = gain * sound / np.abs(sound).max() + rng.normal(0, 2e-4, count)
    return Speech(np.asarray(sound, np.float32), tuple(nuclei), tuple(silences))


def _syllable(length: float, pitch_hz: float, formants: float, rng: np.random.Generator) -> tuple[Float64, float]:
    from scipy.signal import lfilter, resample_poly

    hiss = min(0.3 * length, 0.09)
    voiced = length - hiss
    count = round(voiced * _FINE)
    course = pitch_hz * 2 ** (np.linspace(1, -1, count) * rng.uniform(-1, 2) / 12)
    phase = np.cumsum(course) / _FINE
    at = np.flatnonzero(np.diff(np.floor(phase))) / _FINE
    periods = np.diff(at, append=at[-1] + 1 / pitch_hz) if len(at) else at
    source = _pulses(at * (1 + 0.0005 * rng.normal(size=len(at))), np.ones(len(at)), periods, voiced)
    sound: Float64 = resample_poly(source, 1, _FINE // RATE)
    names = list(VOWELS)
    first, second = (VOWELS[names[rng.integers(len(names))]] for _ in range(2))
    for start, end in zip(first, second, strict=True):
        whole = []
        for frequency, bandwidth in (start, end):
            radius = np.exp(-np.pi * bandwidth / RATE)
            poles = [1, -2 * radius * np.cos(2 * np.pi * formants * frequency / RATE), radius**2]
            whole.append(lfilter([sum(poles)], poles, sound))
        fade = np.linspace(0, 1, len(sound))
        sound = whole[0] * (1 - fade) + whole[1] * fade
    ramp = np.minimum(1, np.minimum(np.arange(len(sound)), np.arange(len(sound))[::-1]) / (0.03 * RATE))
    sound = sound / (np.abs(sound).max() + 1e-12) * np.sin(np.pi / 2 * ramp) ** 2
    noise = rng.normal(0, 1, round(hiss * RATE))
    noise = lfilter([1, -0.95], [1], noise) * np.hanning(len(noise)) * 0.06
    return np.concatenate([noise, sound]), hiss + voiced / 2
