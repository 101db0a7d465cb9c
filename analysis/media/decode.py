"""Decodes pictures with their real presentation times, upright, tolerating damage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from analysis.media.container import LARGEST_SIDE, MOST_PIXELS, Streams, microseconds, opened
from analysis.types import MediaError, Rgb

_FALLBACK_RATE: Final = Fraction(25)
_AT_THE_END: Final = 1 << 62
"""The time of a packet that has none."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture.

    Attributes
    ----------
    index : int
        Number of the picture from 0, in presentation order, counted from the first one that was asked for.
    time_us : int
        Presentation time in microseconds on the browser's clock (``video.currentTime``); strictly increasing.
    rgb : uint8, shape (height, width, 3)
        Upright, square pixels.
    """

    index: int
    time_us: int
    rgb: Rgb


@dataclass(frozen=True, slots=True)
class Turn:
    """How stored pictures become upright: exchange of axes first, then mirroring of rows and columns."""

    transpose: bool = False
    flip_rows: bool = False
    flip_columns: bool = False

    @classmethod
    def of(cls, frame: VideoFrame) -> Turn:
        """Read the display matrix that the container gave the frame."""
        data: Any = frame.side_data.get("DISPLAYMATRIX")
        if data is None:
            return cls()
        a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist()
        # The matrix maps stored (x, y) to shown (a·x + c·y, b·x + d·y); only signs matter for quarter turns.
        if abs(a) >= abs(b):
            return cls(False, d < 0, a < 0)
        return cls(True, b < 0, c < 0)

    @property
    def degrees(self) -> int:
        """Clockwise turn from stored to shown: 0, 90, 180 or 270 (mirroring aside)."""
        if self.transpose:
            return 270 if self.flip_rows else 90
        return 180 if self.flip_rows and self.flip_columns else 0

    @property
    def mirrored(self) -> bool:
        return (self.transpose + self.flip_rows + self.flip_columns) % 2 == 1

    def __bool__(self) -> bool:
        return self.transpose or self.flip_rows or self.flip_columns

    def apply(self, picture: NDArray[Any]) -> NDArray[Any]:
        """Return the upright picture, contiguous."""
        if not self:
            return picture
        if self.transpose:
            picture = picture.swapaxes(0, 1)
        rows = slice(None, None, -1 if self.flip_rows else 1)
        columns = slice(None, None, -1 if self.flip_columns else 1)
        return np.ascontiguousarray(picture[rows, columns])


class Clock:
    """Gives every decoded frame a time on the browser's clock, whatever the file says.

    Frames without a presentation time get the decoding time, otherwise the previous time plus the mean interval;
    so do frames whose time does not increase.
    """

    def __init__(self, streams: Streams) -> None:
        self._origin = streams.origin
        self._base = streams.video.time_base or Fraction(1, 1000)
        rate = streams.video.average_rate or streams.video.guessed_rate or _FALLBACK_RATE
        self._interval = max(1, microseconds(1 / rate))
        self._last: int | None = None

    @property
    def last_us(self) -> int:
        """Time of the newest frame; -1 before the first."""
        return -1 if self._last is None else self._last

    def __call__(self, frame: VideoFrame) -> int:
        stamp = frame.pts if frame.pts is not None else frame.dts
        if stamp is None:
            time_us = 0 if self._last is None else self._last + self._interval
        else:
            time_us = microseconds(stamp * (frame.time_base or self._base) - self._origin)
        if self._last is not None and time_us <= self._last:
            time_us = self._last + self._interval
        self._last = time_us
        return time_us


class Painter:
    """Turns decoded frames into upright RGB pictures with square pixels."""

    def __init__(self, streams: Streams) -> None:
        self._reformatter = VideoReformatter()
        self._aspect = streams.video.sample_aspect_ratio
        self._turn: Turn | None = None

    def __call__(self, frame: VideoFrame) -> Rgb:
        if self._turn is None:
            self._turn = Turn.of(frame)
        picture = self._reformatter.reformat(
            frame,
            width=square_width(frame, self._aspect),
            height=frame.height,
            format="rgb24",
            interpolation=Interpolation.FAST_BILINEAR,
            threads=1,
        ).to_ndarray()
        upright: Rgb = self._turn.apply(picture)
        return upright


def square_width(frame: VideoFrame, aspect: Fraction | None) -> int:
    """Return the width that the stored picture has with square pixels, given the shape of its pixels."""
    if aspect is None or aspect <= 0 or aspect == 1:
        return frame.width
    width = max(1, round(frame.width * aspect))
    if width > LARGEST_SIDE or width * frame.height > MOST_PIXELS:
        raise MediaError(f"The picture is {width} × {frame.height} pixels, which is too large.")
    return width


class FrameReader:
    """Iterates over the pictures of a video file.

    Parameters
    ----------
    path : Path
    start_us, end_us : int, optional
        Half-open interval of presentation times, microseconds.

    Attributes
    ----------
    skipped_packets : int
        Damaged packets left out so far.
    skipped_us : list of int
        When they would have been shown.

    Raises
    ------
    MediaError
        While iterating: the file cannot be read, or no picture in it can be decoded.
    """

    def __init__(self, path: Path, *, start_us: int = 0, end_us: int | None = None) -> None:
        self._path = Path(path)
        self._start_us = start_us
        self._end_us = end_us
        self.skipped_packets = 0
        self.skipped_us: list[int] = []

    def __iter__(self) -> Iterator[Frame]:
        yield from self._run(seek=self._start_us > 0)

    def _run(self, *, seek: bool) -> Iterator[Frame]:
        self.skipped_packets, self.skipped_us = 0, []
        with opened(self._path) as streams:
            if seek and not _seek(streams, self._start_us):
                seek = False
            clock, painter, index, decoded = Clock(streams), Painter(streams), 0, 0
            for frame in self.decoded(streams):
                time_us = clock(frame)
                decoded += 1
                if seek and decoded == 1 and time_us > self._start_us:
                    break  # the seek went too far: some formats have no usable index
                if time_us < self._start_us:
                    continue
                if self._end_us is not None and time_us >= self._end_us:
                    return
                yield Frame(index, time_us, painter(frame))
                index += 1
            else:
                if decoded == 0 and not seek:
                    raise MediaError("No picture in this video can be decoded; the file is damaged.")
                return
        yield from self._run(seek=False)

    def from_keyframe(self, time_us: int) -> Iterator[Frame]:
        """Yield the pictures from one on that can be decoded without those before it; ``index`` counts from it.

        Raises
        ------
        MediaError
            While iterating: the file does not lead there.
        """
        missed = MediaError("This file cannot be read from the middle.")
        self.skipped_packets, self.skipped_us = 0, []
        with opened(self._path) as streams:
            if time_us > 0 and not _seek(streams, time_us + 1):  # not to fall before it by rounding
                raise missed
            clock, painter, index = Clock(streams), Painter(streams), 0
            for frame in self.decoded(streams):
                if not index and time_us > 0 and _before(frame, streams, time_us):
                    continue  # shown before it, although stored after it
                found_us = clock(frame)
                if not index and time_us > 0 and found_us != time_us:
                    raise missed
                yield Frame(index, found_us, painter(frame))
                index += 1

    def decoded(self, streams: Streams) -> Iterator[VideoFrame]:
        """Yield what can be decoded of an open file from where it stands, as stored."""
        packets = streams.container.demux(streams.video)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError:  # the file ends in the middle of something
                self.skipped_packets += 1
                self.skipped_us.append(_AT_THE_END)
                return
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                self.skipped_packets += 1
                stamp = packet.pts if packet.pts is not None else packet.dts
                at = None if stamp is None else stamp * (packet.time_base or Fraction(1, 1000)) - streams.origin
                self.skipped_us.append(_AT_THE_END if at is None else microseconds(at))
                continue
            for frame in frames:
                if isinstance(frame, VideoFrame):
                    yield frame


def _before(frame: VideoFrame, streams: Streams, time_us: int) -> bool:
    if frame.pts is None:
        return False
    base = frame.time_base or streams.video.time_base or Fraction(1, 1000)
    return microseconds(frame.pts * base - streams.origin) < time_us


def first_frame(path: Path) -> VideoFrame:
    """Return the first picture that can be decoded, as stored.

    Raises
    ------
    MediaError
        There is none.
    """
    with opened(path) as streams:
        for frame in FrameReader(path).decoded(streams):
            return frame
    raise MediaError("No picture in this video can be decoded; the file is damaged or incomplete.")


def _seek(streams: Streams, time_us: int) -> bool:
    """Go to the keyframe at or before a time; False where the format cannot."""
    base = streams.video.time_base or Fraction(1, 1000)
    target = int((Fraction(time_us, 1_000_000) + streams.origin) / base)
    try:
        streams.container.seek(target, stream=streams.video, backward=True)
    except av.error.FFmpegError:
        return False
    return True


def frames(path: Path, *, start_us: int = 0, end_us: int | None = None) -> Iterator[Frame]:
    """Yield the pictures of a video file with their real presentation times.

    Parameters
    ----------
    path : Path
    start_us, end_us : int, optional
        Half-open interval of presentation times, microseconds; ``Frame.index`` counts from its first picture.

    Raises
    ------
    MediaError
        The file cannot be read, or no picture in it can be decoded. Single damaged packets are left out silently;
        `FrameReader` counts them.
    """
    return iter(FrameReader(path, start_us=start_us, end_us=end_us))


def still(path: Path, time_us: int) -> Rgb:
    """Return the picture that is on the screen at a time: the last one that starts at or before it.

    Parameters
    ----------
    path : Path
    time_us : int
        Microseconds; before the first picture the first is returned, after the end the last.

    Returns
    -------
    uint8, shape (height, width, 3)

    Raises
    ------
    MediaError
    """
    for seek in (True, False):
        with opened(Path(path)) as streams:
            if seek and not _seek(streams, time_us):
                continue
            clock = Clock(streams)
            found: VideoFrame | None = None
            for frame in FrameReader(Path(path)).decoded(streams):
                if clock(frame) > time_us and (found is not None or seek):
                    break  # with nothing found yet, the seek went too far: read from the beginning
                found = frame
                if clock.last_us > time_us:
                    break
            if found is not None:
                return Painter(streams)(found)
    raise MediaError("No picture in this video can be decoded; the file is damaged.")
