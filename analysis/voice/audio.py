"""The sound of a recording at 16 000 samples a second on the browser's clock, in blocks, so that hours fit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.types import Cancelled, Float32, ShouldStop

RATE: Final = 16_000
BLOCK_S: Final = 10
_LOOSE: Final = RATE // 50
"""Containers round times (Matroska to 1 ms) and encoders slip a little; 20 ms is taken for no gap. Our choice."""
_BEYOND_S: Final = 60
"""A packet that claims to lie a minute behind the end of the file is damaged. Our choice."""
_LONGEST_S: Final = 24 * 3600
_CANCELLED_OUT: Final = 0.01


def blocks(path: Path, should_stop: ShouldStop = lambda: False) -> Iterator[Float32]:
    """Decode the first sound stream.

    Time 0 is the browser's (``video.currentTime``); stretches without sound are zeros, damaged packets are left
    out.

    Parameters
    ----------
    path : Path
        A recording.
    should_stop : callable
        Asked at every packet.

    Yields
    ------
    float32, shape (channels, samples)
        1 or 2 channels, −1 … 1, 16 kHz; `BLOCK_S` seconds each but the last; nothing when there is no sound.
        More than two channels come as FFmpeg's stereo mix.

    Raises
    ------
    MediaError
        The file cannot be read.
    Cancelled
        `should_stop` said so.
    """
    held: list[Float32] = []
    count = 0
    size = BLOCK_S * RATE
    for piece in _pieces(path, should_stop):
        held.append(piece)
        count += piece.shape[1]
        if count < size:
            continue
        whole = _sane(held)
        while whole.shape[1] >= size:
            yield np.ascontiguousarray(whole[:, :size])
            whole = whole[:, size:]
        held, count = [whole.copy()], whole.shape[1]
    if count:
        yield _sane(held)


def _sane(pieces: list[Float32]) -> Float32:
    """Joined, and what damaged packets decode to kept within bounds."""
    joined = np.concatenate(pieces, axis=1)
    np.nan_to_num(joined, copy=False)
    return np.clip(joined, -4, 4, out=joined)  # clipped sound decodes to a little over 1


def mono(block: Float32) -> Float32:
    """Mix the channels, (channels, n) to (n,); where they cancel each other out, take the louder one.

    A microphone wired the wrong way round makes two channels that sum to silence.
    """
    if len(block) == 1:
        only: Float32 = block[0]
        return only
    mixed: Float32 = block.mean(axis=0, dtype=np.float32)
    power = np.mean(np.square(block), axis=1)
    if power.min() > 0 and np.mean(np.square(mixed)) < _CANCELLED_OUT * power.max():
        louder: Float32 = block[int(power.argmax())]
        return louder
    return mixed


def _pieces(path: Path, should_stop: ShouldStop) -> Iterator[Float32]:
    """Contiguous pieces from time 0 on."""
    at = 0
    for start, samples in _decoded(path, should_stop):
        if start > at + _LOOSE:
            yield from _zeros(len(samples), start - at)
            at = start
        elif start < at - _LOOSE:
            samples = samples[:, at - start :]  # before time 0 (an encoder's priming), or a second time
        if samples.shape[1]:
            at += samples.shape[1]
            yield samples


def _zeros(channels: int, count: int) -> Iterator[Float32]:
    for first in range(0, count, BLOCK_S * RATE):
        yield np.zeros((channels, min(BLOCK_S * RATE, count - first)), np.float32)


def _decoded(path: Path, should_stop: ShouldStop) -> Iterator[tuple[int, NDArray[np.float32]]]:
    import av
    from av.audio.resampler import AudioResampler

    from analysis.media.container import opened

    with opened(path) as streams:
        audio = streams.audio
        if audio is None:
            return
        last_s = _LONGEST_S
        if streams.container.duration:
            last_s = streams.container.duration // av.time_base + _BEYOND_S
        channels = 1 if audio.channels == 1 else 2
        origin = float(streams.origin * RATE)

        def fresh() -> AudioResampler:
            return AudioResampler(format="fltp", layout="mono" if channels == 1 else "stereo", rate=RATE)

        mixer = fresh()

        def placed(frames: Any) -> Iterator[tuple[int, NDArray[np.float32]]]:
            for frame in frames:
                if frame.pts is None or frame.time_base is None:
                    continue
                base = frame.time_base
                start = round(frame.pts * RATE * base.numerator / base.denominator - origin)
                if start <= last_s * RATE:
                    yield start, frame.to_ndarray()

        for packet in streams.container.demux(audio):
            if should_stop():
                raise Cancelled
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                continue  # a damaged piece is silent
            for decoded in frames:
                try:
                    mixed = mixer.resample(decoded)
                except ValueError:  # broadcasts change their channels or rate on the way
                    yield from placed(mixer.resample(None))
                    mixer = fresh()
                    mixed = mixer.resample(decoded)
                yield from placed(mixed)
        yield from placed(mixer.resample(None))
