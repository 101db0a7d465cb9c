"""Level and spectral tilt of short pieces of sound."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.types import Float32
from analysis.voice.audio import RATE
from analysis.voice.pitch import HIGHEST_HZ, LOWEST_HZ

Float64 = NDArray[np.float64]

#: Samples of a level: 32 ms.
LEVEL_WINDOW: Final = 512
#: Samples of a spectrum: 64 ms resolve the harmonics of 60 Hz.
TILT_WINDOW: Final = 1024
#: Nothing is quieter: 16-bit sound ends at −98 dB.
FLOOR_DB: Final = -100.0
#: Tilt is fitted up to here: the voice source and all the vowels' formants, below the noise of fricatives and
#: below what telephone-like recordings cut off. Our choice.
TILT_TOP_HZ: Final = 3_800.0
_FFT: Final = 2048
_FEWEST: Final = 5


@cache
def a_weights() -> Float64:
    """Power gain of the A-weighting at the bins of `LEVEL_WINDOW` (IEC 61672-1; 0 dB at 1 kHz)."""
    f2 = np.square(np.fft.rfftfreq(LEVEL_WINDOW, 1 / RATE))
    curve = 12194.0**2 * f2**2
    curve /= (f2 + 20.6**2) * (f2 + 12194.0**2) * np.sqrt((f2 + 107.7**2) * (f2 + 737.9**2))
    weights: Float64 = np.square(curve) * 10**0.2
    return weights


def levels(pieces: NDArray[np.floating[Any]]) -> Float32:
    """A-weighted level.

    Parameters
    ----------
    pieces : shape (n, LEVEL_WINDOW)
        −1 … 1.

    Returns
    -------
    float32, shape (n,)
        dB re the mean square 1 (a full-scale sine of 1 kHz has −3.0), not below −100.
    """
    window = np.hanning(LEVEL_WINDOW + 1)[:-1].astype(np.float32)
    power = np.square(np.abs(np.fft.rfft(pieces * window, axis=1)))
    mean = power @ (2 * a_weights()) / (LEVEL_WINDOW * np.square(window).sum())
    return np.asarray(10 * np.log10(np.maximum(mean, 10 ** (FLOOR_DB / 10))), np.float32)


def tilts(pieces: NDArray[np.floating[Any]], pitch_hz: NDArray[np.floating[Any]]) -> Float32:
    """Slope of the harmonics' levels over the octaves.

    The level of every harmonic up to 3.8 kHz is the highest bin within a quarter of the pitch; a straight line
    through them over log2 of frequency, every harmonic weighted by one over its number, so that octaves count
    equally.

    Parameters
    ----------
    pieces : shape (n, TILT_WINDOW)
        Around voiced moments.
    pitch_hz : shape (n,)

    Returns
    -------
    float32, shape (n,)
        dB per octave; NaN with fewer than five harmonics, or where the harmonics sink into the digital floor.
    """
    out = np.full(len(pieces), np.nan, np.float32)
    if not len(pieces):
        return out
    from scipy.ndimage import maximum_filter1d

    window = np.hanning(TILT_WINDOW + 1)[:-1].astype(np.float32)
    bin_hz = RATE / _FFT
    low = LOWEST_HZ
    while low < HIGHEST_HZ:
        rows = np.flatnonzero((pitch_hz >= low) & (pitch_hz < low * 1.5))
        if len(rows):
            power = np.square(np.abs(np.fft.rfft(pieces[rows] * window, _FFT, axis=1)))
            half = max(int(0.25 * low / bin_hz), 1)
            highest = maximum_filter1d(power, 2 * half + 1, axis=1)
            out[rows] = _lines(highest, np.asarray(pitch_hz)[rows], bin_hz)
        low *= 1.5
    return out


def _lines(highest: Float64, pitch_hz: NDArray[np.floating[Any]], bin_hz: float) -> Float64:
    numbers = np.arange(1, int(TILT_TOP_HZ / pitch_hz.min()) + 1)
    at = pitch_hz[:, None] * numbers
    counted = at <= TILT_TOP_HZ
    bins = np.where(counted, np.rint(at / bin_hz), 0).astype(np.int64)
    power = np.take_along_axis(highest, bins, axis=1)
    enough = (counted.sum(axis=1) >= _FEWEST) & np.where(counted, power > 1e-12, True).all(axis=1)
    level = 10 * np.log10(np.maximum(power, 1e-12))
    octave = np.log2(numbers)[None, :]
    weight = counted / numbers
    total = weight.sum(axis=1, keepdims=True)
    octave = octave - (weight * octave).sum(axis=1, keepdims=True) / total
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = (weight * octave * level).sum(axis=1) / (weight * octave**2).sum(axis=1)
    return np.where(enough, slope, np.nan)
