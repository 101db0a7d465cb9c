"""Reads what `analysis.measurement` stored: the faces of a recording, and each face's measurements over time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis import people
from analysis.face.geometry import GEOMETRY_COLUMNS
from analysis.face.texture import TEXTURE_COLUMNS
from analysis.facs.series import FaceSeries, Int64
from analysis.scoring.code import CODE_COLUMNS
from analysis.types import AnalysisError, Float32

#: A track must be seen for a second (or a third of a shorter recording) to be reported: false faces are brief.
_LEAST_SEEN_US: Final = 1_000_000
_LEAST_SHARE: Final = 1 / 3
_INDEX: Final = ("frame", "time_us", "face")
_NOT_MEASURED: Final = (*_INDEX, "track")
#: Without these no face can be read; what a version added later (regions in view, the code) may be absent.
_NEEDED: Final = ("presence", "box_x", "box_y", "box_w", "box_h", *GEOMETRY_COLUMNS, *TEXTURE_COLUMNS)


class StoredMeasurement:
    """A stored measurement; one face's columns are read at a time, so memory does not grow with the faces.

    Attributes
    ----------
    about : mapping
        Content of ``measurement.json``.
    times : int64, shape (n,)
        Media time of all decoded frames, microseconds.
    faces, left_out : list of int
        Faces that were seen for long enough, and those that were not.
    size : (int, int) or None
        Width and height of the upright picture, pixels.

    Raises
    ------
    AnalysisError
        The folder holds no readable measurement.
    """

    def __init__(self, folder: Path) -> None:
        self._name = folder.name
        try:
            self._file = pq.ParquetFile(folder / "measurement.parquet", memory_map=True)
            index = self._file.read(columns=list(_INDEX))
            self._frame, time_us, self._face = (index[name].to_numpy().astype(np.int64) for name in _INDEX)
            about = json.loads((folder / "measurement.json").read_text(encoding="utf-8"))
            if not isinstance(about, dict) or not isinstance(about.get("video") or {}, dict):
                raise ValueError("measurement.json does not tell of a video")
        except (OSError, ValueError, KeyError, pa.ArrowException) as error:
            raise AnalysisError(f"No readable measurement in {folder.name}: measure the video first.") from error
        self.about: Mapping[str, Any] = about
        self._check_columns()
        by_hand = people.faces_by_hand(folder, self._face)
        self._face = self._face if by_hand is None else by_hand
        self._decoded, first = np.unique(self._frame, return_index=True)
        self.times: Int64 = time_us[first]  # of all decoded frames
        numbers, seen = np.unique(self._face[self._face >= 0], return_counts=True)
        interval = float(np.median(np.diff(self.times))) if len(self.times) > 1 else 40_000.0
        total_us = interval * len(self.times)
        enough = seen * interval >= min(_LEAST_SEEN_US, _LEAST_SHARE * total_us)
        self.faces = [int(number) for number in numbers[enough]]
        self.left_out = [int(number) for number in numbers[~enough]]
        video = self.about.get("video") or {}
        width, height = video.get("width"), video.get("height")  # of the upright picture
        self.size = (width, height) if isinstance(width, int) and isinstance(height, int) else None

    def _check_columns(self) -> None:
        needed = (*_NEEDED, *CODE_COLUMNS) if self.about.get("encoder") else _NEEDED
        there = set(self._file.schema_arrow.names)
        absent = [name for name in needed if name not in there]
        if absent:
            raise AnalysisError(
                f"The measurement in {self._name} lacks {len(absent)} measure(s), such as {absent[0]}: "
                "measure the video again."
            )

    def face(self, number: int) -> tuple[Int64, FaceSeries]:
        """The face's rows among the decoded frames, and its measurements.

        Raises
        ------
        AnalysisError
            The file is damaged.
        """
        try:
            columns = self._columns(number)
        except (OSError, pa.ArrowException) as error:
            raise AnalysisError(f"The measurement in {self._name} is damaged: measure the video again.") from error
        frame = self._frame[self._face == number]
        order = np.argsort(frame, kind="stable")
        rows = np.searchsorted(self._decoded, frame[order])
        return rows, FaceSeries(
            frame[order], self.times[rows], {name: values[order] for name, values in columns.items()}
        )

    def _columns(self, number: int) -> dict[str, Float32]:
        names = [name for name in self._file.schema_arrow.names if name not in _NOT_MEASURED]
        parts: dict[str, list[Float32]] = {name: [] for name in names}
        start = 0
        for batch in self._file.iter_batches(batch_size=16_384):
            own = np.flatnonzero(self._face[start : start + batch.num_rows] == number)
            start += batch.num_rows
            for name in names if len(own) else ():
                column = batch.column(name).to_numpy(zero_copy_only=False)
                parts[name].append(column[own].astype(np.float32, copy=False))
        return {name: np.concatenate(values) for name, values in parts.items()}
