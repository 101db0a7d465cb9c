"""A page's end of a live session without a browser: pictures of a clip over a real WebSocket, and the answers."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from facsweb.live.belt import PAGE_HEAD

SIZE = (640, 480)


def pictures(clip: Path, rate: float = 15.0, *, most: int = 10_000) -> list[bytes]:
    """JPEGs of 640×480, so many a second of the clip."""
    found: list[bytes] = []
    with av.open(str(clip)) as film:
        for frame in film.decode(video=0):
            if len(found) < most and frame.time is not None and frame.time * rate >= len(found):
                found.append(jpeg(frame.to_ndarray(format="bgr24")))
    return found


def jpeg(picture: Any) -> bytes:
    height, width = picture.shape[:2]
    scale = min(SIZE[0] / width, SIZE[1] / height)
    small = cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    whole = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    top, left = (SIZE[1] - small.shape[0]) // 2, (SIZE[0] - small.shape[1]) // 2
    whole[top : top + small.shape[0], left : left + small.shape[1]] = small
    return cv2.imencode(".jpg", whole, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def there_and_back(content: list[bytes]) -> Iterator[bytes]:
    """The clip forwards and backwards without end, so that nothing jumps."""
    while True:
        yield from content
        yield from reversed(content)


def read_answer(message: bytes) -> tuple[dict[str, Any], Any]:
    """What is said, and the points in pixels (478, 2) or None."""
    (length,) = struct.unpack_from("<I", message)
    said = json.loads(message[4 : 4 + length])
    points = np.frombuffer(message, "<i2", offset=4 + length).reshape(-1, 2) / 8
    return said, points if len(points) else None


@dataclass
class Measured:
    """What one session's page saw."""

    sent: int = 0
    held_back: int = 0
    latencies_ms: list[float] = field(default_factory=list)
    took_ms: list[float] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)


async def drive(
    socket: Any, content: list[bytes], seconds: float, rate: float = 15.0, begun_us: int = 0
) -> Measured:
    """Send like our page does: so many a second, never more than three without an answer."""
    out = Measured()
    waiting: dict[int, float] = {}
    started = time.monotonic()
    over = asyncio.Event()

    async def hear() -> None:
        while not over.is_set():
            message = await socket.recv()
            if not isinstance(message, bytes):
                words = json.loads(message)
                if words["type"] == "passed":
                    for number in [one for one in waiting if one <= words["number"]]:
                        del waiting[number]
                continue
            said, _ = read_answer(message)
            came = time.monotonic()
            if said["n"] in waiting:
                out.latencies_ms.append(1000 * (came - waiting[said["n"]]))
                out.took_ms.append(said["took"])
                out.said.append(said)
            for number in [one for one in waiting if one <= said["n"]]:
                del waiting[number]

    ears = asyncio.create_task(hear())
    for number, picture in enumerate(there_and_back(content)):
        due = started + number / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        now = time.monotonic()
        if now - started > seconds:
            break
        for old in [one for one, at in waiting.items() if now - at > 1.0]:
            del waiting[old]
        if len(waiting) >= 3:
            out.held_back += 1
            continue
        waiting[number] = now
        out.sent += 1
        await socket.send(PAGE_HEAD.pack(1, number, begun_us + round(1e6 * number / rate)) + picture)
    await asyncio.sleep(0.3)
    over.set()
    ears.cancel()
    return out
