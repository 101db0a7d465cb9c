"""One pass over the sound: everything that is measured every 16 ms, small enough to keep for hours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analysis.types import Float32
from analysis.voice.activity import ENTER, SpeechDetector
from analysis.voice.audio import RATE, mono
from analysis.voice.periods import REACH, harmonicity, perturbation
from analysis.voice.pitch import HOP, HOP_US, VOICED, PitchDetector, guarded
from analysis.voice.spectrum import FLOOR_DB, LEVEL_WINDOW, TILT_WINDOW, levels, tilts

#: The detectors hear the last half minute at this peak, whatever the recording's level: else they miss speech in
#: quiet recordings (docs/voice.md). At most +40 dB: beyond, there is only noise to raise.
_PEAK: Final = 0.5
_MOST_GAIN: Final = 100.0
_REMEMBERED: Final = 3
"""Blocks."""
#: Chunks of the speech detector either side of a frame in which there has to be speech for the costly measures.
_NEAR: Final = 3
#: Jitter, shimmer and slope look at 40 to 64 ms, so every second voiced frame hears all of it.
_THINNED: Final = 2


@dataclass(frozen=True, slots=True)
class Frames:
    """What was measured at sample k·256 of the sound (media time k·16 ms), k = 0 … n − 1.

    Attributes
    ----------
    seconds : float
        Length of the sound.
    pitch_hz : float32, shape (n,)
        NaN where unvoiced or not sure.
    confidence : float32, shape (n,)
        That it is voiced, 0–1.
    level_db : float32, shape (n,)
        A-weighted level of 32 ms of the mix, dB re full scale.
    channel_db : float32, shape (n, channels)
        The same of each channel.
    hnr_db, jitter, shimmer, slope_db_oct : float32, shape (n,)
        dB, shares, shares, dB per octave; NaN where not voiced speech.
    speech : float32, shape (chunks,)
        Probability of speech, one for each 32 ms.
    """

    seconds: float
    pitch_hz: Float32
    confidence: Float32
    level_db: Float32
    channel_db: Float32
    hnr_db: Float32
    jitter: Float32
    shimmer: Float32
    slope_db_oct: Float32
    speech: Float32

    def __post_init__(self) -> None:
        n = len(self.pitch_hz)
        for name in ("confidence", "level_db", "channel_db", "hnr_db", "jitter", "shimmer", "slope_db_oct"):
            if len(getattr(self, name)) != n:
                raise ValueError(f"{name}: expected {n} frames, got {len(getattr(self, name))}")
        if self.seconds < 0:
            raise ValueError("seconds must not be negative")

    def __len__(self) -> int:
        return len(self.pitch_hz)

    @property
    def time_us(self) -> NDArray[np.int64]:
        return np.arange(len(self), dtype=np.int64) * HOP_US


class FrameMeter:
    """Takes the sound block by block and gives its `Frames` at the end."""

    def __init__(self) -> None:
        self._activity = SpeechDetector()
        self._pitch = PitchDetector()
        self._speech: list[Float32] = []
        self._done: list[dict[str, Float32]] = []
        self._kept: Float32 | None = None
        self._first = -REACH  # number of the first kept sample
        self._frames = 0
        self._samples = 0
        self._gain = 0.0
        self._peaks: list[float] = []

    def push(self, block: Float32, *, final: bool = False) -> None:
        """Measure a block, shape (channels, n), 16 kHz, that follows the one before."""
        if self._kept is None:
            self._kept = np.zeros((len(block), REACH), np.float32)
        if len(block) != len(self._kept):
            raise ValueError("the number of channels changed")
        self._samples += block.shape[1]
        mixed = mono(block)
        heard = self._levelled(mixed)
        self._speech.append(self._activity.push(heard, final=final))
        pitch, confidence = self._pitch.push(heard, final=final)
        self._kept = np.concatenate([self._kept, block], axis=1)
        if final:
            self._kept = np.pad(self._kept, ((0, 0), (0, REACH + HOP)))
        if len(pitch):
            self._done.append(self._measured(pitch, confidence))
            self._frames += len(pitch)
            keep = self._frames * HOP - REACH - self._first
            self._kept = self._kept[:, keep:].copy()
            self._first += keep

    def frames(self) -> Frames:
        """Everything, after the last block; once, for the pieces are given up as they are joined."""
        names = ("pitch_hz", "confidence", "level_db", "hnr_db", "jitter", "shimmer", "slope_db_oct", "channel_db")
        none = np.zeros(0, np.float32)
        columns = {
            name: np.concatenate([done.pop(name) for done in self._done]) if self._done else none for name in names
        }
        columns["pitch_hz"] = guarded(columns["pitch_hz"])
        jumped = np.isnan(columns["pitch_hz"])
        for name in ("hnr_db", "jitter", "shimmer", "slope_db_oct"):
            columns[name][jumped] = np.nan
        return Frames(
            seconds=self._samples / RATE,
            speech=np.concatenate([none, *self._speech]).astype(np.float32),
            **columns,
        )

    def _levelled(self, samples: Float32) -> Float32:
        """At the level the detectors know; the gain glides from one block's to the next within a second."""
        if len(samples):
            self._peaks = [*self._peaks, float(np.quantile(np.abs(samples), 0.999))][-_REMEMBERED:]
        peak = max(self._peaks, default=0.0)
        gain = min(_PEAK / peak, _MOST_GAIN) if peak > 1e-6 else self._gain or 1.0
        curve = np.full(len(samples), gain, np.float32)
        if self._gain:
            glide = min(RATE, len(samples))
            curve[:glide] = np.geomspace(self._gain, gain, max(glide, 1))[:glide]
        self._gain = gain
        return np.asarray(np.clip(samples * curve, -1, 1), np.float32)

    def _measured(self, pitch: Float32, confidence: Float32) -> dict[str, Float32]:
        if self._kept is None:
            raise ValueError("no sound yet")
        start = self._frames * HOP - self._first
        at = start + HOP * np.arange(len(pitch))
        mixed = mono(self._kept)
        level = levels(_around(mixed, at, LEVEL_WINDOW))
        same = all(
            np.array_equal(channel, self._kept[0]) for channel in self._kept
        )  # one microphone, stored twice
        channels = [level if same else levels(_around(channel, at, LEVEL_WINDOW)) for channel in self._kept]
        out = {
            "pitch_hz": np.where(confidence >= VOICED, pitch, np.nan).astype(np.float32),
            "confidence": confidence,
            "level_db": level,
            "channel_db": np.stack(channels, axis=1),
        }
        columns = ("hnr_db", "jitter", "shimmer", "slope_db_oct")
        out |= {name: np.full(len(pitch), np.nan, np.float32) for name in columns}
        rows = np.flatnonzero((confidence >= VOICED) & (level > FLOOR_DB) & self._spoken(len(pitch)))
        if len(rows):
            pieces = _around(mixed, at[rows], 2 * REACH)
            hnr, finer = harmonicity(pieces, pitch[rows])
            exact = np.where(np.isfinite(finer), finer, pitch[rows]).astype(np.float32)
            out["pitch_hz"][rows] = exact
            out["hnr_db"][rows] = hnr
            half = slice(None, None, _THINNED)
            jitter, shimmer = perturbation(pieces[half], exact[half])
            out["jitter"][rows[half]], out["shimmer"][rows[half]] = jitter, shimmer
            out["slope_db_oct"][rows[half]] = tilts(_around(mixed, at[rows[half]], TILT_WINDOW), exact[half])
        return out

    def _spoken(self, count: int) -> NDArray[np.bool_]:
        """Of the next `count` frames, which have speech near."""
        likely = np.concatenate(self._speech) if len(self._speech) > 1 else self._speech[0]
        self._speech = [likely]
        frames = self._frames + np.arange(count)
        own = np.clip(frames * HOP // 512, 0, max(len(likely) - 1, 0))
        first, last = int(own[0]) - _NEAR, int(own[-1]) + _NEAR
        part = np.pad(likely[max(first, 0) : last + 1], (max(-first, 0), max(last + 1 - len(likely), 0)))
        near = sliding_window_view(part, 2 * _NEAR + 1).max(axis=1) >= ENTER
        return np.asarray(near[own - own[0]], np.bool_)


def measure(blocks: Iterable[Float32]) -> Frames:
    """All frames of a sound that comes in blocks (channels, n)."""
    meter = FrameMeter()
    last: Float32 | None = None
    for block in blocks:
        if last is not None:
            meter.push(last)
        last = block
    if last is not None:
        meter.push(last, final=True)
    return meter.frames()


def _around(samples: NDArray[Any], at: NDArray[np.int64], length: int) -> Float32:
    """Pieces of `length` samples whose middle is at the given samples, (n, length)."""
    pieces: Float32 = sliding_window_view(samples, length)[at - length // 2]
    return pieces
