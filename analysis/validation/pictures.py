"""Picture sequences as video files, without touching a pixel: the stored JPEG or PNG data become the packets."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

from analysis.validation.corpus import PICTURES, CorpusError, Pictures


def write_video(pictures: Pictures, path: Path) -> None:
    """Write a QuickTime file whose frames are exactly the pictures.

    Nothing is encoded again, so what the engine decodes is what is in the pictures' files; the file is as large as
    they are together.

    Parameters
    ----------
    pictures : Pictures
        All of one kind and size.
    path : Path
        To be written, ``*.mov``.

    Raises
    ------
    CorpusError
        A picture cannot be read, or is of another kind or size than the first.
    """
    first = pictures.paths[0]
    size = _size(first)
    codec = PICTURES[first.suffix.lower()]
    base = Fraction(1, pictures.rate)
    with av.open(str(path), "w", format="mov") as output:
        stream = output.add_mux_stream(codec, rate=pictures.rate, width=size[0], height=size[1], time_base=base)
        for place, picture in enumerate(pictures.paths):
            if PICTURES[picture.suffix.lower()] != codec or _size(picture) != size:
                raise CorpusError(f"the picture {picture.name} is of another kind or size than {first.name}")
            packet = av.Packet(picture.read_bytes())
            packet.stream, packet.time_base = stream, base
            packet.pts = packet.dts = place
            packet.duration = 1
            packet.is_keyframe = True
            output.mux(packet)


def _size(path: Path) -> tuple[int, int]:
    """Width and height by the file's header; the pixels are left alone."""
    try:
        with av.open(str(path)) as file:
            context = file.streams.video[0].codec_context
            size = (int(context.width), int(context.height))
    except (OSError, IndexError) as error:  # FFmpeg's errors are OSErrors or ValueErrors by kind
        raise CorpusError(f"the picture {path.name} cannot be read") from error
    if 0 in size:
        raise CorpusError(f"the picture {path.name} cannot be read")
    return size
