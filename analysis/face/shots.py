"""Finds cuts: pictures that have nothing to do with the one before."""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from statistics import median
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.types import Rgb

_ROWS, _COLUMNS = 36, 64
_LEAST_CHANGE: Final = 20.0
"""Mean change of a pixel (of 255) under which there is no cut, however still the pictures were before."""
_TIMES_USUAL: Final = 4.0
"""A cut changes the picture so many times as much as the pictures before it changed."""
_BEFORE: Final = 12


@lru_cache(maxsize=4)
def _grid(height: int, width: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows (n, 1) and columns (m,) of the pixels that are compared."""
    rows = np.linspace(0, height - 1, _ROWS).astype(np.intp)
    return rows[:, None], np.linspace(0, width - 1, _COLUMNS).astype(np.intp)


class Shots:
    """Numbers the shots of a video, from 0; a cut is a change far above the usual of the pictures before it."""

    def __init__(self) -> None:
        self.number = 0
        self._last: NDArray[np.int16] | None = None
        self._changes: deque[float] = deque(maxlen=_BEFORE)

    def snapshot(self) -> list[Any]:
        """Number, changes, and the picture before (base64), for `restore`."""
        last = None if self._last is None else base64.b64encode(self._last.astype(np.uint8).tobytes()).decode()
        return [self.number, list(self._changes), last]

    def restore(self, state: Sequence[Any]) -> None:
        """Go on where another one stood."""
        self.number, changes, last = state
        self._changes = deque(changes, maxlen=_BEFORE)
        if last is not None:
            pixels = np.frombuffer(base64.b64decode(last), np.uint8).astype(np.int16)
            self._last = pixels.reshape(_ROWS, _COLUMNS, 3)

    def update(self, rgb: Rgb) -> int:
        """Return the number of the shot that the next picture belongs to."""
        rows, columns = _grid(rgb.shape[0], rgb.shape[1])
        small = rgb[rows, columns].astype(np.int16)
        if self._last is not None:
            change = float(np.abs(small - self._last).mean())
            if self._changes and change > max(_LEAST_CHANGE, _TIMES_USUAL * median(self._changes)):
                self.number += 1
            self._changes.append(change)
        self._last = small
        return self.number
