"""Says what a media file is, by its content."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.video.frame import VideoFrame

from analysis.media.container import Streams, microseconds, opened
from analysis.media.decode import Turn, first_frame, square_width

_PLAYABLE_PIXELS: Final = {"yuv420p", "yuvj420p"}
_PLAYABLE: Final = {
    "mp4": ({"h264"}, {"aac", "mp3"}),
    "webm": ({"vp8", "vp9", "av1"}, {"opus", "vorbis"}),
}
_CLOCK_TOLERANCE: Final = Fraction(1, 1000)


@dataclass(frozen=True, slots=True)
class VideoStream:
    """The picture of a file.

    Attributes
    ----------
    codec, pix_fmt : str
        FFmpeg's names.
    width, height : int
        Pixels, upright and with square pixels.
    rotation_deg : int
        Clockwise turn that the container asks for and that decoding applies: 0, 90, 180, 270.
    frame_rate : float
        Mean, frames a second.
    frames_estimate : int
        Containers lie: for progress bars only.
    """

    codec: str
    pix_fmt: str
    width: int
    height: int
    rotation_deg: int
    frame_rate: float
    frames_estimate: int


@dataclass(frozen=True, slots=True)
class AudioStream:
    """The sound of a file: FFmpeg's codec name, samples a second, channels."""

    codec: str
    sample_rate: int
    channels: int


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a media file is.

    Attributes
    ----------
    container : str
        ``mp4``, ``mov``, ``webm``, ``matroska``, ``gif``, ``avi``… as found in the content.
    size_bytes, duration_us : int
    playable_in_browser : bool
        Whether every current browser plays it with the same times as `frames` gives.
    """

    container: str
    size_bytes: int
    duration_us: int
    playable_in_browser: bool
    video: VideoStream | None
    audio: AudioStream | None


def probe(path: Path) -> MediaInfo:
    """Examine a media file; the name plays no part, and at least one picture is decoded.

    Raises
    ------
    MediaError
        The file is missing, empty, a picture, sound only, damaged, or nothing that can be read.
    """
    path = Path(path)
    with opened(path) as streams:
        first = first_frame(path)
        container = _container_name(path, streams)
        duration_us = _duration_us(path, streams)
        turn = Turn.of(first)
        video = _video(streams, first, turn, duration_us)
        audio = _audio(streams)
        playable = (
            _is_playable(container, video, audio)
            and not turn.mirrored
            and abs(streams.origin) <= _CLOCK_TOLERANCE
            and streams.container.duration is not None  # what a browser recorded: none can jump in it
            and video.width * video.height == first.width * first.height
        )
        return MediaInfo(container, path.stat().st_size, duration_us, playable, video, audio)


def _video(streams: Streams, first: VideoFrame, turn: Turn, duration_us: int) -> VideoStream:
    stream = streams.video
    width, height = square_width(first, streams.video.sample_aspect_ratio), first.height
    if turn.transpose:
        width, height = height, width
    rate = stream.average_rate or stream.guessed_rate or Fraction(0)
    return VideoStream(
        codec=stream.codec_context.name,
        pix_fmt=first.format.name,
        width=width,
        height=height,
        rotation_deg=turn.degrees,
        frame_rate=float(rate),
        frames_estimate=stream.frames or max(1, round(duration_us * rate / 1_000_000)),
    )


def _audio(streams: Streams) -> AudioStream | None:
    if streams.audio is None:
        return None
    context = streams.audio.codec_context
    return AudioStream(context.name, context.sample_rate or 0, context.channels or 0)


def _container_name(path: Path, streams: Streams) -> str:
    name: str = streams.container.format.name
    if name.startswith("mov,"):
        brand = streams.container.metadata.get("major_brand", "").strip()
        return "mov" if brand == "qt" else "mp4"
    if name == "matroska,webm":
        with path.open("rb") as stream:  # the EBML header names the document type
            return "webm" if b"webm" in stream.read(64) else "matroska"
    return name.split(",")[0]


def _is_playable(container: str, video: VideoStream, audio: AudioStream | None) -> bool:
    pictures, sounds = _PLAYABLE.get(container, (set(), set()))
    return (
        video.codec in pictures
        and video.pix_fmt in _PLAYABLE_PIXELS
        and (audio is None or audio.codec.removesuffix("float") in sounds)
    )


def _duration_us(path: Path, streams: Streams) -> int:
    """Return the length, from the container or, where it is silent, from the packets."""
    if streams.container.duration:
        return int(streams.container.duration * 1_000_000 // av.time_base)
    video = streams.video
    if video.duration and video.time_base:
        return microseconds(video.duration * video.time_base)
    end = Fraction(0)
    with opened(path) as again:
        base = again.video.time_base or Fraction(1, 1000)
        try:
            for packet in again.container.demux(again.video):
                stamp = packet.pts if packet.pts is not None else packet.dts
                if stamp is not None:
                    end = max(end, (stamp + (packet.duration or 0)) * base - again.origin)
        except av.error.FFmpegError:  # cut off: what came so far counts
            pass
    return microseconds(end)
