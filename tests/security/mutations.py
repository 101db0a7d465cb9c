"""Two hundred damaged and hostile videos, the same ones every time."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.recordings import clips

#: Name of the container → arguments of `tests.recordings.clips.write`.
CONTAINERS = {
    "mp4": {"sound": True},
    "mov": {"sound": True},
    "mkv": {"container": "matroska"},
    "webm": {"codec": "libvpx", "container": "webm"},
    "avi": {"codec": "mpeg4"},
}
EACH = 4
Change = Callable[[bytearray, random.Random], bytes]


def flipped(content: bytearray, chance: random.Random, start: int, stop: int, share: float) -> bytes:
    for _ in range(max(1, int((stop - start) * share))):
        content[chance.randrange(start, stop)] ^= 1 << chance.randrange(8)
    return bytes(content)


def header(content: bytearray, chance: random.Random) -> bytes:
    """Bits of the first and of the last kilobyte, where containers keep what describes the rest."""
    flipped(content, chance, 0, min(1024, len(content)), 0.01)
    return flipped(content, chance, max(0, len(content) - 1024), len(content), 0.01)


def everywhere(content: bytearray, chance: random.Random) -> bytes:
    return flipped(content, chance, 0, len(content), 0.002)


def pictures(content: bytearray, chance: random.Random) -> bytes:
    """Bits of the middle, where the pictures lie."""
    return flipped(content, chance, len(content) // 4, 3 * len(content) // 4, 0.02)


def truncated(content: bytearray, chance: random.Random) -> bytes:
    return bytes(content[: chance.randrange(1, len(content))])


def sizes(content: bytearray, chance: random.Random) -> bytes:
    """Lengths of boxes and elements: none, enormous, negative, beyond the end."""
    names = [b"moov", b"trak", b"mdia", b"stbl", b"stsz", b"stsc", b"stco", b"stsd", b"avcC", b"mdat", b"movi"]
    places = [at for name in names if (at := content.find(name)) >= 4] or [
        chance.randrange(4, len(content) - 8) for _ in range(4)
    ]
    for at in chance.sample(places, min(2, len(places))):
        chosen = chance.choice([0, 1, 7, 0x7FFFFFFF, 0xFFFFFFFF, len(content) * 2])
        struct.pack_into(">I", content, at - 4, chosen)
    return bytes(content)


def counts(content: bytearray, chance: random.Random) -> bytes:
    """Tables that announce four thousand million entries."""
    for name in (b"stsz", b"stts", b"stsc", b"stco", b"ctts", b"elst"):
        if (at := content.find(name)) >= 0 and chance.random() < 0.5:
            struct.pack_into(">I", content, at + 8, chance.choice([0, 0xFFFFFFFF, 0x10000000]))
    if b"stsz" not in content:  # variable-length numbers of Matroska, chunk lists of AVI
        for _ in range(6):
            at = chance.randrange(40, min(2000, len(content) - 8))
            content[at : at + 4] = b"\xff\xff\xff\xff"
    return bytes(content)


def swapped(content: bytearray, chance: random.Random) -> bytes:
    a, b = sorted(chance.sample(range(len(content)), 2))
    middle = (a + b) // 2
    return bytes(content[:a] + content[middle:b] + content[a:middle] + content[b:])


def enormous(content: bytearray, chance: random.Random) -> bytes:
    """Wherever the size of the picture stands, one of millions of pixels."""
    size = chance.choice([(65_535, 65_535), (16_384, 16_384), (30_000, 2), (0, 0)])
    for form in (">HH", ">II", "<II", "<HH"):
        stored = struct.pack(form, clips.WIDTH, clips.HEIGHT)
        start = 0
        while (at := content.find(stored, start)) >= 0:
            struct.pack_into(form, content, at, *size)
            start = at + len(stored)
    # Matroska: PixelWidth (B0) and PixelHeight (BA), one byte each
    for mark, side in ((b"\xb0\x81", clips.WIDTH), (b"\xba\x81", clips.HEIGHT)):
        if (at := content.find(mark + bytes([side]))) >= 0:
            content[at + 2] = 0xFF
    return bytes(content)


def endless(content: bytearray, chance: random.Random) -> bytes:
    """Durations and time scales as large as they can be, or none."""
    for name, offset in ((b"mvhd", 16), (b"mdhd", 16), (b"tkhd", 24), (b"mvhd", 20), (b"mdhd", 20)):
        if (at := content.find(name)) >= 0:
            struct.pack_into(">I", content, at + offset, chance.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF]))
    if (at := content.find(b"\x44\x89\x88")) >= 0:  # Matroska's Duration, a double
        value = chance.choice([float("nan"), float("inf"), -1.0, 1e300])
        struct.pack_into(">d", content, at + 3, value)
    if (at := content.find(b"avih")) >= 0:
        struct.pack_into("<I", content, at + 8, chance.choice([0, 1]))
        struct.pack_into("<I", content, at + 24, 0xFFFFFFFF)
    return bytes(content)


def joined(content: bytearray, chance: random.Random) -> bytes:
    """Two files in one, or one in the middle of another, or nothing but its own beginning again and again."""
    half = len(content) // 2
    return chance.choice(
        [
            bytes(content + content),
            bytes(content[:half] + content + content[half:]),
            bytes(content[:200]) * 300,
            b"\x00" * 4096 + bytes(content),
        ]
    )


CHANGES: list[Change] = [
    *(header, everywhere, pictures, truncated, sizes),
    *(counts, swapped, enormous, endless, joined),
]


def mutated(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each."""
    for container, how in CONTAINERS.items():
        source = clips.write(folder / f"source.{container}", **how).read_bytes()
        for change in CHANGES:
            for number in range(EACH):
                chance = random.Random(f"{container} {change.__name__} {number}")
                yield f"{change.__name__}-{number}.{container}", change(bytearray(source), chance)
