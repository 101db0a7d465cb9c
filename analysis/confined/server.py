"""The helper process: the readers loaded once, a forked child in its jail for every file.

Run as ``python -I -c … FD``; asked through that socket with open files (`calls`), never with paths. It ends when
the socket is closed. It has one thread and answers nothing itself: what a child says goes to who asked, and the
helper adds how the child ended.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import select
import shutil
import signal
import socket
import struct
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from analysis.confined import jail, tasks
from analysis.confined.plain import packed
from analysis.types import AnalysisError

#: How a child ended, as the helper says it: exit status of ``waitpid``, and whether it was stopped for its time.
ENDED: Final = struct.Struct("=i?")
MEMORY_EXIT: Final = 77
#: Of the folders in which a child may write; the helper's process id follows.
PREFIX: Final = "facsweb-confined-"
_TICK_S: Final = 0.5


@dataclass(slots=True)
class _Child:
    ended: int  # where the end is told
    deadline: float
    scratch: str
    overdue: bool = False


def serve(descriptor: int) -> None:
    """Answer until the socket is closed."""
    asked = socket.socket(fileno=descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    woken, waking = os.pipe()
    os.set_blocking(waking, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    children: dict[int, _Child] = {}
    readers = list(tasks.READERS)
    while True:
        patience = 0 if readers else _TICK_S if children else None
        ready = select.select([asked.fileno(), woken], [], [], patience)[0]
        if woken in ready:
            os.read(woken, 4096)
        _reap(children)
        if asked.fileno() in ready:
            message, files, _, _ = socket.recv_fds(asked, 16, 4)
            if not message:
                break
            _begin(files, children, asked)
        elif readers and not ready:
            with contextlib.suppress(ImportError):
                importlib.import_module(readers.pop(0))
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    while children:
        time.sleep(0.01)
        _reap(children)


def _begin(files: list[int], children: dict[int, _Child], asked: socket.socket) -> None:
    question, answer, ended, *file = files
    with os.fdopen(question, "rb") as stream:
        stream.seek(0)
        task, limits, argument = pickle.load(stream)  # noqa: S301 (from the process that started this one)  # nosec B301
        content = None if file else stream.read()
    # Its name says whose it is: other installations and tests have theirs beside it.
    scratch = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-") if task in tasks.SCRATCH else ""
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        asked.detach()
        kept = {answer, *file}
        for number in range(3, max(kept) + 1):  # among them who is told how other children ended
            if number not in kept:
                with contextlib.suppress(OSError):
                    os.close(number)
        os.closerange(max(kept) + 1, 1024)
        _read(answer, task, limits, argument, content if content is not None else file[0], scratch)
    for one in (answer, *file):
        os.close(one)
    children[pid] = _Child(ended, time.monotonic() + limits.wall_s, scratch)


def _reap(children: dict[int, _Child]) -> None:
    now = time.monotonic()
    for pid, child in list(children.items()):
        if now > child.deadline and not child.overdue:
            child.overdue = True
            os.kill(pid, signal.SIGKILL)
        found, status = os.waitpid(pid, os.WNOHANG)
        if found == 0:
            continue
        del children[pid]
        with contextlib.suppress(OSError):  # who asked is gone
            os.write(child.ended, ENDED.pack(status, child.overdue))
        os.close(child.ended)
        if child.scratch:
            shutil.rmtree(child.scratch, ignore_errors=True)


def _read(answer: int, task: str, limits: jail.Limits, argument: Any, given: bytes | int, scratch: str) -> None:
    """The child: into the jail, read, answer, end."""
    code = 1
    try:
        if scratch:
            tempfile.tempdir = scratch
        opened = [given] if isinstance(given, int) else []
        jail.enter(limits, opened, Path(scratch) if scratch else None)
        told = _outcome(task, argument, given)
        with os.fdopen(answer, "wb") as stream:
            stream.write(packed(told))
        code = 0
    except MemoryError:
        code = MEMORY_EXIT
    except BaseException as error:
        sys.stderr.write(f"confined {task}: {error!r}"[:2000] + "\n")
    finally:
        os._exit(code)


def _outcome(task: str, argument: Any, given: bytes | int) -> tuple[bool, Any]:
    """Whether it went well, and the result; or the sentence of the refusal."""
    try:
        if isinstance(given, int):
            path = Path(f"/dev/fd/{given}")
            return True, tasks.ON_FILES[task](path, argument)
        return True, tasks.ON_BYTES[task](given, argument)
    except AnalysisError as error:
        if isinstance(error.__cause__, MemoryError):
            raise MemoryError from error
        return False, str(error)
