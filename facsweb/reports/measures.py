"""What the signals of a run say, in the few figures and the picture that a report prints.

Only frames in which an Action Unit was measured count; a frame without a face, or one that the engine held
back, is absent (never zero).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

#: Columns of the picture: about one a millimetre of the printed line is as fine as a page can show.
BINS = 200
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FaceSignals:
    """Signals of one face.

    Attributes
    ----------
    face : int
        Number of the face.
    time_us : ndarray of int64, shape (N,)
        Media time of every decoded frame, microseconds, ascending.
    seen : ndarray of bool, shape (N,)
        The face was found in the frame.
    intensity : dict of str to ndarray of float32, shape (N,)
        Bare AU number → intensity 0–5, NaN where absent; only AUs measured at least once.
    """

    face: int
    time_us: npt.NDArray[np.int64]
    seen: npt.NDArray[np.bool_]
    intensity: dict[str, Floats]

    def __post_init__(self) -> None:
        count = len(self.time_us)
        if self.seen.shape != (count,) or any(values.shape != (count,) for values in self.intensity.values()):
            raise ValueError(f"face {self.face}: every column must have {count} rows")
        if np.any(np.diff(self.time_us) < 0):
            raise ValueError(f"face {self.face}: times must ascend")

    @property
    def measured(self) -> npt.NDArray[np.bool_]:
        """Frames with at least one measured Action Unit, shape (N,)."""
        found = np.zeros(len(self.time_us), bool)
        for values in self.intensity.values():
            found |= ~np.isnan(values)
        return found

    def seen_us(self) -> int:
        """Time during which the face was seen, microseconds: each frame lasts until the next one."""
        if len(self.time_us) == 0:
            return 0
        steps = np.diff(self.time_us)
        last = int(np.median(steps)) if len(steps) else 0
        return int(np.append(steps, last)[self.seen].sum())


def read_signals(path: Path) -> list[FaceSignals]:
    """Read the faces of a ``signals.parquet``, ascending by number, a column at a time."""
    file = pq.ParquetFile(path)
    codes = [name for name in file.schema_arrow.names if name.startswith("AU") and name[2:].isdigit()]
    face = file.read(["face"])["face"].to_numpy()
    time_us = file.read(["time_us"])["time_us"].to_numpy().astype(np.int64)
    yaw = file.read(["yaw_deg"])["yaw_deg"].to_numpy()
    columns = {}
    for name in codes:
        values = file.read([name])[name].to_numpy().astype(np.float32, copy=False)
        if not np.isnan(values).all():
            columns[name[2:]] = values
    faces = []
    for number in np.unique(face):
        rows = np.flatnonzero(face == number)
        own = {code: values[rows] for code, values in columns.items()}
        measured = {code: values for code, values in own.items() if not np.isnan(values).all()}
        # The pose exists wherever the mesh fitted, also where an AU was held back.
        seen = ~np.isnan(yaw[rows])
        for values in measured.values():
            seen |= ~np.isnan(values)
        faces.append(FaceSignals(int(number), time_us[rows], seen, measured))
    return faces


def mean_and_peak(values: Floats) -> tuple[float | None, float | None]:
    """Mean and maximum of the measured frames, two decimals; None when there is none."""
    present = values[~np.isnan(values)]
    if present.size == 0:
        return None, None
    return round(float(present.mean(dtype=np.float64)), 2), round(float(present.max()), 2)


def union_us(spans: Iterable[tuple[int, int]]) -> int:
    """Time covered by spans (start, end) in microseconds, counting overlaps once."""
    total, reached = 0, -1
    for start, end in sorted(spans):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total


def picture(
    values: Floats, time_us: npt.NDArray[np.int64], duration_us: int, bins: int = BINS
) -> list[int | None]:
    """Highest intensity in each of ``bins`` equal stretches of the recording.

    Returns
    -------
    list of int or None
        Hundredths of an intensity point, 0–500; None where nothing was measured.
    """
    place = np.clip(time_us * bins // max(1, duration_us), 0, bins - 1)
    present = ~np.isnan(values)
    highest = np.full(bins, -1.0)
    np.maximum.at(highest, place[present], values[present])
    return [round(value * 100) if value >= 0 else None for value in highest.tolist()]


def coverage(faces: Sequence[FaceSignals]) -> list[dict[str, Any]]:
    """Per face: frames decoded, frames with the face, frames held back, and the time it was seen."""
    return [
        {
            "face": face.face,
            "frames": len(face.time_us),
            "seen_frames": int(face.seen.sum()),
            "held_back_frames": int((face.seen & ~face.measured).sum()),
            "seen_us": face.seen_us(),
        }
        for face in faces
    ]
