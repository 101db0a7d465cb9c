"""The picture of a recording without its sound: packets are copied as they are, no picture is encoded again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream as AvAudio
from av.container import OutputContainer
from av.packet import Packet

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
        # A transport stream keeps no note of what its encoder puts first, so that is what players hear first.
        primed = Fraction(_SAMPLES, _RATE) if output.format.name == "mpegts" else Fraction(0)
        _silence(output, streams.origin + primed)
    for packet in _in_order(streams.container.demux(streams.video)):
        packet.stream = video
        output.mux(packet)


def _in_order(packets: Iterable[Packet[Any]]) -> Iterator[Packet[Any]]:
    """Packets with the time at which each is decoded: Matroska keeps only when they are shown.

    The reader works the former out once it knows how pictures are reordered; until then, and where it never does,
    packets come without it, the first key frame among them.
    """
    early: list[Packet[Any]] = []
    last: int | None = None
    for packet in packets:
        if packet.pts is None and packet.dts is None:
            continue  # the end
        if last is None and packet.dts is None:
            early.append(packet)
            continue
        if last is None and packet.dts is not None:
            for number, one in enumerate(early):
                one.dts = packet.dts - len(early) + number
                yield one
            early.clear()
        if packet.dts is None and last is not None:
            packet.dts = last + 1
        last = packet.dts
        yield packet
    shown = [one.pts or 0 for one in early]
    late = max((at - own for at, own in zip(sorted(shown), shown, strict=True)), default=0)
    for one, at in zip(early, sorted(shown), strict=True):
        one.dts = at - late
        yield one


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
