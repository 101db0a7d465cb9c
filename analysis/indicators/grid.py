"""Time in equal cells: sums over frames, stretches and other windows, and resampling of blocks of cells."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.facs.series import Float64, Int64

#: Length of a cell, microseconds: the step of what moments are said in. A choice of ours: a glance away and back
#: or one smile fits, and states have windows of the same length.
CELL_US: Final = 2_000_000
#: Cells that a resampled block has at least: 10 s. Expressions and speaking turns take seconds, so neighbouring
#: cells are no independent samples. A choice of ours; docs/indicators.md tells the coverage that was measured.
LEAST_BLOCK: Final = 5
_NORMAL: Final = 1.6449
_MOST_WIDER: Final = 2.0


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells of equal length over a recording.

    Attributes
    ----------
    start_us : int
        Beginning of the first cell, microseconds.
    cells : int
        At least 1.
    length_us : int
        Of a cell.

    Raises
    ------
    ValueError
        No cell, or one without length.
    """

    start_us: int
    cells: int
    length_us: int = CELL_US

    def __post_init__(self) -> None:
        if self.cells < 1 or self.length_us < 1:
            raise ValueError("a grid needs a cell, and a cell a length")

    @property
    def edges(self) -> Int64:
        """Shape (cells + 1,), microseconds."""
        return self.start_us + np.arange(self.cells + 1, dtype=np.int64) * self.length_us

    @property
    def seconds(self) -> float:
        """Length of a cell, seconds."""
        return self.length_us / 1e6

    def index(self, time_us: Int64) -> Int64:
        """Cell of every moment, shape (n,); moments outside belong to the first or the last."""
        place = (np.asarray(time_us, np.int64) - self.start_us) // self.length_us
        return np.clip(place, 0, self.cells - 1)

    def sums(self, time_us: Int64, weights: Float64) -> Float64:
        """Sum of frames' weights by cell, shape (cells,); NaN counts as nothing."""
        found: Float64 = np.bincount(self.index(time_us), np.nan_to_num(weights), self.cells).astype(np.float64)
        return found

    def covered_s(self, stretches: Iterable[tuple[int, int]]) -> Float64:
        """Seconds of each cell that are in at least one of the stretches, shape (cells,)."""
        joined = union(stretches)
        if not joined:
            return np.zeros(self.cells)
        ends = np.array(joined, np.float64)
        knots = ends.ravel()
        filled = np.zeros(len(knots))
        lengths = np.cumsum(ends[:, 1] - ends[:, 0])
        filled[1::2], filled[2::2] = lengths, lengths[:-1]
        # a knot that ends one stretch and begins the next would stand twice
        at = np.interp(self.edges.astype(np.float64), knots, filled)
        out: Float64 = np.diff(at) / 1e6
        return out

    def moments(self, points: Float64, most: int) -> list[tuple[int, int, float]]:
        """The stretches of cells that weigh most.

        Parameters
        ----------
        points : float64, shape (cells,)
            What each cell gives or takes.
        most : int
            Stretches that are returned at most.

        Returns
        -------
        list of (start_us, end_us, points)
            Cells that weigh at least half of the heaviest one, neighbours of the same sign joined; the heaviest
            stretch first.
        """
        size = np.abs(np.nan_to_num(points))
        if not len(size) or size.max() <= 0:
            return []
        sign = np.where(size >= size.max() / 2, np.sign(points), 0.0)
        starts = np.flatnonzero(np.diff(sign, prepend=0.0) != 0)
        found = []
        for first, last in zip(starts, [*starts[1:], len(sign)], strict=True):
            if sign[first]:
                edges = self.start_us + first * self.length_us, self.start_us + last * self.length_us
                found.append((int(edges[0]), int(edges[1]), float(points[first:last].sum())))
        return sorted(found, key=lambda one: (-abs(one[2]), one[0]))[:most]


def grid_over(start_us: int, end_us: int, length_us: int = CELL_US) -> Grid:
    """Cells from the first to the last moment, at least one."""
    return Grid(start_us, max(1, math.ceil((end_us - start_us) / length_us)), length_us)


def union(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches joined where they touch or overlap, ascending; empty ones are left out."""
    out: list[tuple[int, int]] = []
    for start, end in sorted((int(start), int(end)) for start, end in stretches):
        if end <= start:
            continue
        if out and start <= out[-1][1]:
            out[-1] = out[-1][0], max(end, out[-1][1])
        else:
            out.append((start, end))
    return out


def inside(time_us: Int64, stretches: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Which moments are in a stretch, shape (n,); a stretch holds its first and not its last microsecond."""
    joined = union(stretches)
    if not joined:
        return np.zeros(len(time_us), bool)
    ends = np.array(joined, np.int64).ravel()
    found: NDArray[np.bool_] = np.searchsorted(ends, time_us, side="right") % 2 == 1
    return found


def block_length(cells: int) -> int:
    """Cells in a resampled block, of the order of the cube root (Hall, Horowitz & Jing 1995)."""
    return min(cells, max(LEAST_BLOCK, math.ceil(3 * math.cbrt(cells))))


def block_counts(cells: int, draws: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """How much each cell counts in every resample of circular blocks (Politis & Romano 1992).

    Few blocks vary less than what they were drawn from, and their percentiles are those of a normal distribution;
    so the counts are spread around 1 by what a t interval is wider (Hesterberg 2015, The American Statistician
    69:371–386), at most twice. A count can therefore be below 0.

    Returns
    -------
    float32, shape (draws, cells)
        Every row sums to ``cells``.
    """
    length = block_length(cells)
    blocks = math.ceil(cells / length)
    starts = rng.integers(0, cells, (draws, blocks))
    size = np.full(blocks, length)
    size[-1] = cells - length * (blocks - 1)
    # +1 where a block begins, −1 behind its end, summed along: no loop over the cells of a block
    width = 2 * cells + 1
    places = starts + np.arange(draws)[:, None] * width
    begun, ended = (np.bincount(one.ravel(), minlength=draws * width) for one in (places, places + size))
    laid = np.cumsum((begun - ended).reshape(draws, width), axis=1)[:, : 2 * cells].astype(np.float32)
    counts: NDArray[np.float32] = 1 + np.float32(_wider(cells / length)) * (laid[:, :cells] + laid[:, cells:] - 1)
    return counts


def _wider(blocks: float) -> float:
    """By how much a 90 % t interval of as many blocks is wider than what their percentiles give."""
    from scipy.special import stdtrit

    if blocks < 2:
        return _MOST_WIDER
    wanted = math.sqrt(blocks / (blocks - 1)) * float(stdtrit(blocks - 1, 0.95))
    return min(_MOST_WIDER, wanted / _NORMAL)
