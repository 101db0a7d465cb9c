"""What the stage shows over the video: where the face is, its mesh at one moment, and what moved in an event.

A finished run's files never change, so what is read of them is kept under the folder's name.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from django.urls import reverse

from analysis import confined, stored_window
from analysis.face.follow import steady
from analysis.facs.neutral_store import Loan, read_neutral
from analysis.facs.reason import columns_of, explain, face_height_cm, rest_of
from analysis.facs.regions import REASON_WORDS
from facsweb.coding import signals as windows
from facsweb.recordings.services import original_path
from facsweb.runs import neutrals
from facsweb.runs.models import AnalysisRun
from facsweb.runs.services import result_dir

#: Columns of `Places.values`, in order: the box in pixels, the head in degrees, the calm view in pixels.
PLACE_COLUMNS: Final = ("x", "y", "w", "h", "yaw", "pitch", "roll", "view_x", "view_y", "view_size")
_STORED: Final = ("box_x", "box_y", "box_w", "box_h", "yaw_deg", "pitch_deg", "roll_deg")
_AROUND_US: Final = 1_000_000
_CURVE_WIDTH: Final = 240
_MESH_SLACK: Final = 1.5  # side of the mesh's crop over the longer side of the box (`analysis.face.mesh`)

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where one face is: times (N,) in microseconds, and `PLACE_COLUMNS` for every one, shape (N, 10)."""

    times: npt.NDArray[np.int64]
    values: Floats


class NoMesh(Exception):  # noqa: N818 (an answer for a person)
    """There is no mesh to show, and why."""


@lru_cache(maxsize=16)
def _rows(folder: Path, face: int) -> stored_window.FaceRows:
    return stored_window.face_rows(folder, face)


@lru_cache(maxsize=6)
def places(folder: Path, face: int) -> Places:
    """Where a face is all through a recording; raises AnalysisError without a measurement."""
    rows = _rows(folder, face)
    read = stored_window.columns(rows, slice(0, len(rows.rows)), _STORED)
    values = np.stack([read[name] for name in _STORED], axis=1)
    calm = steady(rows.time_us, values[:, :4]).astype(np.float32)
    return Places(rows.time_us, np.concatenate([values, calm], axis=1))


