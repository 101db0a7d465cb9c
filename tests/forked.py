"""facsweb's programs as processes beside the tests which need not import everything each: forks of one that did.

``python -m tests.forked`` reads programs, one as JSON a line, and answers each with the number of the process that
runs it. That process is handed on to whoever asked, which waits for it as for a child of its own. The process that
forks opens no connection to anything, so that no two programs share one.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.audit.forks import become
from tests.programs import of_the_tests

REPOSITORY = Path(__file__).resolve().parent.parent
MANAGE = "import manage; manage.main()"
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


class Forked:
    """A program that runs in a session of its own, on the database, the files and the Redis of the tests.

    It has what the tests use of `subprocess.Popen`.
    """

    def __init__(self, program: str, *words: str) -> None:
        known = {name: value for name, value in of_the_tests().items() if name != "PYTEST_CURRENT_TEST"}
        self.pid = _forks(frozenset(known.items())).begin(program, ["manage.py", *words])
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None and timeout is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        deadline = time.monotonic() + (timeout or 0)
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            time.sleep(0.02)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class _Forks:
    """The process that forks, in an environment in which the settings were read."""

    def __init__(self, known: frozenset[tuple[str, str]]) -> None:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.forked"],
            cwd=REPOSITORY,
            env=dict(known) | {"DJANGO_SETTINGS_MODULE": "facsweb.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        atexit.register(self.process.communicate)

    def begin(self, program: str, words: list[str]) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([program, words]) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@functools.cache
def _forks(known: frozenset[tuple[str, str]]) -> _Forks:
    return _Forks(known)


def _begin(program: str, words: list[str]) -> int:
    """The number of a process whose parent has ended, so that it belongs to whoever reaps what is left."""
    told, tell = os.pipe()
    if (between := os.fork()) == 0:
        if (pid := os.fork()) == 0:
            os.close(told)
            os.close(tell)
            os.setsid()  # as a terminal would start it
            become(program, words, 2, 2)
        os.write(tell, str(pid).encode())
        os._exit(0)
    os.close(tell)
    os.waitpid(between, 0)
    with os.fdopen(told) as said:
        return int(said.read())


def main() -> None:
    import django

    django.setup()
    import uvicorn  # noqa: F401
    from django.urls import get_resolver
    from django.utils.module_loading import autodiscover_modules

    import facsweb.asgi
    import facsweb.processes.duties
    import facsweb.runs.job  # noqa: F401

    autodiscover_modules("tasks")
    get_resolver().url_patterns  # noqa: B018 (what it names is imported)
    for line in sys.stdin:
        print(_begin(*json.loads(line)), flush=True)


if __name__ == "__main__":
    main()
