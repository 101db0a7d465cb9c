"""What a live worker says of a picture, as bytes for the page: a line of JSON, then the points of the mesh."""

from __future__ import annotations

import json
import math
import struct
from typing import Any, Final

import numpy as np

from analysis.live.engine import Seen

#: Points are sent as sixteen-bit numbers in these parts of a pixel.
PARTS: Final = 8
_LENGTH: Final = struct.Struct("<I")


def packed(number: int, seen: Seen, size: tuple[int, int], took_ms: float) -> bytes:
    """An answer.

    Parameters
    ----------
    number : int
        The page's own, of the picture.
    seen : Seen
    size : tuple of int
        Width and height of the picture, pixels.
    took_ms : float
        From when a worker held the picture until now.

    Returns
    -------
    bytes
        Length of the JSON (four bytes, little-endian), the JSON with blanks up to a multiple of four, and x and y
        of 478 points as int16 in eighths of a pixel where a face is measured.
    """
    said = json.dumps(_plain(number, seen, size, took_ms), separators=(",", ":")).encode()
    said += b" " * (-len(said) % 4)
    points = b""
    if seen.points is not None:
        points = np.clip(np.rint(seen.points[:, :2] * PARTS), -32768, 32767).astype("<i2").tobytes()
    return _LENGTH.pack(len(said)) + said + points


def _plain(number: int, seen: Seen, size: tuple[int, int], took_ms: float) -> dict[str, Any]:
    neutral = seen.neutral
    return {
        "n": number,
        "size": size,
        "took": round(took_ms, 1),
        "faces": seen.faces,
        "box": _rounded(seen.box),
        "pose": _rounded(seen.pose),
        "quality": round(seen.quality, 2),
        "gates": seen.gates,
        "neutral": neutral and {"method": neutral.method, "distance": _number(neutral.distance)},
        "search": {"share": round(seen.progress.share, 2), "waits_for": seen.progress.waits_for},
        "aus": {
            code: [_number(value), *(_number(seen.sides[code][side]) for side in "LR" if code in seen.sides)]
            for code, value in seen.both.items()
        },
    }


def _number(value: float) -> float | None:
    """Absent is absent, never zero."""
    return round(value, 2) if math.isfinite(value) else None


def _rounded(values: tuple[float, ...] | None) -> list[float | None] | None:
    return None if values is None else [_number(value) for value in values]
