"""Opens the pictures that one browser sends, in a confined child that lives as long as its session.

`analysis.confined` forks a child for every file, which is too slow for fifteen pictures a second. Here one child
serves one session: it is a program of its own with an empty environment, gives up network, files and other
processes before the first picture (`analysis.confined.jail`), and answers with pixels in memory that it shares
with its parent and nothing else. What a hostile picture does to it ends with it, and reaches no other session.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import select
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np

from analysis.confined.jail import Limits, enter
from analysis.types import AnalysisError, Rgb

#: Of one picture: bytes as they come, and pixels.
MOST_BYTES: Final = 512 * 1024
LONGEST_SIDE: Final = 1280
LEAST_SIDE: Final = 64
_PIXELS: Final = LONGEST_SIDE * LONGEST_SIDE * 3
_SHARED: Final = MOST_BYTES + _PIXELS
#: A picture of our size takes 1–3 ms.
_PATIENCE_S: Final = 0.5
#: Processor seconds are those of a whole session: four hours at fifteen pictures a second take some 600.
_LIMITS: Final = Limits(memory=256 << 20, cpu_s=7200, wall_s=0)
_ASKED: Final = struct.Struct("=I")
_ANSWER: Final = struct.Struct("=HH")
_CODE: Final = Path(__file__).resolve().parent.parent.parent
_START: Final = "import sys; sys.path.insert(0, {!r}); from analysis.live.decoder import serve; serve({}, {})"
JPEG: Final = b"\xff\xd8\xff"


class BadPicture(AnalysisError):  # noqa: N818
    """What came is no picture that is taken."""


class Decoder:
    """The child of one session; started when made, ready a moment later."""

    def __init__(self) -> None:
        self._memory, self._map = _shared()
        self._ready = False
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        number, memory = theirs.fileno(), self._memory
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START.format(str(_CODE), number, memory)],
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[number, memory],
            )
        self._socket = ours

    def ready(self) -> bool:
        """Whether it takes pictures already; asks without waiting.

        Raises
        ------
        BadPicture
            It ended instead.
        """
        if not self._ready and select.select([self._socket], [], [], 0)[0]:
            self._ready = bool(self._received())
        return self._ready

    def __call__(self, picture: bytes) -> Rgb:
        """Open a picture.

        Parameters
        ----------
        picture : bytes
            A JPEG, at most `MOST_BYTES`, its sides from `LEAST_SIDE` to `LONGEST_SIDE` pixels.

        Returns
        -------
        uint8, shape (height, width, 3)
            Its own memory.

        Raises
        ------
        BadPicture
            It cannot be taken. Where it broke the child, `alive` is false afterwards.
        """
        if not picture.startswith(JPEG) or len(picture) > MOST_BYTES:
            raise BadPicture("This is no JPEG picture of at most 512 KB.")
        self._map[: len(picture)] = picture
        try:
            self._socket.send(_ASKED.pack(len(picture)))
        except OSError as error:
            raise BadPicture("The reader of pictures ended.") from error
        if not select.select([self._socket], [], [], _PATIENCE_S)[0]:
            self.close()
            raise BadPicture("Reading this picture took too long.")
        width, height = _ANSWER.unpack(self._received())
        size = width * height * 3
        if not size or size > _PIXELS:
            raise BadPicture("This picture cannot be read, or is too large.")
        pixels = np.frombuffer(self._map, np.uint8, size, MOST_BYTES)
        return pixels.reshape(height, width, 3).copy()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        """End the child and let go of the memory."""
        self._socket.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        if self._memory >= 0:
            os.close(self._memory)
            self._memory = -1

    def _received(self) -> bytes:
        try:
            told = self._socket.recv(_ANSWER.size)
        except OSError:
            told = b""
        if len(told) != _ANSWER.size:
            self.close()
            raise BadPicture("The reader of pictures ended.")
        return told


def _shared() -> tuple[int, mmap.mmap]:
    """Memory without a name that a child can share, as an open file and mapped here."""
    if hasattr(os, "memfd_create"):
        number = os.memfd_create("facsweb-live")
    else:  # macOS
        import tempfile

        number, name = tempfile.mkstemp()
        Path(name).unlink()
    os.ftruncate(number, _SHARED)
    return number, mmap.mmap(number, _SHARED)


# --- in the child ------------------------------------------------------------------------------------------------


def serve(channel: int, memory: int) -> None:
    """Open pictures until the parent goes; the child's whole life."""
    import cv2

    cv2.setNumThreads(1)
    asked = socket.socket(fileno=channel)
    shared = mmap.mmap(memory, _SHARED)
    os.close(memory)
    enter(_LIMITS, (), None)
    asked.send(_ANSWER.pack(1, 1))
    while told := asked.recv(_ASKED.size):
        (length,) = _ASKED.unpack(told)
        asked.send(_ANSWER.pack(*_opened(shared, length)))


def _opened(shared: mmap.mmap, length: int) -> tuple[int, int]:
    """Write the pixels of the picture at the start of the memory behind it; width and height, or zeros."""
    import cv2

    picture = np.frombuffer(shared, np.uint8, length)
    size = _announced(picture.tobytes())
    if size is None or not all(LEAST_SIDE <= side <= LONGEST_SIDE for side in size):
        return 0, 0
    try:
        found = cv2.imdecode(picture, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    except (cv2.error, MemoryError):
        return 0, 0
    if found is None or found.shape[:2] != size[::-1]:
        return 0, 0
    height, width = found.shape[:2]
    np.frombuffer(shared, np.uint8, found.size, MOST_BYTES)[:] = found.ravel()
    return width, height


def _announced(picture: bytes) -> tuple[int, int] | None:
    """Width and height as a JPEG's header says them (ITU-T T.81, B.2.2): nothing larger is made room for."""
    place = 2
    while place + 9 < len(picture) and picture[place] == 0xFF:
        kind = picture[place + 1]
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", picture, place + 5)
            return width, height
        place += 2 + int(struct.unpack_from(">H", picture, place + 2)[0])
    return None
