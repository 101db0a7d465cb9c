"""Windows of a run's signals at the resolution of a screen.

A finished run's files never change, so what is read of them is kept under the folder's name, which holds the run
and its attempt (``tracks.py``). Intensities are one byte each: 0 where there is none, otherwise 1 + value / STEP.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pyarrow.parquet as pq

from facsweb.coding.tracks import KEPT, ROWS, STEP, Bytes, Floats, Indices, Times, Track, encode, track

__all__ = [
    "ROWS",
    "STEP",
    "Bytes",
    "Track",
    "bins",
    "curves",
    "encode",
    "ends_window",
    "frame_times",
    "gates_window",
    "heat_window",
    "reduce_bins",
    "track",
]

SIDES: Final = {"both": "", "left": "_L", "right": "_R"}
#: The ends of the interval around ``both``.
ENDS: Final = {"low": "_low", "high": "_high"}


def gates_window(face: Track, from_us: int, to_us: int, width: int) -> list[tuple[int, int, str]]:
    """A window's stretches; those shorter than a column of the screen only as long as there are not too many."""
    inside = [gate for gate in face.gates if gate[0] < to_us and gate[1] > from_us]
    if len(inside) <= width:
        return inside
    column_us = (to_us - from_us) / width
    return [gate for gate in inside if gate[1] - gate[0] >= column_us]


@lru_cache(maxsize=KEPT)
def frame_times(folder: Path) -> Times:
    """Microseconds at which every decoded frame comes on screen; empty when no file tells."""
    for name in ("signals.parquet", "measurement.parquet"):
        path = folder / name
        if not path.is_file():
            continue
        times = pq.read_table(path, columns=["time_us"], memory_map=True)["time_us"]
        if len(times):
            return np.sort(pc.unique(times).to_numpy()).astype(np.int64)
    return np.zeros(0, np.int64)


def bins(times: Times, from_us: int, to_us: int, width: int) -> tuple[Indices, Indices]:
    """First and last + 1 frame on screen during each of `width` equal parts of a window.

    A frame is on screen until the next one comes. A part before the first frame is empty (first == last).
    """
    edges = np.linspace(from_us, to_us, width + 1)
    first = np.maximum(np.searchsorted(times, edges[:-1], side="right") - 1, 0)
    last = np.searchsorted(times, edges[1:], side="left")
    return first, np.maximum(last, first)


def reduce_bins(
    reduction: np.ufunc,
    values: npt.NDArray[Any],
    first: npt.NDArray[np.intp],
    last: npt.NDArray[np.intp],
    empty: Any,
) -> npt.NDArray[Any]:
    """Reduce the last axis of `values` over [first, last) for every bin; `empty` where a bin has no frame.

    Parameters
    ----------
    reduction : ufunc
        ``np.maximum``, ``np.fmin`` …
    values : ndarray, shape (..., N)
        One figure a frame.
    first, last : ndarray of intp, shape (W,)
        Of `bins`; bins may overlap.
    empty : scalar
        Of the dtype of `values`.

    Returns
    -------
    ndarray, shape (..., W)
    """
    if values.shape[-1] == 0:
        return np.full((*values.shape[:-1], len(first)), empty, values.dtype)
    padding = np.full((*values.shape[:-1], 1), empty, values.dtype)
    padded = np.concatenate([values, padding], axis=-1)  # reduceat wants every index to exist
    pairs = np.stack([first, last], axis=1).ravel()
    reduced = reduction.reduceat(padded, pairs, axis=-1)[..., ::2]
    return np.where(last > first, reduced, np.asarray(empty, values.dtype))


def heat_window(face: Track, from_us: int, to_us: int, width: int) -> Bytes:
    """The highest intensity of every code during every column of the screen, as bytes, shape (codes, width)."""
    part, first, last = _part(face, face.heat, from_us, to_us, width)
    return reduce_bins(np.maximum, part, first, last, 0)


