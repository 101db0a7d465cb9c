"""What the timeline draws of a finished run, as bytes: read once, kept beside the result, never changed.

Reading the columns of hours takes seconds, so the bytes are written into the folder ``screen`` beside the result
when the run succeeds, or at the first request for older runs, and mapped into memory from there: pages of them
come and go as the system likes, however long the recording is. A result that was written again (another size or
time of ``signals.parquet``) is read again.
"""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
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

log = logging.getLogger(__name__)

#: Intensity that one step of a stored byte stands for; finer than a screen shows or a person tells apart.
STEP: Final = 0.02
#: Rows of the timeline that a run can have, in FACS order.
ROWS: Final = tuple(code for code in CATALOGUE if code in {*ACTION_UNITS, *HEAD_CODES, *EYE_CODES})
KEPT: Final = 12
#: Where the bytes lie, beside the result; the number changes when their form does.
FOLDER: Final = "screen"
FORM: Final = 1

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
        Their intensities as bytes (see `encode`).
    sure : tuple of str
        Codes with an interval, in FACS order.
    low, high : ndarray of uint8, shape (len(sure), N)
        The ends of their 90 % intervals as bytes.
    gates : tuple of (int, int, str)
        Stretches in which something is not scored: first microsecond, the one after the last, and reasons joined
        by ``;``. Empty for results of before there were reasons.
    """

    times: Times
    rows: Indices
    codes: tuple[str, ...]
    heat: Bytes
    sure: tuple[str, ...]
    low: Bytes
    high: Bytes
    gates: tuple[tuple[int, int, str], ...] = ()


_ARRAYS: Final = ("times", "rows", "heat", "low", "high")


def encode(values: Floats) -> Bytes:
    """Intensities 0–5 as bytes: 0 for NaN, otherwise 1 + the nearest multiple of `STEP`."""
    steps = np.rint(np.clip(values, 0, 5) / STEP) + 1
    return np.where(np.isnan(values), 0, steps).astype(np.uint8)


@lru_cache(maxsize=KEPT)
def track(folder: Path, face: int) -> Track:
    """One face of a finished run; raises OSError when the result is gone."""
    source = _source(folder)
    place = folder / FOLDER / f"face-{face}"
    try:
        return _open(place, source)
    except (OSError, ValueError, KeyError):  # not there yet, of another form or result, or damaged
        found = read(folder, face)
    try:
        _write(place, source, found)
        return _open(place, source)
    except (OSError, ValueError, KeyError) as error:
        log.warning("The timeline's bytes could not be kept in %s: %s", place, error)
        return found


def read(folder: Path, face: int) -> Track:
    """Read one face from ``signals.parquet``."""
    with pq.ParquetFile(folder / "signals.parquet", memory_map=True) as file:
        names = set(file.schema_arrow.names)
        index = file.read(columns=["time_us", "face"])
        rows = np.flatnonzero(index["face"].to_numpy() == face)
        times = index["time_us"].to_numpy()[rows].astype(np.int64)
        order = np.argsort(times, kind="stable")
        rows, times = rows[order], times[order]

        def lines(suffix: str, codes: Sequence[str]) -> dict[str, Bytes]:
            # One column after the other: the numbers of an hour would fill a gigabyte, their bytes do not.
            wanted = [code for code in codes if f"AU{code}{suffix}" in names]
            found = (
                (code, encode(file.read(columns=[f"AU{code}{suffix}"]).column(0).to_numpy()[rows]))
                for code in wanted
            )
            return {code: line for code, line in found if line.any()}

        heat = lines("", ROWS)
        low = lines("_low", tuple(heat))
        high = lines("_high", tuple(low))
        gate = file.read(columns=["gate"])["gate"].combine_chunks() if "gate" in names else None
    gates = () if gate is None else _gates(times, pc.cast(gate, pa.string()).take(pa.array(rows)))
    sure = tuple(high)
    return Track(
        times,
        rows,
        tuple(heat),
        _stack([*heat.values()], len(rows)),
        sure,
        _stack([low[code] for code in sure], len(rows)),
        _stack([*high.values()], len(rows)),
        gates,
    )


def _stack(lines: list[Bytes], length: int) -> Bytes:
    return np.stack(lines) if lines else np.zeros((0, length), np.uint8)


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


def _source(folder: Path) -> list[int]:
    """What tells one result from another that was written in its place."""
    stat = (folder / "signals.parquet").stat()
    return [FORM, stat.st_size, stat.st_mtime_ns]


def _open(place: Path, source: list[int]) -> Track:
    told: dict[str, Any] = json.loads((place / "track.json").read_text())
    if told["source"] != source:
        raise ValueError("the bytes belong to another result")
    arrays = {name: _mapped(place / f"{name}.npy") for name in _ARRAYS}
    gates = tuple((start, end, word) for start, end, word in told["gates"])
    return Track(**arrays, codes=tuple(told["codes"]), sure=tuple(told["sure"]), gates=gates)


def _mapped(path: Path) -> npt.NDArray[Any]:
    kept: npt.NDArray[Any] = np.load(path, mmap_mode="r" if path.stat().st_size > _HEADER else None)
    return kept


#: Bytes before the numbers of such a file; a file without numbers cannot be mapped.
_HEADER: Final = 128


def _write(place: Path, source: list[int], found: Track) -> None:
    """Write into a folder of its own and move that into place, so that nobody reads half of it."""
    place.parent.mkdir(exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=place.parent))
    try:
        for name in _ARRAYS:
            np.save(draft / f"{name}.npy", getattr(found, name))
        told = {
            "source": source,
            "codes": found.codes,
            "sure": found.sure,
            "gates": found.gates,
        }
        (draft / "track.json").write_text(json.dumps(told))
        if place.exists():
            shutil.rmtree(place, ignore_errors=True)
        draft.replace(place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