def places_window(folder: Path, face: int, from_us: int, to_us: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Times and places of a stretch, and the last frame before it, which a gap at its start still holds."""
    found = places(folder, face)
    start, stop = np.searchsorted(found.times, (from_us, to_us))
    start = max(int(start) - 1, 0)
    return found.times[start:stop], found.values[start:stop]


# --- mesh ------------------------------------------------------------------------------------------------

_one_at_a_time = threading.Lock()


@cache
def _net() -> Any:
    from analysis.face.mesh import Mesh  # here, so that only processes that are asked load the model

    return Mesh()


def _place(rgb: Any, x: float, y: float, size: float, angle: float) -> dict[str, Any]:
    """Points of the face near a place; placed twice, because the first tells better where the face is."""
    from analysis.face.mesh import Region

    with _one_at_a_time:
        net = _net()
        first = net(rgb, [Region(x, y, size * _MESH_SLACK, angle)])
        found = net(rgb, [Region.of_landmarks(first.landmarks[0])])
    points = found.landmarks[0, :, :2]
    return {
        "size": [rgb.shape[1], rgb.shape[0]],
        "points": [round(float(value), 2) for value in points.ravel()],
        "presence": round(float(found.presence[0]), 3),
    }


@lru_cache(maxsize=512)
def _mesh_at(folder: Path, video: Path, face: int, at_us: int) -> dict[str, Any]:
    began = time.perf_counter()
    found = places(folder, face)
    at = int(np.searchsorted(found.times, at_us, side="right")) - 1
    if at < 0 or found.times[at] != at_us or not np.isfinite(found.values[at, :4]).all():
        raise NoMesh("The face is not seen in this frame, so there is no mesh of it.")
    x, y, w, h, _, _, roll = (float(value) for value in found.values[at, :7])
    angle = math.radians(roll) if math.isfinite(roll) else 0.0
    rgb = confined.still(video, at_us)
    told = _place(rgb, x + w / 2, y + h / 2, max(w, h), angle)
    return told | {"ms": round(1000 * (time.perf_counter() - began))}


def mesh_at(run: AnalysisRun, face: int, at_us: int) -> dict[str, Any]:
    """Points of a face in the frame that comes on screen at a time.

    Returns
    -------
    dict
        ``size`` of the picture, ``points`` as x and y of 478 points in its pixels, ``presence`` 0–1, and ``ms``,
        the time that it took to make.

    Raises
    ------
    NoMesh
        The face is not in that frame.
    AnalysisError
        The measurement, the video or the model is not there.
    """
    return _mesh_at(result_dir(run), original_path(run.recording), face, at_us)


@lru_cache(maxsize=64)
def _mesh_of_picture(path: Path, _changed: int) -> dict[str, Any]:
    import cv2

    picture = cv2.imread(str(path))
    if picture is None:
        raise NoMesh("The picture of the neutral face cannot be read.")
    rgb = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    height, width = rgb.shape[:2]
    size = max(width, height) / (1 + 2 * neutrals.MARGIN)
    return _place(rgb, width / 2, height / 2, size, 0.0)


def mesh_of_neutral(run: AnalysisRun, face: int) -> dict[str, Any]:
    """Points of the neutral face in its picture (``runs:neutral_picture``); raises as `mesh_at`."""
    path = neutrals.picture(run, face)
    if path is None:
        raise NoMesh("There is no picture of the neutral face.")
    return _mesh_of_picture(path, path.stat().st_mtime_ns)


# --- reason ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=32)
def _rest(folder: Path, face: int) -> tuple[Any, dict[str, float]]:
    neutral, _ = read_neutral(Loan(folder, face))
    rows = _rows(folder, face)
    return neutral, rest_of(stored_window.sample(rows, rows.measures), neutral)


def reason(
    run: AnalysisRun, *, face: int, code: str, side: str, onset_us: int, apex_us: int, offset_us: int
) -> dict[str, Any]:
    """What moved in an event, the machine's figure with its interval, and what was not scored meanwhile.

    Raises
    ------
    AnalysisError
        The run has no measurement (or neutral) that can be read.
    """
    folder = result_dir(run)
    neutral, rest = _rest(folder, face)
    rows = _rows(folder, face)
    part = rows.between(onset_us - _AROUND_US, offset_us + _AROUND_US)
    names = columns_of(code, side)
    moved: list[dict[str, Any]] = []
    times: list[int] = []
    if part.stop > part.start:
        series = stored_window.series(rows, part, [name for name in names if name in rows.measures])
        found = explain(series, neutral, rest, code=code, side=side, apex_us=apex_us)
        times = list(found.time_us)
        moved = [
            {
                "words": one.words,
                "side": one.side,
                "unit": one.unit,
                "amount": round(one.amount, 3),
                "share": None if one.share is None else round(one.share, 2),
                "times": round(one.times, 1),
                "expected": one.expected,
                "curve": list(one.curve),
            }
            for one in found.moved
        ]
    return {
        "time_us": times,
        "moved": moved,
        "face_cm": round(face_height_cm(), 1),
        "neutral_us": neutral.time_us,
        **_figure(folder, face, code, side, onset_us, apex_us, offset_us),
    }


def _figure(
    folder: Path, face: int, code: str, side: str, onset_us: int, apex_us: int, offset_us: int
) -> dict[str, Any]:
    """The intensity's curve and its value and 90 % interval at the apex; which gates were closed meanwhile."""
    track = windows.track(folder, face)
    from_us, to_us = onset_us - _AROUND_US, offset_us + _AROUND_US
    curve: dict[str, Any] = {}
    if code in windows.ROWS:
        curve = windows.curves(folder, track, [code], max(from_us, 0), to_us, _CURVE_WIDTH).get(code, {})
    told = {key: curve.get(key) for key in ("time_us", "both", "low", "high")}
    own = curve.get(side) if side in {"left", "right"} else None
    if own:
        told |= {"both": own, "low": None, "high": None}  # the interval is of both sides together
    at = int(np.argmin(np.abs(np.array(told["time_us"]) - apex_us))) if told["time_us"] else None
    gates = {
        word
        for start, end, words in track.gates
        if start < offset_us and end > onset_us
        for word in words.split(";")
    }
    return {
        "intensity": {key: value for key, value in told.items() if value},
        "apex": {key: told[key][at] if at is not None and told[key] else None for key in ("both", "low", "high")},
        "gates": [REASON_WORDS.get(word, word) for word in sorted(gates)],
    }


# --- for the page ----------------------------------------------------------------------------------------


def page_data(run: AnalysisRun) -> dict[str, Any]:
    """The neutral of every face and where scripts ask; nothing here says what the machine thinks."""
    return {
        "neutrals": {
            str(one.face): {
                "timeUs": one.time_us,
                "method": one.method,
                "from": one.title,
                "words": one.words,
                "picture": reverse("runs:neutral_picture", args=[run.pk, one.face]),
            }
            for one in neutrals.of_run(run)
        },
        "stageUrls": {
            "cards": reverse("coding:cards"),
            "neutral": reverse("runs:neutral", args=[run.pk]),
            **{name: reverse(f"coding:{name}", args=[run.pk]) for name in ("geometry", "mesh", "reason")},
        },
        "size": [run.summary.get("video", {}).get("width"), run.summary.get("video", {}).get("height")],
        "scorer": (run.summary.get("scorer") or {}).get("id", ""),
    }
