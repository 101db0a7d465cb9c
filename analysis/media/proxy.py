"""Makes the copy that browsers play and scrub: H.264 and AAC in a fast-start MP4, with the original's times."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream as AvAudio
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from analysis.media.container import Streams, opened
from analysis.media.decode import Clock, Turn, first_frame, square_width
from analysis.types import Cancelled, Hook, MediaError, ShouldStop

_LARGEST_WIDTH: Final = 1280
_KEYFRAME_US: Final = 500_000
"""A browser that scrubs decodes from the keyframe before: half a second is 15 frames."""
_TIME_BASE: Final = Fraction(1, 90_000)
_PROGRESS_FRAMES: Final = 15
_AUDIO_RATES: Final = (48_000, 44_100, 32_000, 24_000, 22_050, 16_000)
# No B-frames: decoding order is presentation order, so scrubbing needs no look ahead and times no edit list.
_X264: Final = {"preset": "veryfast", "crf": "21", "bf": "0", "g": "600", "forced-idr": "1"}


def make_proxy(src: Path, dst: Path, *, hook: Hook | None = None, should_stop: ShouldStop | None = None) -> None:
    """Write a copy of a video for browsers.

    Pictures keep their presentation times on the browser's clock (within the MP4's tick of 11 µs), are upright,
    and at most 1280 pixels wide. The target appears only when it is complete.

    Parameters
    ----------
    src, dst : Path
    hook : Hook, optional
        Stage ``proxy``, frames.
    should_stop : ShouldStop, optional
        Asked at every packet.

    Raises
    ------
    MediaError
        The source cannot be read.
    Cancelled
    """
    src, dst = Path(src), Path(dst)
    partial = dst.with_name(f".{dst.name}.part")
    try:
        with opened(src) as streams:
            first = first_frame(src)
            _Transcoder(streams, first, hook, should_stop).run(partial)
        partial.replace(dst)
    except OSError as error:
        if isinstance(error, av.error.FFmpegError):
            raise MediaError("The copy for browsers could not be made from this file.") from error
        raise MediaError(f"The copy for browsers could not be written: {error.strerror}.") from error
    except ValueError as error:  # FFmpeg's EINVAL arrives as one
        raise MediaError("The copy for browsers could not be made from this file.") from error
    finally:
        partial.unlink(missing_ok=True)


class _Transcoder:
    def __init__(
        self, streams: Streams, first: VideoFrame, hook: Hook | None, should_stop: ShouldStop | None
    ) -> None:
        self._streams = streams
        self._hook = hook
        self._should_stop = should_stop
        self._clock = Clock(streams)
        self._reformatter = VideoReformatter()
        self._turn = Turn.of(first)
        self._size = _fitted(first, streams.video.sample_aspect_ratio, self._turn)
        self._keyframe_us: int | None = None
        self._frames = 0
        self._total = streams.video.frames or None
        rate = streams.video.average_rate or streams.video.guessed_rate or Fraction(25)
        self._ticks = max(1, round(1 / rate / _TIME_BASE))

    def run(self, target: Path) -> None:
        with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as output:
            video = output.add_stream("libx264", options=_X264)
            # Known before the first packet is written: with early sound the header goes out before any picture.
            video.width, video.height = self._size
            video.pix_fmt = "yuv420p"
            video.time_base = video.codec_context.time_base = _TIME_BASE
            video.codec_context.thread_count = 1
            sound = _Sound(output, self._streams) if self._streams.audio is not None else None
            sources = [self._streams.video, *([self._streams.audio] if self._streams.audio else [])]
            for packet in _packets(self._streams.container, sources):
                if self._should_stop is not None and self._should_stop():
                    raise Cancelled("Making the copy for browsers was stopped.")
                for frame in _decoded(packet):
                    if isinstance(frame, VideoFrame):
                        self._add_picture(output, video, frame)
                    elif sound is not None and isinstance(frame, AudioFrame):
                        sound.add(frame)
            output.mux(video.encode(None))
            if sound is not None:
                sound.finish()
        if self._hook is not None:
            self._hook("proxy", self._frames, self._frames)

    def _add_picture(self, output: OutputContainer, video: Any, frame: VideoFrame) -> None:
        time_us = self._clock(frame)
        picture = self._upright(frame)
        picture.pts = round(Fraction(time_us, 1_000_000) / _TIME_BASE)
        picture.time_base = _TIME_BASE
        picture.duration = self._ticks  # without it the last picture would vanish at once
        if self._keyframe_us is None or time_us - self._keyframe_us >= _KEYFRAME_US:
            picture.pict_type, self._keyframe_us = PictureType.I, time_us
        else:
            picture.pict_type = PictureType.NONE
        output.mux(video.encode(picture))
        self._frames += 1
        if self._hook is not None and self._frames % _PROGRESS_FRAMES == 0:
            self._hook("proxy", self._frames, self._total)

    def _upright(self, frame: VideoFrame) -> VideoFrame:
        width, height = self._size
        if not self._turn:
            return self._scaled(frame, width, height, "yuv420p")
        if self._turn.transpose:
            width, height = height, width
        turned = self._turn.apply(self._scaled(frame, width, height, "rgb24").to_ndarray())
        return VideoFrame.from_ndarray(turned, format="rgb24").reformat(format="yuv420p")

    def _scaled(self, frame: VideoFrame, width: int, height: int, format_: str) -> VideoFrame:
        return self._reformatter.reformat(
            frame, width=width, height=height, format=format_, interpolation=Interpolation.BICUBIC, threads=1
        )


class _Sound:
    """Carries the sound over, at most in stereo, with its offset to the picture."""

    def __init__(self, output: OutputContainer, streams: Streams) -> None:
        assert streams.audio is not None
        self._output = output
        self._origin = streams.origin
        source = streams.audio.codec_context
        rate = source.sample_rate if source.sample_rate in _AUDIO_RATES else _AUDIO_RATES[0]
        self._stream: AvAudio = output.add_stream("aac", rate=rate)
        self._stream.layout = "mono" if source.channels == 1 else "stereo"
        self._stream.bit_rate = 128_000
        self._resampler = AudioResampler(format="fltp", layout=self._stream.layout, rate=rate)
        self._rate = rate
        self._next: int | None = None

    def add(self, frame: AudioFrame) -> None:
        if frame.pts is not None and frame.time_base is not None:
            start = max(0, round((frame.pts * frame.time_base - self._origin) * self._rate))
            # Follow the stream's own start and its gaps; smaller differences are rounding.
            if self._next is None or start - self._next > self._rate // 10:
                self._next = start
        frame.pts = None
        self._encode(self._resampler.resample(frame))

    def _encode(self, resampled: list[AudioFrame]) -> None:
        for piece in resampled:
            piece.pts, piece.time_base = self._next or 0, Fraction(1, self._rate)
            self._next = piece.pts + piece.samples
            self._output.mux(self._stream.encode(piece))

    def finish(self) -> None:
        self._encode(self._resampler.resample(None))
        self._output.mux(self._stream.encode(None))


def _packets(container: Any, sources: list[Any]) -> Any:
    packets = container.demux(*sources)
    while True:
        try:
            yield next(packets)
        except StopIteration:
            return
        except av.error.FFmpegError:  # the file ends in the middle of something
            return


def _decoded(packet: Packet[Any]) -> list[Any]:
    with contextlib.suppress(av.error.FFmpegError):
        return list(packet.decode())
    return []


def _fitted(frame: VideoFrame, aspect: Fraction | None, turn: Turn) -> tuple[int, int]:
    """Return even width and height of the upright copy."""
    width, height = square_width(frame, aspect), frame.height
    if turn.transpose:
        width, height = height, width
    scale = min(1.0, _LARGEST_WIDTH / width)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
