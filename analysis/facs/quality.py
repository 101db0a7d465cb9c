"""How far a frame's measurement can be trusted, 0–1, and where nothing is measured at all."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.facs.series import FaceSeries, Float64, smooth, speed

#: Beyond these nothing is measured: the columns are NaN. The mesh guesses the hidden half of a face that is turned
#: further, and under 4 px an iris is a blur (a face about 50 px wide).
MAX_YAW_DEG: Final = 40.0
MAX_PITCH_DEG: Final = 40.0
MIN_IRIS_PX: Final = 4.0
#: From here on the far side is left out and sided codes rest on the near side.
FAR_SIDE_YAW_DEG: Final = 28.0


def _ramp(value: Float64, bad: float, good: float) -> Float64:
    """0 at ``bad``, 1 at ``good`` and beyond, straight in between."""
    return np.asarray(np.clip((value - bad) / (good - bad), 0.0, 1.0))


def quality(series: FaceSeries) -> Float64:
    """Quality of every frame.

    The smallest of five marks, each 0–1: size (iris 4 → 12 px), head angle (yaw 40° → 15°, pitch 40° → 20°),
    the mesh model's presence (0.5 → 0.95), stillness (head moving 2.5 → 0.5 face widths a second) and sharpness
    (finest detail 0.15 → 0.35 of all detail; blur rarely makes geometry useless, so it takes at most half).
    The smallest, not a product: it can be named, and one bad thing is enough.

    Returns
    -------
    float64, shape (n,)
        0 where `measurable` is false.
    """
    width = np.maximum(series["box_w"], 1.0)
    moving = np.hypot(
        speed(series, smooth(series, series["box_x"] / width, 0.2)),
        speed(series, smooth(series, series["box_y"] / width, 0.2)),
    )
    sharp = np.nan_to_num(series["sharpness"], nan=0.15)
    marks = [
        _ramp(series["iris_px"], MIN_IRIS_PX, 12.0),
        _ramp(np.abs(series["yaw_deg"]), MAX_YAW_DEG, 15.0),
        _ramp(np.abs(series["pitch_deg"]), MAX_PITCH_DEG, 20.0),
        _ramp(series["presence"], 0.5, 0.95),
        _ramp(moving, 2.5, 0.5),
        0.5 + 0.5 * _ramp(sharp, 0.15, 0.35),
    ]
    worst = np.min(marks, axis=0)
    return np.where(measurable(series), np.nan_to_num(worst), 0.0)


def measurable(series: FaceSeries) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Frames within the limits of head angle and size, shape (n,)."""
    inside = np.abs(series["yaw_deg"]) <= MAX_YAW_DEG
    inside &= np.abs(series["pitch_deg"]) <= MAX_PITCH_DEG
    inside &= series["iris_px"] >= MIN_IRIS_PX
    return np.asarray(inside)
