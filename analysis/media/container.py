"""Opens media files defensively: content decides, only known formats, errors as sentences for a person."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import av
from av.audio.stream import AudioStream as AvAudio
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream as AvVideo

from analysis.types import MediaError

#: Of one picture: 8K (7680 × 4320) with room to spare. A decoder keeps up to 17 of them, 1.5 bytes a pixel.
MOST_PIXELS: Final = 36_000_000
#: Pixels of the longer side.
LARGEST_SIDE: Final = 16_384

_VIDEO_FORMATS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,gif,ogg,h264,hevc,ivf,dv,mxf,nut,apng"
)
_AUDIO_FORMATS: Final = "mp3,wav,flac,aac,amr,aiff,ac3,caf,w64"
_PICTURE_FORMATS: Final = (
    "png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,tiff_pipe,jpegxl_anim,jpegxl_pipe,gif_pipe,ppm_pipe,pgm_pipe,"
    "psd_pipe,svg_pipe,qoi_pipe,jpegls_pipe,j2k_pipe,exr_pipe,dds_pipe,sgi_pipe,hdr_pipe"
)
#: Playlists (HLS, DASH, concat) are missing on purpose: they make FFmpeg open other files.
_OPTIONS: Final = {
    "protocol_whitelist": "none",
    "format_whitelist": f"{_VIDEO_FORMATS},{_AUDIO_FORMATS},{_PICTURE_FORMATS}",
}


class Streams(NamedTuple):
    """An open file with the streams that count and the time where its clock starts (seconds, exact)."""

    container: InputContainer
    video: AvVideo
    audio: AvAudio | None
    origin: Fraction


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Streams]:
    """Open a video file for reading.

    Raises
    ------
    MediaError
        The file is missing, empty, a picture, sound only, or nothing that can be read.
    """
    with _file(Path(path)) as file, _container(file) as container:
        video = next((s for s in container.streams.video if not s.disposition & Disposition.attached_pic), None)
        audio = container.streams.audio[0] if container.streams.audio else None
        name = container.format.name
        if name.endswith("_pipe") or name == "jpegxl_anim":
            raise MediaError("This is a still picture. Upload a video recording.")
        if video is None:
            raise MediaError(
                "This file holds sound but no video. Upload a recording with a picture."
                if audio
                else "This file holds no video."
            )
        if video.codec_context is None:
            raise MediaError("The video in this file is stored in a way that cannot be read.")
        if audio is not None and audio.codec_context is None:
            raise MediaError("The sound in this file is stored in a way that cannot be read.")
        _require_bearable(video)
        # One decoding thread: the same work on any machine, and videos scale by processes.
        video.codec_context.thread_count = 1
        yield Streams(container, video, audio, _origin(video, audio))


def _require_bearable(video: AvVideo) -> None:
    """Refuse pictures that would fill the memory, before any of them is decoded.

    What a stream says of its size only later, FFmpeg refuses by itself: ``max_pixels``.
    """
    context = video.codec_context
    if context.width * context.height > MOST_PIXELS or max(context.width, context.height) > LARGEST_SIDE:
        raise MediaError(f"The picture is {context.width} × {context.height} pixels, which is too large.")
    context.options = {"max_pixels": str(MOST_PIXELS)}


class _Content:
    """A file without a name: FFmpeg would guess from names, read patterns in them, and open their neighbours."""

    def __init__(self, file: BinaryIO) -> None:
        self.read = file.read
        self.seek = file.seek
        self.tell = file.tell


@contextlib.contextmanager
def _file(path: Path) -> Iterator[BinaryIO]:
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise MediaError(f"{path.name} is not a file.")
        file = path.open("rb")
    except OSError as error:
        raise MediaError(f"The file {path.name} cannot be opened: {error.strerror}.") from error
    with file:
        if size == 0:
            raise MediaError("The file is empty (0 bytes).")
        yield file


def _container(file: BinaryIO) -> InputContainer:
    try:
        return av.open(_Content(file), mode="r", options=_OPTIONS, metadata_errors="replace")
    except av.error.FFmpegError as error:
        raise MediaError(
            "The file cannot be read as video: it is not a video, or it is damaged or incomplete "
            "(a recording or upload that was cut off)."
        ) from error


def _origin(video: AvVideo, audio: AvAudio | None) -> Fraction:
    """Return the stream time that a browser shows as 0: the earliest start of picture and sound.

    Sound that starts before 0 is encoder priming, which players cut off; it does not move the clock.
    """
    starts = []
    if video.start_time is not None and video.time_base is not None:
        starts.append(video.start_time * video.time_base)
    if audio is not None and audio.start_time is not None and audio.time_base is not None:
        starts.append(max(audio.start_time * audio.time_base, Fraction(0)))
    return min(starts, default=Fraction(0))


def microseconds(seconds: Fraction) -> int:
    """Round exact seconds to whole microseconds, halves up."""
    return int((seconds * 2_000_000 + 1) // 2)
