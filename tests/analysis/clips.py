"""Small recordings, made with PyAV itself, with every property that a test asks for."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from analysis.types import Rgb

MEDIA = Path(__file__).resolve().parents[1] / "media"
SHARED = Path(__file__).resolve().parents[2].parent / "shared"
D1 = MEDIA / "d1_smile_6_12_then_12.mp4"
TICK = Fraction(1, 90_000)


@cache
def astronaut() -> Rgb:
    """A photographed face (NASA, public domain), 512 × 512."""
    import skimage.data

    return np.ascontiguousarray(skimage.data.astronaut())


def numbered(count: int, width: int = 160, height: int = 120) -> list[Rgb]:
    """Pictures that tell their number: a bright bar that moves right, one step a picture."""
    pictures = []
    for i in range(count):
        picture = np.full((height, width, 3), 40, np.uint8)
        x = round(i * (width - 16) / max(1, count - 1))
        picture[:, x : x + 16] = 220
        pictures.append(picture)
    return pictures


def write(
    path: Path,
    pictures: Iterable[Rgb],
    *,
    times_us: Sequence[int] | None = None,
    codec: str = "libx264",
    preset: str = "medium",
    pix_fmt: str = "yuv420p",
    format_: str | None = None,
    keyframes: int = 10,
    sound: NDArray[np.float32] | None = None,
    sound_offset_us: int = 0,
    picture_offset_us: int = 0,
) -> Path:
    """Write a recording; pictures every 40 ms unless ``times_us`` says otherwise, sound mono at 48 kHz."""
    with av.open(str(path), "w", format=format_) as output:
        options = {"g": str(keyframes), "crf": "18", "preset": preset} if codec == "libx264" else {}
        stream = output.add_stream(codec, rate=25, options=options)
        stream.pix_fmt = pix_fmt
        base = {"gif": Fraction(1, 100), "mpeg4": Fraction(1, 25)}.get(codec, TICK)
        stream.time_base = stream.codec_context.time_base = base
        audio = None
        if sound is not None:
            audio = output.add_stream("libopus" if codec.startswith("libvpx") else "aac", rate=48_000)
            audio.layout = "mono"
        for i, picture in enumerate(pictures):
            if i == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pix_fmt)
            time_us = (times_us[i] if times_us is not None else i * 40_000) + picture_offset_us
            frame.pts, frame.time_base = round(Fraction(time_us, 1_000_000) / base), base
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if audio is not None and sound is not None:
            for start in range(0, len(sound), 960):
                piece = av.AudioFrame.from_ndarray(sound[None, start : start + 960], format="fltp", layout="mono")
                piece.sample_rate = 48_000
                piece.pts = start + sound_offset_us * 48 // 1000
                piece.time_base = Fraction(1, 48_000)
                output.mux(audio.encode(piece))
            output.mux(audio.encode(None))
    return path


def repeat(source: Path, times: int, path: Path) -> Path:
    """Write the pictures of a recording so many times in a row, without encoding anything again."""
    with av.open(str(source)) as recording, av.open(str(path), "w") as output:
        video = recording.streams.video[0]
        packets = [packet for packet in recording.demux(video) if packet.dts is not None]
        stamps = [(packet.pts, packet.dts) for packet in packets]
        stream = output.add_stream_from_template(video)
        for turn in range(times):
            for packet, (pts, dts) in zip(packets, stamps, strict=True):
                packet.pts, packet.dts = pts + turn * video.duration, dts + turn * video.duration
                packet.stream, packet.time_base = stream, video.time_base
                output.mux(packet)
    return path


def set_display_matrix(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Write a, b, c, d (whole numbers) into the track headers of an MP4, as phones do."""
    data = bytearray(path.read_bytes())
    place = data.find(b"tkhd")
    assert place > 0
    while place > 0:
        width, height = struct.unpack(">II", data[place + 4 + 76 : place + 4 + 84])
        if width and height:  # sound tracks have no size
            a, b, c, d = (value << 16 for value in matrix)
            packed = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
            data[place + 4 + 40 : place + 4 + 76] = packed
        place = data.find(b"tkhd", place + 4)
    path.write_bytes(data)
