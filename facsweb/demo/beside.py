"""Work in a process of its own beside the one that the terminal talks to, so that it can be ended for certain.

What a signal's handler raises is lost where Python is in a ``__del__``, a weak reference's callback or one of
SQLite's functions, and the work would go on. A process that is killed does not.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing import connection
from types import TracebackType
from typing import Any, Final

from facsweb.processes import child
from facsweb.processes.told import Told

_FORK: Final = multiprocessing.get_context("fork")


class WorkFailed(Exception):  # noqa: N818 (a state that people are told about)
    """The work raised an error that it was to tell; the message is its sentence."""


class WorkStopped(Exception):  # noqa: N818 (a state, not a fault)
    """Somebody asked to stop before the work was where it was waited for."""


class Beside:
    """Do work in a fork, which is killed with everything that it started when this is left.

    Enter it before any thread is started.

    Parameters
    ----------
    work : callable
        Gets a pipe, which carries what both sides tell each other.
    told : tuple of type
        Errors of which only the sentence is told, as `WorkFailed`; others show their traceback.
    """

    def __init__(
        self,
        work: Callable[[connection.Connection], None],
        told: tuple[type[Exception], ...],
    ) -> None:
        self._work, self._told = work, told
        self._stopped = Told()
        self._ended = False
        self._pipe, self._far = _FORK.Pipe()
        self._process = _FORK.Process(target=self._run, args=(os.getpid(),))

    def __enter__(self) -> Beside:
        self._process.start()
        self._far.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._join()
        self._pipe.close()

    def stop(self) -> None:
        """Kill it; safe in a signal handler."""
        self._stopped.set()
        if (pid := self._process.pid) is not None and not self._ended:
            os.kill(pid, signal.SIGKILL)  # it may not lead a group yet
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

    def _join(self) -> None:
        self._ended = True  # from here on its number may be that of another process
        self._process.join()

    def _run(self, parent: int) -> None:
        """In the fork: nothing but its parent ends it, not even Ctrl-C, which reaches a terminal's whole group."""
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        child.end_with_parent(signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        self._pipe.close()
        try:
            self._work(self._far)
        except self._told as error:
            self._far.send(WorkFailed(str(error)))

    def tell(self, what: str) -> None:
        """Let the work know something."""
        with contextlib.suppress(BrokenPipeError):  # it has ended: `hear` says how
            self._pipe.send(what)

    def hear(self) -> Any:
        """What the work tells next; None once it has ended well.

        Raises
        ------
        WorkFailed
            It told an error.
        WorkStopped
            Somebody asked to stop.
        SystemExit
            It ended otherwise, and has said why.
        """
        if self._stopped in connection.wait([self._stopped, self._pipe]):
            raise WorkStopped
        try:
            said = self._pipe.recv()
        except EOFError:
            self._join()
            if status := self._process.exitcode:
                raise SystemExit(status if status > 0 else 1) from None
            return None
        if isinstance(said, WorkFailed):
            raise said
        return said
