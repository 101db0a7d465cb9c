"""Lets the stages of one measurement overlap: a thread that is a little ahead, and one that is a little behind.

Both hold a bounded number of items, so memory does not grow, and both keep the order, so the result is the same
as without them. What is done in them is mostly native code, which threads can run side by side.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_PATIENCE_S: Final = 0.05


class _End:
    """Marks the end of a queue; carries what went wrong, if something did."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class Ahead(Generic[T]):
    """Iterates in a thread of its own, at most ``depth`` items ahead of whoever takes them.

    Parameters
    ----------
    items : iterator
        Used in the thread alone. What it raises is raised to the taker in its place.
    depth : int
        At least 1.
    """

    def __init__(self, items: Iterator[T], depth: int) -> None:
        self._items = items
        self._queue: queue.Queue[T | _End] = queue.Queue(depth)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._make, name="ahead", daemon=True)

    def __enter__(self) -> Iterator[T]:
        self._thread.start()
        return self._taken()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        while self._thread.is_alive():  # it may be waiting for room
            try:
                self._queue.get(timeout=_PATIENCE_S)
            except queue.Empty:
                continue
        self._thread.join()

    def _make(self) -> None:
        try:
            for item in self._items:
                self._queue.put(item)
                if self._stopped.is_set():
                    break
        except BaseException as error:  # raised where the items are taken
            self._queue.put(_End(error))
        else:
            self._queue.put(_End())
        finally:
            close = getattr(self._items, "close", None)
            if close is not None:
                close()  # files that it holds are let go of in the thread that opened them

    def _taken(self) -> Iterator[T]:
        while True:
            item = self._queue.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item


class Behind(Generic[T]):
    """Does work on items in a thread of its own, in order; at most ``depth`` of them wait.

    Left without an exception, all of it is done; left with one, what waits is dropped.

    Parameters
    ----------
    work : callable
        What it raises is raised by the next `put`, or at the end.
    depth : int
        At least 1.
    """

    def __init__(self, work: Callable[[T], None], depth: int) -> None:
        self._work = work
        self._queue: queue.Queue[T | _End] = queue.Queue(depth)
        self._error: BaseException | None = None
        self._dropped = False
        self._thread = threading.Thread(target=self._run, name="behind", daemon=True)

    def __enter__(self) -> Behind[T]:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._dropped = error is not None
        self._queue.put(_End())
        self._thread.join()
        if error is None and self._error is not None:
            raise self._error

    def put(self, item: T) -> None:
        """Hand an item over; waits while too many wait."""
        self.check()
        self._queue.put(item)

    def check(self) -> None:
        """Raise what the work raised, if it did."""
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while not isinstance(item := self._queue.get(), _End):
            if self._dropped or self._error is not None:
                continue  # taken off all the same: whoever puts must not wait for ever
            try:
                self._work(item)
            except BaseException as error:  # raised to whoever puts
                self._error = error
