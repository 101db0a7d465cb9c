"""What the recovery process does at every round. Apps add to the list in ``AppConfig.ready()``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

#: Each puts back what a dead worker or an emptied Redis lost, and returns how many things it put back. Called
#: every few seconds, so finding nothing must be cheap; an error is logged and does not disturb the others.
duties: Final[list[Callable[[], int]]] = []
