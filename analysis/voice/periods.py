"""How regular voiced sound is: HNR from the autocorrelation, jitter and shimmer from neighbouring periods.

All of it looks at a few periods around each frame, so frames are counted side by side and the edges of blocks do
not matter.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analysis.types import Float32
from analysis.voice.audio import RATE
from analysis.voice.pitch import HIGHEST_HZ, LOWEST_HZ

#: Samples either side of a frame that these measures may look at.
REACH: Final = 1152
#: Periods in the window of the autocorrelation, of the lowest pitch of a group: Boersma 1993 takes 6 for HNR
#: in sustained vowels; 4.5 follow moving speech better and measure up to 40 dB as well (docs/voice.md).
_PERIODS: Final = 4.5
#: Frames with pitches within this ratio share a window length.
_GROUP: Final = 1.4142135623730951
#: Periods that are followed from a frame's own mark on, either way: three neighbouring pairs.
_FOLLOWED: Final = 2
#: How much one period may differ from the pitch: Praat's limit for jitter is a factor of 1.3 between neighbours.
_PERIOD_SLACK: Final = 0.2
#: Neighbours whose amplitudes differ more are not periods of one voice (the limit usual in Praat's shimmer, 1.6).
_AMPLITUDE_RATIO: Final = 1.6
#: Part of a period before and behind a mark that is compared: what the pulse sets ringing, not what is left of the
#: one before. Vowels change jitter least with this window (docs/voice.md).
_BEFORE: Final = 0.1
_AFTER: Final = 0.5
#: Above this pitch a period is shorter than the ringing of the vocal tract; what is found says little
#: (docs/voice.md).
HIGHEST_PERTURBATION_HZ: Final = 250.0
#: A period is followed only where the waves agree. Our choice; noise correlates below 0.5.
_ALIKE: Final = 0.6
#: What the interpolation between samples can tell apart (docs/voice.md); clearer sound is given as this.
MOST_HNR_DB: Final = 40.0
_UPSAMPLED: Final = 2
_ELEMENTS: Final = 2_000_000
"""Numbers that are compared at a time: 8 MB."""

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


def harmonicity(pieces: NDArray[np.floating[Any]], pitch_hz: NDArray[np.floating[Any]]) -> tuple[Float32, Float32]:
    """Harmonics-to-noise ratio, and the pitch to which the autocorrelation points.

    Boersma, P. (1993): the autocorrelation of the windowed sound over that of the window, its highest value r near
    the period; 10·log10(r / (1 − r)). The autocorrelation is interpolated by zero-padding its spectrum.

    Parameters
    ----------
    pieces : shape (n, 2·REACH)
        Around voiced moments.
    pitch_hz : shape (n,)

    Returns
    -------
    hnr, pitch : float32, shape (n,)
        dB; Hz, within 6 % of what was given.
    """
    hnr = np.full(len(pieces), np.nan, np.float32)
    pitch = np.full(len(pieces), np.nan, np.float32)
    low = LOWEST_HZ
    while low <= HIGHEST_HZ:
        rows = np.flatnonzero((pitch_hz >= low) & (pitch_hz < low * _GROUP))
        if len(rows):
            length = int(_PERIODS * RATE / low) // 2 * 2
            middle = pieces[rows, REACH - length // 2 : REACH + length // 2]
            hnr[rows], pitch[rows] = _peak(middle, np.asarray(pitch_hz, np.float64)[rows])
        low *= _GROUP
    return hnr, pitch


def _peak(pieces: NDArray[np.floating[Any]], pitch_hz: Float64) -> tuple[Float64, Float64]:
    length = pieces.shape[1]
    window = np.hanning(length + 2)[1:-1].astype(np.float32)
    size = 1 << int(np.ceil(np.log2(1.5 * length)))
    fine = size * _UPSAMPLED

    def correlation(sound: Float32) -> Float32:
        power = np.square(np.abs(np.fft.rfft(sound, size, axis=-1)))
        power[..., -1] /= 2  # the highest bin stands for two in the longer spectrum
        return np.asarray(np.fft.irfft(power, fine, axis=-1), np.float32)

    own = correlation(np.asarray(pieces - pieces.mean(axis=1, keepdims=True), np.float32) * window)
    shape = correlation(window)
    lag = RATE * _UPSAMPLED / pitch_hz
    reach = int(np.ceil(0.06 * lag.max()))
    at = np.rint(lag).astype(np.int64)[:, None] + np.arange(-reach - 1, reach + 2)
    at = np.clip(at, 1, fine // 2 - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        near = np.take_along_axis(own, at, axis=1) / own[:, :1] / (shape[at] / shape[0])
    near[~(np.abs(at - lag[:, None]) <= 0.06 * lag[:, None] + 1)] = -np.inf
    best, value = _vertex(near)
    rows = np.arange(len(at))
    found = RATE * _UPSAMPLED / (at[rows, best[0]] + best[1])
    ratio = np.clip(value, 1e-4, 1 - 1e-7)
    hnr = np.minimum(10 * np.log10(ratio / (1 - ratio)), MOST_HNR_DB)
    good = np.isfinite(value)
    return np.where(good, hnr, np.nan), np.where(good, found, np.nan)


def _vertex(rows: Float64) -> tuple[tuple[Int64, Float64], Float64]:
    """Highest inner value of every row: place and fraction of a step beyond it, and its height (parabola)."""
    place = rows[:, 1:-1].argmax(axis=1) + 1
    number = np.arange(len(rows))
    before, at, after = (rows[number, place + step] for step in (-1, 0, 1))
    bend = before - 2 * at + after
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = np.where(np.isfinite(bend) & (bend < 0), 0.5 * (before - after) / bend, 0.0)
        shift = np.clip(np.nan_to_num(shift), -0.5, 0.5)
        height = at - 0.25 * np.where(np.isfinite(before - after), before - after, 0.0) * shift
    return (place, shift), height


def perturbation(
    pieces: NDArray[np.floating[Any]], pitch_hz: NDArray[np.floating[Any]]
) -> tuple[Float32, Float32]:
    """Local jitter and shimmer around each frame.

    From the strongest swing within one period of the frame the marks of two periods before and two behind it are
    found where the wave is most like the one at the last mark (correlation over 0.6 periods, parabola between
    samples). Jitter: mean difference of neighbouring periods over the mean period; shimmer: the same of the
    effective values of one period each.

    Parameters
    ----------
    pieces : shape (n, 2·REACH)
        Around voiced moments.
    pitch_hz : shape (n,)

    Returns
    -------
    jitter, shimmer : float32, shape (n,)
        Shares (0.01 is 1 %); NaN where the periods cannot be followed, and above 250 Hz.
    """
    jitter = np.full(len(pieces), np.nan, np.float32)
    shimmer = np.full(len(pieces), np.nan, np.float32)
    low = LOWEST_HZ
    while low <= HIGHEST_PERTURBATION_HZ:
        top = min(low * _GROUP, HIGHEST_PERTURBATION_HZ)
        rows = np.flatnonzero((pitch_hz >= low) & (pitch_hz < top))
        together = max(int(_ELEMENTS / (0.5 * (RATE / low) ** 2)), 16)
        for first in range(0, len(rows), together):
            some = rows[first : first + together]
            periods, amplitudes = _followed(
                np.ascontiguousarray(pieces[some], np.float32), RATE / np.asarray(pitch_hz, np.float64)[some]
            )
            jitter[some], shimmer[some] = _differences(periods, 1.3), _differences(amplitudes, _AMPLITUDE_RATIO)
            lost = ~np.isfinite(periods).all(axis=1)
            jitter[some[lost]] = shimmer[some[lost]] = np.nan
        low *= _GROUP
    return jitter, shimmer


def _differences(values: Float64, most: float) -> Float64:
    """Mean difference of neighbours over the mean, of every row; NaN where two differ by a factor of `most`."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = values[:, 1:] / values[:, :-1]
        wild = ~((ratio < most) & (ratio > 1 / most)).all(axis=1)
        found: Float64 = np.abs(np.diff(values, axis=1)).mean(axis=1) / values.mean(axis=1)
    found[wild] = np.nan
    return found


