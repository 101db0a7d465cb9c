"""The public files of an interpretation: ``signals.parquet``, ``events.csv``, ``summary.json``."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.facs.codes import ACTION_UNITS, EYE_CODES, HEAD_CODES
from analysis.facs.events import Event
from analysis.facs.intensity import Intensities, sided_units
from analysis.facs.series import FaceSeries, Float64, Int64

#: Columns of ``signals.parquet``, in order.
SIGNAL_COLUMNS: Final[tuple[str, ...]] = (
    "time_us",
    "face",
    "quality",
    "gate",
    "yaw_deg",
    "pitch_deg",
    "roll_deg",
    *(f"AU{code}" for code in ACTION_UNITS),
    *(f"AU{code}_{side}" for code in sided_units() for side in "LR"),
    *(f"AU{code}" for code in (*HEAD_CODES, *EYE_CODES)),
    *(f"AU{code}_{end}" for code in ACTION_UNITS for end in ("low", "high")),
)
#: Columns of ``events.csv``, in order.
EVENT_COLUMNS: Final = (
    "code",
    "side",
    "intensity",
    "onset_us",
    "apex_us",
    "offset_us",
    "confidence",
    "face",
)
_TYPES: Final = {"time_us": pa.int64(), "face": pa.int16(), "gate": pa.dictionary(pa.int32(), pa.string())}
_SCHEMA: Final = pa.schema([(name, _TYPES.get(name, pa.float32())) for name in SIGNAL_COLUMNS])


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to that takes the place of ``path`` only when all went well."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def signal_table(
    face: int,
    times: Int64,
    rows: Int64,
    series: FaceSeries,
    marks: Float64,
    found: Intensities,
    gate: tuple[tuple[str, ...], Int64],
) -> pa.Table:
    """One face's rows of ``signals.parquet``.

    Parameters
    ----------
    face : int
    times : int64, shape (m,)
        Times of all decoded frames, microseconds.
    rows : int64, shape (n,)
        Place of each of the series' frames among them.
    series, marks, found
        The face's measurements, quality (n,) and intensities.
    gate : tuple of str, int64 array of shape (m,)
        Why something is not scored, as `visibility.gate_codes` gives it.
    """

    def spread(values: Float64) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        out = np.full(len(times), np.nan, np.float32)
        out[rows] = values
        return out

    columns: dict[str, Any] = {"time_us": times, "face": np.full(len(times), face, np.int16)}
    columns["quality"] = spread(marks)
    columns["gate"] = pa.DictionaryArray.from_arrays(gate[1].astype(np.int32), list(gate[0]))
    columns |= {name: spread(series[name]) for name in ("yaw_deg", "pitch_deg", "roll_deg")}
    columns |= {f"AU{code}": spread(values) for code, values in found.both.items()}
    columns |= {
        f"AU{code}_{side}": spread(values) for code, sides in found.sides.items() for side, values in sides.items()
    }
    columns |= {
        f"AU{code}_{end}": spread(values)
        for code, ends in found.intervals.items()
        for end, values in zip(("low", "high"), ends, strict=True)
    }
    nothing = np.full(len(times), np.nan, np.float32)
    values = [columns.get(name, nothing) for name in SIGNAL_COLUMNS]
    arrays = [value if isinstance(value, pa.Array) else pa.array(value) for value in values]
    return pa.Table.from_arrays(arrays, schema=_SCHEMA)


def write_signals(path: Path, tables: Iterator[pa.Table]) -> None:
    """Write the faces' tables, one row group each or more, compressed; NaN stays NaN."""
    with replacing(path) as partial, pq.ParquetWriter(partial, _SCHEMA, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table, row_group_size=16_384)


def write_events(path: Path, faces: Sequence[tuple[int, list[Event]]]) -> None:
    """Write all faces' events, in order of onset."""
    rows = [(event, face) for face, found in faces for event in found]
    rows.sort(key=lambda row: (row[0].onset_us, row[1]))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(EVENT_COLUMNS)
    for event, face in rows:
        writer.writerow([*(getattr(event, name) for name in EVENT_COLUMNS[:-1]), face])
    with replacing(path) as partial:
        partial.write_text(text.getvalue(), encoding="utf-8")


def write_summary(path: Path, content: Mapping[str, Any]) -> None:
    """Write ``summary.json``."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
