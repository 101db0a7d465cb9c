"""Reads parts of a stored measurement: a stretch of one face, few columns of it, or a sample, without the rest.

`analysis.stored` reads a face whole, as the interpretation needs it; a page that shows one event of an hour must
not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis import people
from analysis.facs.series import FaceSeries, Int64
from analysis.scoring.code import CODE_COLUMNS
from analysis.types import AnalysisError, Float32

FILE: Final = "measurement.parquet"
_INDEX: Final = ("frame", "time_us", "face")
_LEFT_OUT: Final = frozenset({*_INDEX, "track", *CODE_COLUMNS})
_SAMPLED_GROUPS: Final = 16


@dataclass(frozen=True, slots=True, eq=False)
class FaceRows:
    """Where one face lies in a measurement.

    Attributes
    ----------
    folder : Path
        Of the result.
    frame, time_us : int64, shape (n,)
        Frame numbers and media times (microseconds) at which the face was seen, ascending.
    rows : int64, shape (n,)
        Rows of the file.
    starts : int64, shape (g + 1,)
        First row of every row group, and the number of rows.
    measures : tuple of str
        Columns that hold measures (the encoder's numbers are left out).
    """

    folder: Path
    frame: Int64
    time_us: Int64
    rows: Int64
    starts: Int64
    measures: tuple[str, ...]

    def between(self, from_us: int, to_us: int) -> slice:
        """The part of the face's frames from a time until before another."""
        return slice(*(int(i) for i in np.searchsorted(self.time_us, (from_us, to_us))))


def face_rows(folder: Path, face: int) -> FaceRows:
    """Find a face in a measurement.

    Parameters
    ----------
    folder : Path
        A result with ``measurement.parquet``.
    face : int
        As ``signals.parquet`` numbers it.

    Raises
    ------
    AnalysisError
        There is no readable measurement, or the face is not in it.
    """
    try:
        with pq.ParquetFile(folder / FILE, memory_map=True) as file:
            index = file.read(columns=list(_INDEX))
            sizes = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
            names = tuple(name for name in file.schema_arrow.names if name not in _LEFT_OUT)
        frame, time_us, faces = (index[name].to_numpy().astype(np.int64) for name in _INDEX)
    except (OSError, KeyError, pa.ArrowException) as error:
        raise AnalysisError(f"No readable measurement in {folder.name}.") from error
    by_hand = people.faces_by_hand(folder, faces)
    rows = np.flatnonzero((faces if by_hand is None else by_hand) == face)
    if not len(rows):
        raise AnalysisError(f"Face {face} is not in this measurement.")
    rows = rows[np.argsort(time_us[rows], kind="stable")]
    return FaceRows(folder, frame[rows], time_us[rows], rows, np.cumsum([0, *sizes]), names)


def columns(found: FaceRows, part: slice, names: Sequence[str]) -> dict[str, Float32]:
    """Measures of a part of a face's frames, each of shape (n,); only the row groups that hold them are read.

    Raises
    ------
    AnalysisError
        The file is gone or damaged.
    """
    wanted = found.rows[part]
    groups = np.unique(np.searchsorted(found.starts, wanted, side="right") - 1)
    try:
        with pq.ParquetFile(found.folder / FILE, memory_map=True) as file:
            table = file.read_row_groups(groups.tolist(), columns=list(names))
    except (OSError, pa.ArrowException) as error:
        raise AnalysisError(f"The measurement in {found.folder.name} is damaged.") from error
    read = np.concatenate([np.arange(found.starts[i], found.starts[i + 1]) for i in groups] or [np.zeros(0, int)])
    at = np.searchsorted(read, wanted)
    return {name: table[name].to_numpy()[at].astype(np.float32, copy=False) for name in names}


def series(found: FaceRows, part: slice, names: Sequence[str] | None = None) -> FaceSeries:
    """A part of a face's frames as a series, with all measures or those named."""
    return FaceSeries(found.frame[part], found.time_us[part], columns(found, part, names or found.measures))


def sample(found: FaceRows, names: Sequence[str]) -> dict[str, Float32]:
    """Measures in evenly spread stretches of the recording (all of it where it is short), each of shape (m,)."""
    groups = np.unique(np.searchsorted(found.starts, found.rows, side="right") - 1)
    if len(groups) > _SAMPLED_GROUPS:
        groups = groups[np.linspace(0, len(groups) - 1, _SAMPLED_GROUPS).round().astype(int)]
    parts = [
        columns(found, slice(*np.searchsorted(found.rows, found.starts[[i, i + 1]]).tolist()), names)
        for i in groups
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in names}
