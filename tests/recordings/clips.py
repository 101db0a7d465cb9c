"""Small real videos of every awkward kind, made with PyAV."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT = 160, 120


def picture(index: int) -> np.ndarray:
    """RGB (120, 160, 3) uint8: grey, with a bright block whose column tells the frame's index."""
    rgb = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    left = index % 20 * 8
    rgb[20:60, left : left + 8] = 230
    return rgb


def write(
    path: Path,
    *,
    codec: str = "libx264",
    frames: int = 25,
    times_ms: list[int] | None = None,
    sound: bool = False,
    container: str | None = None,
) -> Path:
    """Write a video of 25 frames/s, or with the given presentation times; optionally with a sine as sound."""
    with av.open(str(path), "w", format=container) as output:
        video = output.add_stream(codec, rate=25)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, 1000)
        audio = output.add_stream("aac" if codec == "libx264" else "pcm_s16le", rate=48_000) if sound else None
        for index, ms in enumerate(times_ms or [40 * index for index in range(frames)]):
            frame = av.VideoFrame.from_ndarray(picture(index), format="rgb24")
            frame.pts, frame.time_base = ms, Fraction(1, 1000)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        if audio is not None:
            tone = (np.sin(np.arange(48_000) * 2 * np.pi * 440 / 48_000) * 8000).astype(np.int16)[None]
            for start in range(0, 48_000, 1024):
                part = av.AudioFrame.from_ndarray(tone[:, start : start + 1024], format="s16", layout="mono")
                part.sample_rate, part.pts, part.time_base = 48_000, start, Fraction(1, 48_000)
                output.mux(audio.encode(part))
            output.mux(audio.encode(None))
    return path


def rotate(path: Path) -> Path:
    """Turn the picture of an MP4 or MOV by 90° clockwise in its header, as a phone held upright does."""
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 44  # version and flags, times, id, duration, layer, volume
    struct.pack_into(">9i", content, at, 0, 0x10000, 0, -0x10000, 0, 0, HEIGHT << 16, 0, 0x40000000)
    path.write_bytes(content)
    return path
