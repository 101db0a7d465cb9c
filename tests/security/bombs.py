"""Small files that unpack to far more than anybody has room for."""

from __future__ import annotations

from pathlib import Path

import av


def make_bomb(path: Path) -> None:
    """Write a video of 16,000 × 16,000 pixels of nothing."""
    with av.open(str(path), "w", format="mov") as output:
        video = output.add_stream("png", rate=25)
        video.width = video.height = 16_000
        video.pix_fmt = "gray"
        frame = av.VideoFrame(16_000, 16_000, "gray")
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        for packet in [*video.encode(frame), *video.encode(None)]:
            output.mux(packet)
