"""The second pass: from a stored measurement to intensities, events and figures. Pure arithmetic, no pixels."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.facs.baseline import Neutral, automatic_neutral, chosen_neutral
from analysis.facs.codes import ACTION_UNITS, CATALOGUE, EYE_CODES, HEAD_CODES
from analysis.facs.events import Event, events
from analysis.facs.intensity import Intensities, intensities
from analysis.facs.quality import MAX_YAW_DEG, MIN_IRIS_PX, measurable, quality
from analysis.facs.series import FaceSeries, Float64, Int64
from analysis.facs.summary import summary
from analysis.facs.tables import signal_table, write_events, write_signals, write_summary
from analysis.types import AnalysisError, Hook

SCORER: Final[Mapping[str, str]] = {"id": "au-rules", "version": "1.0.0"}
SCHEMA: Final = 1
#: A track must be seen for a second (or a third of a shorter recording) to be reported: false faces are brief.
_LEAST_SEEN_US: Final = 1_000_000
_LEAST_SHARE: Final = 1 / 3


@dataclass(frozen=True)
class Interpretation:
    """What the second pass found.

    Attributes
    ----------
    folder : Path
        Where the public files are.
    faces : dict of int to list of Event
        Events by face.
    summary : mapping
        Content of ``summary.json``.
    """

    folder: Path
    faces: Mapping[int, list[Event]]
    summary: Mapping[str, Any]


@dataclass(frozen=True)
class _Measured:
    times: Int64  # of all decoded frames
    faces: dict[int, tuple[Int64, FaceSeries]]  # rows among the decoded frames, measurements
    left_out: list[int]
    about: Mapping[str, Any]


def _read(folder: Path) -> _Measured:
    try:
        table = pq.read_table(folder / "measurement.parquet")
        about = json.loads((folder / "measurement.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise AnalysisError(f"No readable measurement in {folder.name}: measure the video first.") from error
    frame = table["frame"].to_numpy().astype(np.int64)
    time_us = table["time_us"].to_numpy()
    face = table["face"].to_numpy()
    decoded, first = np.unique(frame, return_index=True)
    times = time_us[first].astype(np.int64)
    names = [name for name in table.column_names if name not in {"frame", "time_us", "face"}]
    total_us = float(times[-1] - times[0]) if len(times) else 0.0
    faces: dict[int, tuple[Int64, FaceSeries]] = {}
    left_out: list[int] = []
    for number in np.unique(face[face >= 0]):
        rows = np.flatnonzero(face == number)
        rows = rows[np.argsort(frame[rows], kind="stable")]
        columns = {name: table[name].to_numpy()[rows].astype(np.float32, copy=False) for name in names}
        series = FaceSeries(frame[rows], time_us[rows].astype(np.int64), columns)
        seen_us = len(rows) * series.interval_us
        if seen_us >= min(_LEAST_SEEN_US, _LEAST_SHARE * total_us):
            faces[int(number)] = (np.searchsorted(decoded, frame[rows]), series)
        else:
            left_out.append(int(number))
    return _Measured(times, faces, left_out, about)


def _neutral(face: int, series: FaceSeries, neutral_us: int | None, warnings: list[str]) -> Neutral:
    if neutral_us is None:
        return automatic_neutral(series)
    chosen = chosen_neutral(series, neutral_us)
    if chosen is None:
        warnings.append(
            f"Face {face} is not seen at the chosen neutral time; its neutral was found automatically."
        )
        return automatic_neutral(series)
    return chosen


def _face_warnings(face: int, series: FaceSeries, marks: Float64) -> list[str]:
    out = []
    lost = 1 - float(measurable(series).mean())
    if lost > 0.05:
        out.append(
            f"Face {face}: {lost:.0%} of its frames were not measured (turned more than {MAX_YAW_DEG:.0f}°, or an "
            f"iris under {MIN_IRIS_PX:.0f} pixels)."
        )
    if float(np.median(marks)) < 0.4:
        out.append(f"Face {face}: median quality {float(np.median(marks)):.2f}; treat its intensities as rough.")
    return out


def _content(measured: _Measured, per_face: list[dict[str, Any]], warnings: list[str]) -> dict[str, Any]:
    about = measured.about
    return {
        "schema": SCHEMA,
        "video": about.get("video"),
        "models": about.get("models", []),
        "scorer": dict(SCORER),
        "neutral": per_face[0]["neutral"] if per_face else None,
        "tiers": {code: CATALOGUE[code].tier for code in (*ACTION_UNITS, *HEAD_CODES, *EYE_CODES)},
        "faces": per_face,
        "warnings": warnings,
    }


def interpret(folder: Path, *, neutral_us: int | None = None, hook: Hook | None = None) -> Interpretation:
    """Score a measurement and write ``signals.parquet``, ``events.csv`` and ``summary.json`` beside it.

    Parameters
    ----------
    folder : Path
        Holds ``measurement.parquet`` and ``measurement.json``.
    neutral_us : int, optional
        Media time of a frame that a person chose as neutral; it is used for every face seen then.
    hook : Hook, optional
        Told ``interpret`` with the faces done.

    Returns
    -------
    Interpretation

    Raises
    ------
    AnalysisError
        No readable measurement.
    """
    measured = _read(folder)
    warnings: list[str] = []
    if not measured.faces:
        warnings.append("No face was seen for long enough to be measured.")
    if measured.left_out:
        warnings.append(f"{len(measured.left_out)} brief track(s) of under a second were left out.")
    scored: dict[int, list[Event]] = {}
    per_face: list[dict[str, Any]] = []

    def tables() -> Iterator[pa.Table]:
        for face, (rows, series) in measured.faces.items():
            if hook is not None:
                hook("interpret", len(scored), len(measured.faces))
            neutral = _neutral(face, series, neutral_us, warnings)
            found = intensities(series, neutral)
            marks = quality(series)
            scored[face] = events(series, found)
            warnings.extend(_face_warnings(face, series, marks))
            per_face.append(_figures(face, measured, series, neutral, found, scored[face]))
            yield signal_table(face, measured.times, rows, series, marks, found)

    write_signals(folder / "signals.parquet", tables())
    write_events(folder / "events.csv", list(scored.items()))
    content = _content(measured, per_face, warnings)
    write_summary(folder / "summary.json", content)
    if hook is not None:
        hook("interpret", len(scored), len(measured.faces))
    return Interpretation(folder, scored, content)


def _figures(
    face: int,
    measured: _Measured,
    series: FaceSeries,
    neutral: Neutral,
    found: Intensities,
    own: list[Event],
) -> dict[str, Any]:
    return {
        "face": face,
        "frames": len(measured.times),
        "seen_frames": len(series),
        "neutral": {"method": neutral.method, "time_us": neutral.time_us, "frames": neutral.frames},
        "aus": summary(series, found, own),
    }
