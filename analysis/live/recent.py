"""The last two seconds of one face as a series, filtered quickly enough to be read again at every picture."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.facs.series import FaceSeries, Float64, finite_runs
from analysis.types import Float32

#: Rules and gates look back less far than this (0.6 s at most); more would only cost.
LENGTH_US: Final = 1_600_000
#: However many pictures come in that time.
MOST: Final = 48


@cache
def _weights(length: int, width: int) -> Float64:
    """Savitzky-Golay of a whole run as a matrix (length, length): what `series.smooth` does with an even run."""
    from scipy.signal import savgol_filter

    return np.asarray(savgol_filter(np.eye(length), width, 2, axis=0))


class Recent(FaceSeries):
    """A short series, with `analysis.facs.series.smooth` as one product of matrices.

    Runs are taken as evenly timed: within two seconds a browser's pictures are, but for those that were left out.
    """

    @cached_property
    def _step_s(self) -> float:
        return self.interval_us / 1e6

    def quickly_smoothed(self, values: Float64, window_s: float) -> Float64 | None:
        """See `analysis.facs.series.smooth`; the last value ends the parabola through those before it."""
        wished = round(window_s / self._step_s)
        out = values.astype(np.float64, copy=True)
        if wished < 5:
            return out
        for run in self.runs if np.isfinite(out).all() else finite_runs(self, out):
            length = run.stop - run.start
            width = min(wished, length) - 1 | 1
            if width >= 5:
                out[run] = _weights(length, width) @ out[run]
        return out


@dataclass
class History:
    """What was measured of one face lately.

    Attributes
    ----------
    names : tuple of str
        Columns of every row.
    """

    names: tuple[str, ...]
    _rows: deque[tuple[int, int, Float32]] = field(default_factory=deque)

    def __len__(self) -> int:
        return len(self._rows)

    def add(
        self, number: int, time_us: int, values: Float32, *, length_us: int = LENGTH_US, most: int = MOST
    ) -> None:
        """Append the row of one picture and forget what is too long ago.

        Parameters
        ----------
        number : int
            Counts pictures, also those in which the face was not seen: a gap in it breaks the run.
        time_us : int
            Later than the last row's.
        values : float32, shape (columns,)
        """
        self._rows.append((number, time_us, values))
        while len(self._rows) > most or time_us - self._rows[0][1] > length_us:
            self._rows.popleft()

    def clear(self) -> None:
        self._rows.clear()

    def series(self) -> Recent:
        """All that is kept, at least one row."""
        table = np.stack([values for _, _, values in self._rows], axis=1)
        columns: Mapping[str, NDArray[np.float32]] = dict(zip(self.names, table, strict=True))
        numbers = np.array([number for number, _, _ in self._rows], np.int64)
        times = np.array([time_us for _, time_us, _ in self._rows], np.int64)
        return Recent(numbers, times, columns)
