"""Exceptions that the handler of a signal raises, and that are not lost where nobody can catch them."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

#: Until the signal comes again, seconds. By then Python has mostly left what it was tidying up.
AGAIN_S: Final = 0.02


@contextlib.contextmanager
def comes_again(
    number: int, raised: type[BaseException], prepare: Callable[[], object] = lambda: None
) -> Iterator[None]:
    """Send this process a signal again whenever what its handler raised was lost.

    Python loses what is raised in a ``__del__`` or in the callback of a weak reference or of garbage collection,
    says so on the terminal and goes on. In here it says nothing and is interrupted again, until the exception
    arrives or the context ends.

    Parameters
    ----------
    number : int
        The signal; its handler raises in the main thread.
    raised : type
        What it raises.
    prepare : callable, optional
        Called before, for a handler that answers one signal only.
    """
    before, within = sys.unraisablehook, [True]

    def again() -> None:
        if within:
            os.kill(os.getpid(), number)

    def lost(what: UnraisableHookArgs, /) -> None:
        if not issubclass(what.exc_type, raised):
            before(what)
            return
        prepare()
        timer = threading.Timer(AGAIN_S, again)
        timer.daemon = True
        timer.start()

    sys.unraisablehook = lost
    try:
        yield
    finally:
        within.clear()
        sys.unraisablehook = before
