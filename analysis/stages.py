"""Counts where the time of a measurement goes, cheaply enough to stay on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Stages:
    """Processor seconds by stage, of the thread that does it: what others do on the machine is not in them."""

    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, stage: str, seconds: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        started = time.thread_time()
        try:
            yield
        finally:
            self.add(stage, time.thread_time() - started)

    def iterate(self, stage: str, items: Iterator[T]) -> Iterator[T]:
        """Yield the items, counting the time that each takes to come."""
        while True:
            started = time.thread_time()
            try:
                item = next(items)
            except StopIteration:
                return
            finally:
                self.add(stage, time.thread_time() - started)
            yield item
