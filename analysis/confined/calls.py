"""Asking the helper process, and believing of its answer only what our plain values can be made of."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analysis.confined.jail import Limits
from analysis.confined.plain import question, unpacked
from analysis.confined.server import ENDED, MEMORY_EXIT
from analysis.exchange.values import ExchangeError
from analysis.types import AnalysisError, MediaError, Rgb

if TYPE_CHECKING:
    from analysis.exchange.values import Options, Reading
    from analysis.media import MediaInfo
    from analysis.text.units import Transcript

MEDIA: Final = Limits(memory=1536 << 20, cpu_s=60, wall_s=120, answer=256 << 20)
TEXT: Final = Limits(memory=768 << 20, cpu_s=30, wall_s=60, written=64 << 20)
PDF: Final = Limits(memory=768 << 20, cpu_s=20, wall_s=40)
#: Children at the same time; others wait their turn.
_AT_ONCE: Final = threading.BoundedSemaphore(4)
_LONGEST_SENTENCE: Final = 2000
_CODE: Final = Path(__file__).resolve().parent.parent.parent
_START: Final = "import sys; sys.path.insert(0, {!r}); from analysis.confined.server import serve; serve({})"

TOO_LONG: Final = (
    "Reading this file took longer than {} seconds, so it was stopped. It is damaged, or made to be slow."
)
TOO_MUCH: Final = "Reading this file takes more than {} MB of memory, so it was stopped."
BROKE: Final = "Reading this file made the reader stop at once. It is damaged, or made to break programs."
BUSY: Final = "Too many files are being read at this moment. Try again in a minute."


# --- what can be read --------------------------------------------------------------------------------------


def probe(path: Path, limits: Limits = MEDIA) -> MediaInfo:
    """`analysis.media.probe` in a confined child; raises MediaError, for what the limits stop too."""
    found: MediaInfo = _on_file("probe", path, None, limits, "MediaInfo")
    return found


def still(path: Path, time_us: int, limits: Limits = MEDIA) -> Rgb:
    """`analysis.media.still` in a confined child; raises MediaError, for what the limits stop too."""
    try:
        height, width, pixels = _on_file("still", path, time_us, limits, "tuple")
        picture: Rgb = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
    except (TypeError, ValueError) as error:  # no picture, whatever it says
        raise MediaError(BROKE) from error
    return picture


def transcript(content: bytes, name: str, limits: Limits = TEXT) -> Transcript:
    """`analysis.text.reading.read_bytes` in a confined child; raises AnalysisError."""
    found: Transcript = _call("transcript", content, name, limits, AnalysisError, "Transcript")
    return found


def kind_of(content: bytes, limits: Limits = TEXT) -> str:
    """`analysis.exchange.formats.kind_of` in a confined child; raises ExchangeError."""
    return str(_call("kind_of", content, None, limits, ExchangeError, "str"))


def coding(content: bytes, options: Options, limits: Limits = TEXT) -> Reading:
    """`analysis.exchange.formats.read` in a confined child; raises ExchangeError."""
    found: Reading = _call("coding", content, options, limits, ExchangeError, "Reading")
    return found


def taste_pdf(content: bytes, limits: Limits = PDF) -> None:
    """Walk through a PDF with its signatures and attachments; raises AnalysisError where that breaks the limits.

    A PDF that gets through is known to take little memory and time, and to crash nothing.
    """
    _call("taste_pdf", content, None, limits, AnalysisError, "bool")


def picture(content: bytes, longest: int, limits: Limits = TEXT) -> bytes:
    """A still picture that somebody sent, as a fresh PNG of its pixels alone; raises AnalysisError.

    Whatever else the file held (its description, a second file behind the first) is left behind.

    Parameters
    ----------
    content : bytes
        PNG, JPEG, WebP or another kind that OpenCV reads.
    longest : int
        Pixels of the longer side that are taken.
    """
    made: bytes = _call("picture", content, longest, limits, AnalysisError, "bytes")
    return made


def warm() -> None:
    """Start the helper process, so that the first file need not wait for it."""
    _helper.start()


# --- asking ----------------------------------------------------------------------------------------------


class _Helper:
    """The helper process of this process, started at first need and again when it is gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._owner = 0

    def start(self) -> socket.socket:
        with self._lock:
            if self._socket is None or self._owner != os.getpid():
                self._socket, self._owner = _started(), os.getpid()
            return self._socket

    def send(self, files: list[int]) -> None:
        """Hand over open files; a helper that died is replaced once."""
        for last in (False, True):
            asked = self.start()
            try:
                socket.send_fds(asked, [b"read"], files)
                return
            except OSError:
                if last:
                    raise
                with self._lock:
                    if self._socket is asked:
                        self._socket = None
                        asked.close()


