"""The picture of a recording without its sound: packets are copied as they are, no picture is encoded again."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream as AvAudio
from av.container import OutputContainer

from analysis.media.container import Streams, opened
from analysis.types import MediaError

#: Formats that can be written again, by the beginning of the name that FFmpeg gives them when it reads.
_WRITTEN: Final = {"mov": "mp4", "matroska": "matroska", "avi": "avi", "mpegts": "mpegts"}
#: A format that knows no negative times must not move all of them to avoid one.
_AS_THEY_ARE: Final = {"avoid_negative_ts": "disabled"}
_RATE: Final = 48_000
_SAMPLES: Final = 1024  # of one frame of AAC
#: How far the clock may move, seconds: far below the shortest frame.
_TOLERANCE: Final = Fraction(1, 1000)


def without_sound(src: Path, dst: Path) -> None:
    """Write a video without its sound, its subtitles and its tags; the pictures keep their times.

    A player's clock starts with the earliest of picture and sound. Where the sound came first, one frame of
    digital silence (21 ms) stands in its place, so that no picture moves on the clock.

    Parameters
    ----------
    src, dst : Path

    Raises
    ------
    MediaError
        The format cannot be written, or what was written has another clock or still has sound.
    """
    src, dst = Path(src), Path(dst)
    try:
        with opened(src) as streams:
            name = streams.container.format.name.split(",")[0]
            if name not in _WRITTEN:
                raise MediaError("A recording of this format cannot be written without its sound.")
            before = streams.origin
            with av.open(str(dst), "w", format=_WRITTEN[name], options=_AS_THEY_ARE) as output:
                _copy(streams, output)
        if abs(_checked_origin(dst) - before) > _TOLERANCE:
            raise MediaError("Without its sound the recording would have another clock.")
    except (OSError, ValueError) as error:  # FFmpeg's EINVAL arrives as ValueError
        raise MediaError("The recording could not be written without its sound.") from error


def _copy(streams: Streams, output: OutputContainer) -> None:
    video = output.add_stream_from_template(streams.video)
    first = streams.video.start_time
    base = streams.video.time_base
    at = Fraction(0) if first is None or base is None else first * base
    if at - streams.origin > _TOLERANCE:
        _silence(output, streams.origin)
    for packet in streams.container.demux(streams.video):
        if packet.dts is None:
            continue
        packet.stream = video
        output.mux(packet)


def _silence(output: OutputContainer, at: Fraction) -> None:
    sound = output.add_stream("aac", rate=_RATE, layout="mono")
    assert isinstance(sound, AvAudio)
    frame = AudioFrame.from_ndarray(np.zeros((1, _SAMPLES), np.float32), format="fltp", layout="mono")
    frame.sample_rate, frame.time_base, frame.pts = _RATE, Fraction(1, _RATE), int(at * _RATE)
    for packet in [*sound.encode(frame), *sound.encode(None)]:
        output.mux(packet)


def _checked_origin(path: Path) -> Fraction:
    """Where the clock of what was written starts, after listening to it."""
    with opened(path) as streams:
        if streams.audio is not None:
            for frame in streams.container.decode(streams.audio):
                if np.abs(frame.to_ndarray()).max(initial=0) > 0:
                    raise MediaError("What was written still has sound.")
        return streams.origin
