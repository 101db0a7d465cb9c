"""Pitch: swift-f0 (MIT, network inside the wheel) every 16 ms, kept where it is sure and free of octave jumps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from analysis.types import Float32

if TYPE_CHECKING:
    from swift_f0.core import PitchResult

#: Samples and microseconds from one value to the next; value k stands for the sound around sample k·HOP.
HOP: Final = 256
HOP_US: Final = 16_000
#: Adult speech, low creak aside, to a child's or a shouting voice. Our choice: wide enough, and bounds octave
#: errors.
LOWEST_HZ: Final = 60.0
HIGHEST_HZ: Final = 600.0
#: swift-f0 calibrates its confidence so that a frame is voiced from 0.5 on (its documentation).
VOICED: Final = 0.5
#: Frames either side to which a frame is compared: 0.24 s in all, about a syllable. Our choice.
_AROUND: Final = 7
#: Octaves off that are taken for a jump: half an octave within a syllable is no movement of speech. Our choice.
_JUMP: Final = 0.6


class PitchDetector:
    """swift-f0 over a stream of samples, on one thread; values come ten frames behind the samples."""

    def __init__(self) -> None:
        from swift_f0 import SwiftF0

        self._stream = SwiftF0(threads=1, spin=False).stream(LOWEST_HZ, HIGHEST_HZ)
        self._any = False

    def push(self, samples: Float32, *, final: bool = False) -> tuple[Float32, Float32]:
        """Pitch and confidence of all frames that are now certain.

        Parameters
        ----------
        samples : float32, shape (n,)
            16 kHz, −1 … 1.
        final : bool
            Give the last frames too.

        Returns
        -------
        pitch, confidence : float32, shape (m,)
            Hz whether voiced or not; 0–1.
        """
        found: list[PitchResult] = []
        if len(samples):
            self._any = True
            found.append(self._stream.push(samples, 16_000))
        if final and self._any:
            found.append(self._stream.flush())
        none = np.zeros(0, np.float32)
        pitch = np.concatenate([none, *(one.pitch_hz for one in found)]).astype(np.float32)
        confidence = np.concatenate([none, *(one.confidence for one in found)]).astype(np.float32)
        return pitch, confidence


def guarded(pitch_hz: Float32) -> Float32:
    """Drop frames that lie more than half an octave from their surroundings.

    Halving and doubling are the usual errors of pitch detectors; a wrong value is worse than none.

    Parameters
    ----------
    pitch_hz : float32, shape (n,)
        NaN where unvoiced.

    Returns
    -------
    float32, shape (n,)
        The same with jumps as NaN.
    """
    if not len(pitch_hz):
        return pitch_hz
    octaves = np.log2(pitch_hz)
    padded = np.pad(octaves, _AROUND, constant_values=np.nan)
    voiced = np.flatnonzero(np.isfinite(octaves))
    out = pitch_hz.copy()
    for first in range(0, len(voiced), 65_536):
        rows = voiced[first : first + 65_536]
        around = np.sort(sliding_window_view(padded, 2 * _AROUND + 1)[rows], axis=1)  # NaN last
        middle = around[np.arange(len(rows)), (np.isfinite(around).sum(axis=1) - 1) // 2]
        out[rows[np.abs(octaves[rows] - middle) > _JUMP]] = np.nan
    return out
