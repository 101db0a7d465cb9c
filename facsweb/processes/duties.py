"""What the recovery process does at every round. Apps add to the list in ``AppConfig.ready()``."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Final

#: Each puts back what a dead worker or an emptied Redis lost, and returns how many things it put back. Called
#: every few seconds, so finding nothing must be cheap; an error is logged and does not disturb the others.
duties: Final[list[Callable[[], object]]] = []

SLOW_S = 0.1  # a look that takes longer is made less often …
REST: Final = 50  # … so that it takes at most one part in so many of the time


class Paced:
    """Keeps a look that grows with what there is from taking all the time of who looks."""

    def __init__(self) -> None:
        self._due_at = 0.0

    def due(self) -> bool:
        """Whether the last look is long enough ago for what it took."""
        return time.monotonic() >= self._due_at

    @contextlib.contextmanager
    def look(self) -> Iterator[None]:
        """Around the look."""
        began = time.monotonic()
        try:
            yield
        finally:
            took = time.monotonic() - began
            self._due_at = time.monotonic() + (REST * took if took > SLOW_S else 0.0)
