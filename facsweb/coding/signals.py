"""Windows of a run's signals at the resolution of a screen.

A finished run's files never change, so what is read of them is kept in memory under the folder's name, which holds
the run and its attempt. Intensities are kept as one byte each: 0 where there is none, otherwise 1 + value / STEP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.facs.codes import ACTION_UNITS, CATALOGUE, EYE_CODES, HEAD_CODES

#: Intensity that one step of a stored byte stands for; finer than a screen shows or a person tells apart.
STEP: Final = 0.02
#: Rows of the heatmap that a run can have, in FACS order.
ROWS: Final = tuple(code for code in CATALOGUE if code in {*ACTION_UNITS, *HEAD_CODES, *EYE_CODES})
SIDES: Final = {"both": "", "left": "_L", "right": "_R"}
#: The ends of the interval around ``both``.
ENDS: Final = {"low": "_low", "high": "_high"}
KEPT: Final = 12

Times = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One face of one run.

    Attributes
    ----------
    times : ndarray of int64, shape (N,)
        Microseconds at which each frame comes on screen, ascending.
    rows : ndarray of intp, shape (N,)
        Where those frames are in the file.
    codes : tuple of str
        Codes with a figure in at least one frame, in FACS order.
    heat : ndarray of uint8, shape (len(codes), N)
        Their intensities as bytes.
    gates : tuple of (int, int, str)
        Stretches in which something is not scored: first microsecond, the one after the last, and reasons joined
        by ``;``. Empty for results of before there were reasons.
    """

    times: Times
    rows: Indices
    codes: tuple[str, ...]
    heat: Bytes
    gates: tuple[tuple[int, int, str], ...] = ()


def encode(values: Floats) -> Bytes:
    """Intensities 0–5 as bytes: 0 for NaN, otherwise 1 + the nearest multiple of `STEP`."""
    steps = np.rint(np.clip(values, 0, 5) / STEP) + 1
    return np.where(np.isnan(values), 0, steps).astype(np.uint8)


@lru_cache(maxsize=KEPT)
def track(folder: Path, face: int) -> Track:
    """Read one face of a finished run; raises OSError when the file is gone."""
    with pq.ParquetFile(folder / "signals.parquet", memory_map=True) as file:
        names = set(file.schema_arrow.names)
        index = file.read(columns=["time_us", "face"])
        rows = np.flatnonzero(index["face"].to_numpy() == face)
        times = index["time_us"].to_numpy()[rows].astype(np.int64)
        order = np.argsort(times, kind="stable")
        rows, times = rows[order], times[order]
        present = [code for code in ROWS if f"AU{code}" in names]
        table = file.read(columns=[f"AU{code}" for code in present])
        gate = file.read(columns=["gate"])["gate"].combine_chunks() if "gate" in names else None
    kept, lines = [], []
    for code in present:
        line = encode(table[f"AU{code}"].to_numpy()[rows])
        if line.any():
            kept.append(code)
            lines.append(line)
    heat = np.stack(lines) if lines else np.zeros((0, len(rows)), np.uint8)
    gates = () if gate is None else _gates(times, pc.cast(gate, pa.string()).take(pa.array(rows)))
    return Track(times, rows, tuple(kept), heat, gates)


def _gates(times: Times, texts: pa.Array) -> tuple[tuple[int, int, str], ...]:
    """Stretches of the same text that is not empty; each lasts until the next frame comes on screen."""
    if not len(times):
        return ()
    encoded = texts.dictionary_encode()
    index, words = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
    starts = np.append(0, np.flatnonzero(np.diff(index)) + 1)
    last_us = int(times[-1]) + int(np.median(np.diff(times))) if len(times) > 1 else int(times[-1]) + 1
    ends = np.append(times[starts[1:]], last_us)
    found = zip(times[starts].tolist(), ends.tolist(), index[starts].tolist(), strict=True)
    return tuple((start, end, words[word]) for start, end, word in found if words[word])


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
    first, last = bins(face.times, from_us, to_us, width)
    # Only the window's frames are copied and reduced, however long the recording is.
    start, stop = (int(first.min()), int(last.max())) if width else (0, 0)
    part = face.heat[:, start:stop]
    return reduce_bins(np.maximum, part, first - start, last - start, 0)


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
