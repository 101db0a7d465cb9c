"""Child processes that end when their parent does, however the parent ends."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
# Loaded before any fork: between fork and exec only async-signal-safe work is allowed.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def end_with_parent(sig: int = signal.SIGTERM) -> None:
    """Ask the kernel to send this process `sig` when the thread that made it ends (Linux; elsewhere no effect)."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, sig)


def start(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    stdout: int | IO[Any] | None = None,
    stderr: int | IO[Any] | None = None,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a program in a process group of its own.

    Ctrl-C in the terminal then reaches only the parent, which stops its children in the right order; and when
    the parent is killed without a chance to do so, the kernel sends the child SIGTERM.
    """
    parent = os.getpid()

    def before_exec() -> None:
        end_with_parent()
        if os.getppid() != parent:  # the parent died before the line above
            os._exit(1)

    return subprocess.Popen(
        [str(part) for part in command],
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        pass_fds=pass_fds,
        start_new_session=True,
        preexec_fn=before_exec,  # only a system call, through a library loaded beforehand
    )


def stop(process: subprocess.Popen[bytes], *, grace_s: float = 10.0) -> int:
    """Ask a child to end, then end its whole process group; return its exit status."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_s)
    # The group may outlive its leader (a forked helper); it is ours alone, since the child started it.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()