def _started() -> socket.socket:
    ours, theirs = socket.socketpair(
        socket.AF_UNIX, socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_DGRAM
    )
    with theirs:
        number = theirs.fileno()
        subprocess.Popen(
            [sys.executable, "-I", "-c", _START.format(str(_CODE), number)],
            # No secret travels on: neither the installation's keys nor addresses with passwords.
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[number],
            start_new_session=True,
        )
    return ours


_helper: Final = _Helper()


def _on_file(task: str, path: Path, argument: Any, limits: Limits, kind: str) -> Any:
    try:
        with path.open("rb") as file:
            return _call(task, file.fileno(), argument, limits, MediaError, kind)
    except OSError as error:
        raise MediaError(f"The file {path.name} cannot be opened: {error.strerror}.") from error


def _call(
    task: str, given: bytes | int, argument: Any, limits: Limits, refusal: type[AnalysisError], kind: str
) -> Any:
    """What a child found, of the class with the name ``kind``."""
    if not _AT_ONCE.acquire(timeout=limits.wall_s):
        raise refusal(BUSY)
    try:
        answer, status, overdue = _asked(task, given, argument, limits)
    finally:
        _AT_ONCE.release()
    if status == 0 and not overdue:
        try:
            fine, told = unpacked(answer)
        except Exception as error:  # no reader of ours said this
            raise refusal(BROKE) from error
        if fine and type(told).__name__ != kind:
            raise refusal(BROKE)
        if fine:
            return told
        raise refusal(str(told)[:_LONGEST_SENTENCE])
    if overdue or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
        raise refusal(TOO_LONG.format(limits.wall_s if overdue else limits.cpu_s))
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == MEMORY_EXIT:
        raise refusal(TOO_MUCH.format(limits.memory >> 20))
    raise refusal(BROKE)


def _asked(task: str, given: bytes | int, argument: Any, limits: Limits) -> tuple[bytes, int, bool]:
    """What the child said, the status it ended with, and whether it was stopped for its time."""
    with contextlib.ExitStack() as stack:
        asked = stack.enter_context(tempfile.TemporaryFile())
        asked.write(question((task, limits, argument)))
        if isinstance(given, bytes):
            asked.write(given)
        asked.flush()
        answer_in, answer_out = os.pipe()
        ended_in, ended_out = os.pipe()
        answered = stack.enter_context(os.fdopen(answer_in, "rb", 0))
        ended = stack.enter_context(os.fdopen(ended_in, "rb", 0))
        try:
            _helper.send([asked.fileno(), answer_out, ended_out, *([given] if isinstance(given, int) else [])])
        finally:
            os.close(answer_out)
            os.close(ended_out)
        content = _drained(answered.fileno(), limits)
        # Whether in time or not, the helper says how it ended; a helper that was killed itself says nothing.
        if content is None or not select.select([ended], [], [], limits.wall_s)[0]:
            return b"", 0, True
        told = ended.read(ENDED.size)
    if len(told) != ENDED.size:
        return b"", signal.SIGKILL, False
    status, overdue = ENDED.unpack(told)
    return content, status, overdue


def _drained(descriptor: int, limits: Limits) -> bytes | None:
    """Everything the child says; None when it says more than may be, or never ends."""
    content, until = bytearray(), time.monotonic() + limits.wall_s + 10
    while select.select([descriptor], [], [], max(0.0, until - time.monotonic()))[0]:
        piece = os.read(descriptor, 1 << 20)
        if not piece:
            return bytes(content)
        content += piece
        if len(content) > limits.answer:
            return None
    return None
