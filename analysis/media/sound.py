"""The outline of a recording's sound: how far the wave swings during each hundredth of a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from analysis.media.container import opened
from analysis.types import Cancelled, MediaError

PER_SECOND: Final = 100


def peaks(path: Path, should_stop: Callable[[], bool] = lambda: False) -> NDArray[np.int8]:
    """Lowest and highest sample of every hundredth of a second, all channels mixed to one.

    Parameters
    ----------
    path : Path
        A recording with sound.
    should_stop : callable
        Asked now and then; True ends the reading.

    Returns
    -------
    int8, shape (2, N)
        −127 … 127, lowest first; the first column starts at 0 of the browser's clock (``video.currentTime``).
        Silence and parts without sound are 0.

    Raises
    ------
    MediaError
        The file cannot be read, or there is no sound in it.
    Cancelled
        `should_stop` said so.
    """
    grown = np.zeros((2, 60 * PER_SECOND), np.int16)
    end = 0
    with opened(path) as streams:
        if streams.audio is None:
            raise MediaError("There is no sound in this file.")
        mixer = AudioResampler(format="s16", layout="mono")
        for packet in streams.container.demux(streams.audio):
            if should_stop():
                raise Cancelled
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                continue  # a damaged piece is silent
            for frame in (mixed for decoded in frames for mixed in mixer.resample(decoded)):
                if frame.pts is None or frame.time_base is None:
                    continue
                start = float(frame.pts * frame.time_base - streams.origin) * frame.sample_rate
                samples = frame.to_ndarray()[0]
                columns = ((start + np.arange(len(samples))) * (PER_SECOND / frame.sample_rate)).astype(np.int64)
                samples, columns = samples[columns >= 0], columns[columns >= 0]
                if not len(samples):
                    continue
                firsts = np.append(0, np.flatnonzero(np.diff(columns)) + 1)
                at = columns[firsts]
                end = max(end, int(at[-1]) + 1)
                while end > grown.shape[1]:
                    grown = np.concatenate([grown, np.zeros_like(grown)], axis=1)
                grown[0, at] = np.minimum(grown[0, at], np.minimum.reduceat(samples, firsts))
                grown[1, at] = np.maximum(grown[1, at], np.maximum.reduceat(samples, firsts))
    return np.clip(np.rint(grown[:, :end] / 32768 * 127), -127, 127).astype(np.int8)
