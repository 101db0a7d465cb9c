"""Being told to stop by a signal, whatever the interrupted thread was doing.

A handler should not raise: what it raises is lost where Python is in a ``__del__`` or a weak reference's callback.
Nor may it set a `threading.Event`: its lock may be held by the very thread that was interrupted, which then waits
for itself for ever. A byte in a pipe is neither lost nor waited for.
"""

from __future__ import annotations

import os
import select
import signal
import weakref


class Told:
    """Set once, from anywhere; any number of threads may wait for it."""

    def __init__(self) -> None:
        self._set = False
        self._read, self._write = os.pipe()
        weakref.finalize(self, lambda *ends: [os.close(end) for end in ends], self._read, self._write)

    def set(self) -> None:
        """Say it; safe in a signal handler."""
        if not self._set:
            self._set = True
            os.write(self._write, b"!")

    def is_set(self) -> bool:
        """Whether it was said."""
        return self._set

    def wait(self, seconds: float | None = None) -> bool:
        """Return when it was said, or after the time; whether it was said."""
        if not self._set:
            looking = select.poll()
            looking.register(self, select.POLLIN)
            looking.poll(None if seconds is None else 1000 * max(0.0, seconds))
        return self._set

    def fileno(self) -> int:
        """Can be read once it was said."""
        return self._read

    def by_signals(self) -> Told:
        """Let SIGINT and SIGTERM say it; itself."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.set())
        return self