def _followed(pieces: Float32, period: Float64) -> tuple[Float64, Float64]:
    """Lengths of the periods around the middle, (n, 4), and the effective values around their marks, (n, 5)."""
    lead, tail = int(_BEFORE * period.max()) + 1, int(_AFTER * period.max()) + 1
    slack = int(np.ceil(_PERIOD_SLACK * period.max())) + 1
    centred = pieces - pieces.mean(axis=1, keepdims=True)
    views = sliding_window_view(centred, lead + tail + 1, axis=1)
    number = np.arange(len(pieces))
    around = np.abs(np.arange(pieces.shape[1]) - REACH)[None, :] <= period[:, None] / 2
    start = np.where(around, np.abs(centred), -1).argmax(axis=1)
    phase = np.arange(-lead, tail + 1)[None, :] / period[:, None]
    inside = ((phase >= -_BEFORE) & (phase <= _AFTER)).astype(np.float32)

    def waves(at: Int64) -> NDArray[np.float32]:
        found = views[number.reshape(-1, *[1] * (at.ndim - 1)), np.clip(at - lead, 0, views.shape[1] - 1)]
        return found * inside.reshape(len(inside), *[1] * (at.ndim - 1), -1)

    marks = {0: start.astype(np.float64)}
    for way in (-1, 1):
        at, exact = start, start.astype(np.float64)
        for step in range(1, _FOLLOWED + 1):
            this = waves(at)
            lags = np.rint(period).astype(np.int64)[:, None] + np.arange(-slack, slack + 1)
            others = waves(at[:, None] + way * lags)
            norm = np.sqrt(np.square(others).sum(axis=2) * np.square(this).sum(axis=1)[:, None])
            with np.errstate(invalid="ignore", divide="ignore"):
                alike = np.einsum("nls,ns->nl", others, this) / norm
            alike = alike.astype(np.float64)
            alike[~(np.abs(lags - period[:, None]) <= _PERIOD_SLACK * period[:, None] + 1)] = -1
            (best, shift), height = _vertex(np.nan_to_num(alike, nan=-1.0))
            moved = lags[number, best] + shift
            exact = np.where(height >= _ALIKE, exact + way * moved, np.nan)
            at = at + way * lags[number, best]
            marks[way * step] = exact
    ordered = np.stack([marks[step] for step in range(-_FOLLOWED, _FOLLOWED + 1)], axis=1)
    amplitudes = np.stack([_effective(centred, ordered[:, k], period) for k in range(ordered.shape[1])], axis=1)
    return np.diff(ordered, axis=1), amplitudes


def _effective(pieces: Float32, mark: Float64, period: Float64) -> Float64:
    """Effective value under a raised cosine of one period around a mark that may lie between samples."""
    half = int(period.max() / 2) + 1
    middle = np.where(np.isfinite(mark), mark, REACH)
    at = np.rint(middle).astype(np.int64)[:, None] + np.arange(-half, half + 1)
    distance = (at - middle[:, None]) / period[:, None]
    weight = np.where(np.abs(distance) < 0.5, 0.5 + 0.5 * np.cos(2 * np.pi * distance), 0.0)
    values = np.take_along_axis(pieces, np.clip(at, 0, pieces.shape[1] - 1), axis=1)
    found: Float64 = np.sqrt((weight * np.square(values)).sum(axis=1) / weight.sum(axis=1))
    return found
