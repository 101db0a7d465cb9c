"""The same act by several people at the same moment, each in a thread with a connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connections

from tests.programs import PATIENCE_S

T = TypeVar("T")


def at_once(act: Callable[[], T], count: int = 4) -> list[T]:
    """What the act gave each time; raises what one of them raised."""
    together = Barrier(count)

    def one() -> T:
        together.wait(PATIENCE_S)
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as threads:
        return [done.result() for done in [threads.submit(one) for _ in range(count)]]