def ends_window(
    face: Track, codes: Sequence[str], from_us: int, to_us: int, width: int
) -> tuple[tuple[str, ...], Bytes, Bytes]:
    """The widest that the intervals of some codes get during every column of the screen.

    Returns
    -------
    codes : tuple of str
        Those of `codes` that have an interval, in FACS order.
    low, high : ndarray of uint8, shape (len(codes), width)
        The lowest lower and the highest upper end, as bytes.
    """
    lines = [index for index, code in enumerate(face.sure) if code in set(codes)]
    part, first, last = _part(face, face.low[lines], from_us, to_us, width)
    # A byte of 0 says "none" and must not win: as 255 it loses against every figure.
    low = reduce_bins(np.minimum, part - np.uint8(1), first, last, 255) + np.uint8(1)
    part, first, last = _part(face, face.high[lines], from_us, to_us, width)
    return tuple(face.sure[index] for index in lines), low, reduce_bins(np.maximum, part, first, last, 0)


def _part(face: Track, values: Bytes, from_us: int, to_us: int, width: int) -> tuple[Bytes, Indices, Indices]:
    """A window's frames and its columns' bins in them: nothing else is copied, however long the recording is."""
    first, last = bins(face.times, from_us, to_us, width)
    start, stop = (int(first.min()), int(last.max())) if width else (0, 0)
    return values[:, start:stop], first - start, last - start


def curves(
    folder: Path, face: Track, codes: Sequence[str], from_us: int, to_us: int, width: int
) -> dict[str, Any]:
    """Curves of codes in a window: every frame where the screen has room, otherwise lowest and highest a column.

    Returns
    -------
    dict
        Code → ``{"time_us": [int], "both": [float or None], "left": …, "right": …, "low": …, "high": …}``; sides
        and ends of the interval only where the file has them, None where there is no figure, so that a gap stays a
        gap. ``exact`` says whether every frame is there.
    """
    path = folder / "signals.parquet"
    with pq.ParquetFile(path, memory_map=True) as file:
        names = set(file.schema_arrow.names)
        columns = {
            (code, side): f"AU{code}{suffix}"
            for code in codes
            for side, suffix in (SIDES | ENDS).items()
            if f"AU{code}{suffix}" in names
        }
        table = file.read(columns=sorted(set(columns.values())))
    # One frame on each side of the window, so that a line runs to the edge of the picture.
    start = max(int(np.searchsorted(face.times, from_us, side="right")) - 1, 0)
    stop = min(int(np.searchsorted(face.times, to_us, side="left")) + 1, len(face.times))
    times = face.times[start:stop]
    found: dict[str, Any] = {code: {} for code in codes}
    for (code, side), name in columns.items():
        values = table[name].to_numpy()[face.rows[start:stop]].astype(np.float32)
        drawn_at, drawn = _thin(times, values, from_us, to_us, width)
        if side in ENDS:
            if not np.isfinite(drawn).any():
                continue  # a scorer without intervals
            if len(drawn) != len(values):  # the widest that the interval gets during a column
                drawn = np.repeat(drawn[0::2] if side == "low" else drawn[1::2], 2)
        found[code]["time_us"], found[code]["exact"] = drawn_at.tolist(), len(drawn_at) == len(times)
        found[code][side] = [None if value != value else round(value, 3) for value in drawn.tolist()]
    return found


def _thin(times: Times, values: Floats, from_us: int, to_us: int, width: int) -> tuple[Times, Floats]:
    if len(times) <= 2 * width:
        return times, values
    first, last = bins(times, from_us, to_us, width)
    low = reduce_bins(np.fmin, values, first, last, np.nan)
    high = reduce_bins(np.fmax, values, first, last, np.nan)
    quarters = np.linspace(from_us, to_us, 4 * width + 1)
    at = np.stack([quarters[1::4], quarters[3::4]], axis=1).ravel().astype(np.int64)
    return at, np.stack([low, high], axis=1).ravel()
