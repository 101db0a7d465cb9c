"""Examples from coded faces: short windows with what a scorer reads there and the intensities a coder gave.

A coder's event says how strong a unit was at its apex, not in every frame. So an example is the mean of the frames
around an apex (the letter's intensity), or a window well away from every event of the code (none). Ramps are left
out. A code that the coder never touched on a face says nothing about that face.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.coded import CodedEvent
from analysis.facs.neutral_store import Loan, read_neutral
from analysis.facs.notation import value
from analysis.facs.quality import measurable
from analysis.facs.series import FaceSeries, Int64
from analysis.learning.codings import Coding
from analysis.learning.windows import free_times, rows_around
from analysis.scoring.package import Package
from analysis.scoring.scorer import answers, inputs, is_scorable
from analysis.scoring.targets import LEARNED, TARGETS
from analysis.stored import StoredMeasurement
from analysis.types import AnalysisError, Float32

Mask = NDArray[np.bool_]

#: 43 is the share of the way to shut, which a coder's letter is not; 41, 42, 45, 46 come from the same lids.
TAUGHT: Final = tuple(code for code in LEARNED if code != "43")


@dataclass(frozen=True)
class Examples:
    """Windows of several faces.

    Attributes
    ----------
    inputs : mapping of str to float32, shape (n, inputs of the candidate)
        What the heads read, by candidate.
    said : mapping of str to float32, shape (n, 2 × targets)
        What the base's heads answer there: intensities before calibration, then expected errors.
    labels : float32, shape (n, targets)
        0–5; NaN where the coder said nothing.
    participant : str array, shape (n,)
    yaw : float32, shape (n,)
        Degrees.
    """

    inputs: Mapping[str, Float32]
    said: Mapping[str, Float32]
    labels: Float32
    participant: NDArray[np.str_]
    yaw: Float32

    def __len__(self) -> int:
        return len(self.labels)


def joined(parts: Sequence[Examples]) -> Examples:
    """Examples of several faces as one."""
    return Examples(
        {kind: np.concatenate([part.inputs[kind] for part in parts]) for kind in parts[0].inputs},
        {kind: np.concatenate([part.said[kind] for part in parts]) for kind in parts[0].said},
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.participant for part in parts]),
        np.concatenate([part.yaw for part in parts]),
    )


def examples_of(coding: Coding, package: Package) -> Examples:
    """Examples of one coded face.

    Raises
    ------
    AnalysisError
        The measurement or its neutral is gone, was made for another scorer, or holds no such face; or nothing that
        the coder decided can be seen in it.
    """
    stored = StoredMeasurement(coding.folder)
    if stored.about.get("encoder") != package.encoder_sha256:
        raise AnalysisError("It was measured for another scorer: analyse the recording again.")
    if coding.face not in stored.faces:
        raise AnalysisError(f"Its measurement holds no face {coding.face}.")
    _, series = stored.face(coding.face)
    neutral, _ = read_neutral(Loan(coding.folder, coding.face))
    if not is_scorable(series):
        raise AnalysisError("It was measured by an older version: analyse the recording again.")
    usable = measurable(series)
    windows = _windows(coding.events, series, usable)
    if not windows:
        raise AnalysisError("Nothing that was decided about can be seen well enough.")
    read: dict[str, Float32] = {}
    said: dict[str, Float32] = {}
    for kind in package.heads:
        rows = slice(0, len(series))
        read[kind] = _means(inputs(package, kind, series, neutral, rows), windows)
        said[kind] = _means(answers(package, kind, series, neutral), windows)
    return Examples(
        read,
        said,
        np.stack([window.labels for window in windows]),
        np.full(len(windows), coding.participant),
        _means(series.columns["yaw_deg"][:, None], windows)[:, 0],
    )


@dataclass(frozen=True, slots=True)
class _Window:
    """Rows of the series, (k,), and their labels, (targets,)."""

    rows: Int64
    labels: Float32


def _means(values: Float32, windows: Sequence[_Window]) -> Float32:
    return np.stack([values[window.rows].mean(axis=0) for window in windows]).astype(np.float32)


def _windows(events: Sequence[CodedEvent], series: FaceSeries, usable: Mask) -> list[_Window]:
    """Every apex and every free stretch of the codes that were coded; a window may speak of several codes."""
    found: dict[int, Float32] = {}

    def at(time_us: int) -> Float32 | None:
        """Labels of the window around a time; None where too little is seen of it."""
        rows = rows_around(series, usable, time_us)
        if not len(rows):
            return None
        return found.setdefault(int(rows[len(rows) // 2]), np.full(len(TARGETS), np.nan, np.float32))

    for code in TAUGHT:
        own = [event for event in events if event.code == code]
        there = [event for event in own if not event.rejected]
        for event in there:
            labels = at(event.apex_us)
            if labels is not None and event.intensity:
                _mark(labels, code, event)
        for time_us in free_times(own, series) if own else ():
            labels = at(time_us)
            if labels is not None:
                labels[[number for number, (other, _) in enumerate(TARGETS) if other == code]] = 0.0
    middle = series.time_us
    return [
        _Window(rows_around(series, usable, int(middle[row])), labels)
        for row, labels in sorted(found.items())
        if np.isfinite(labels).any()
    ]


def _mark(labels: Float32, code: str, event: CodedEvent) -> None:
    """Write an event's intensity; the side on which it was not seen is 0, two events at once keep the stronger."""
    for number, (other, side) in enumerate(TARGETS):
        if other != code or (side and event.side == "unilateral"):
            continue  # which side it was is not known
        absent = (side, event.side) in {("L", "right"), ("R", "left")}
        strength = 0.0 if absent else value(event.intensity)
        labels[number] = strength if np.isnan(labels[number]) else max(float(labels[number]), strength)
