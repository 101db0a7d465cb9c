"""Short recordings, each with bytes of its own: the demonstration's clip, cut, with a `free` box behind it."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import av

SOURCE = Path(__file__).resolve().parents[2] / "facsweb" / "demo" / "demonstration.mp4"


def cut(seconds: float, source: Path = SOURCE) -> bytes:
    """The first seconds of a recording as MP4, packets as they are."""
    target = io.BytesIO()
    with av.open(str(source)) as reading, av.open(target, "w", format="mp4") as writing:
        video = reading.streams.video[0]
        stream = writing.add_stream_from_template(video)
        for packet in reading.demux(video):
            if packet.dts is None or packet.pts is None:
                continue
            if packet.dts * video.time_base >= seconds:
                break
            packet.stream = stream
            writing.mux(packet)
    return target.getvalue()


def numbered(clip: bytes, number: int, at_least: int = 0) -> bytes:
    """The clip with a box that players pass over, so that no two are the same; as long as asked for, if longer."""
    said = f"number {number}".encode()
    said += bytes(max(0, at_least - len(clip) - len(said) - 8))
    return clip + struct.pack(">I4s", 8 + len(said), b"free") + said
