"""How far a frame's measurement can be trusted, 0–1, and where nothing is measured at all, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.facs.segments import spans_above
from analysis.facs.series import FaceSeries, Float64, smooth, speed

Mask = NDArray[np.bool_]

#: Beyond these nothing is measured: the columns are NaN. The mesh guesses the hidden half of a face that is turned
#: further.
MAX_YAW_DEG: Final = 40.0
MAX_PITCH_DEG: Final = 40.0
#: Measured by ``python -m analysis.training.measure_gates`` (clips d1 and d3, made smaller): the error over all
#: units is flat down to irises of 7 pixels, a quarter higher at 4–5, three fifths higher below 4
#: (docs/validation.md).
MIN_IRIS_PX: Final = 4.0
#: Face widths a second. Measured likewise with smeared pictures: the error of what is shown grows from 0.1 face
#: widths of smear on, by two fifths (d1) to three fifths (d3) at 0.15. A shutter that is open all of 1/25 second
#: smears by 0.1 at this speed.
MAX_SPEED: Final = 2.5
#: Share of finest detail. Measured likewise with defocus: the error grows from a blur (σ) of an eighth to a
#: fifth of an iris on. The figure is then 0.15–0.19, but 0.16 on another face that is still measured well: it
#: finds the worst only.
MIN_SHARPNESS: Final = 0.15
#: From here on the far side is left out and sided codes rest on the near side.
FAR_SIDE_YAW_DEG: Final = 28.0
#: A gate closes at its limit and opens again only this far inside it.
_BACK_YAW_DEG: Final = 37.0
_BACK_FAR_SIDE_YAW_DEG: Final = 26.0
_BACK_IRIS_PX: Final = 4.5
_BACK_SPEED: Final = 2.0
_BACK_SHARPNESS: Final = 0.16
#: A gate shorter than this is a flicker of the measurement, and is not closed; a pause between two that is shorter
#: than the other is too short to show an action, and is closed with them.
LEAST_GATE_US: Final = 80_000
LEAST_CLEAR_US: Final = 200_000
#: Reasons that concern the whole face, in the order in which they are written.
FACE_REASONS: Final = ("turned", "small", "moving", "blurred")


def _ramp(value: Float64, bad: float, good: float) -> Float64:
    """0 at ``bad``, 1 at ``good`` and beyond, straight in between."""
    return np.asarray(np.clip((value - bad) / (good - bad), 0.0, 1.0))


def head_speed(series: FaceSeries) -> Float64:
    """How fast the face moves through the picture, face widths a second, shape (n,)."""
    width = np.maximum(series["box_w"], 1.0)
    return np.asarray(
        np.hypot(
            speed(series, smooth(series, series["box_x"] / width, 0.2)),
            speed(series, smooth(series, series["box_y"] / width, 0.2)),
        )
    )


def picture_quality(columns: Mapping[str, NDArray[np.float32]]) -> Float64:
    """Quality of every frame as far as a single picture tells.

    The smallest of the marks for size, head angle and sharpness of `quality`.

    Parameters
    ----------
    columns : mapping of str to float array, shape (n,)
        ``iris_px``, ``yaw_deg``, ``pitch_deg``, ``sharpness``.

    Returns
    -------
    float64, shape (n,)
        0–1.
    """
    iris, yaw, pitch, sharpness = (
        columns[name].astype(np.float64) for name in ("iris_px", "yaw_deg", "pitch_deg", "sharpness")
    )
    marks = [
        _ramp(iris, MIN_IRIS_PX, 12.0),
        _ramp(np.abs(yaw), MAX_YAW_DEG, 15.0),
        _ramp(np.abs(pitch), MAX_PITCH_DEG, 20.0),
        0.5 + 0.5 * _ramp(np.nan_to_num(sharpness, nan=MIN_SHARPNESS), MIN_SHARPNESS, 0.35),
    ]
    return np.asarray(np.nan_to_num(np.min(marks, axis=0)))


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
    marks = [
        picture_quality(series.columns),
        _ramp(series["presence"], 0.5, 0.95),
        _ramp(head_speed(series), MAX_SPEED, 0.5),
    ]
    worst = np.min(marks, axis=0)
    return np.where(measurable(series), np.nan_to_num(worst), 0.0)


def steady(series: FaceSeries, gated: Mask) -> Mask:
    """Drop gated stretches under `LEAST_GATE_US`, then close clear ones under `LEAST_CLEAR_US` between gated ones.

    Only within an unbroken run, and only stretches with frames of the other kind on both sides: at the edge of a
    run nobody knows how long a stretch would have been.
    """
    out = gated.copy()
    for run in series.runs:
        for kind, least_us in ((True, LEAST_GATE_US), (False, LEAST_CLEAR_US)):
            part = out[run]
            edges = np.flatnonzero(part[1:] != part[:-1]) + 1
            for start, stop in pairwise(edges):
                first, last = run.start + int(start), run.start + int(stop)
                lasts = series.time_us[last] - series.time_us[first]
                if out[first] == kind and lasts < least_us:
                    out[first:last] = not kind
    return out


def beyond(series: FaceSeries, values: Float64, limit: float, back: float) -> Mask:
    """Where values (n,) pass a limit, until they are back; flickers are taken out. Unknown (NaN) is within."""
    out = np.zeros(len(series), bool)
    for span in spans_above(series, values, limit, back):
        out[span] = True
    return steady(series, out)


def face_gates(series: FaceSeries) -> dict[str, Mask]:
    """By reason (`FACE_REASONS`) the frames in which the whole face cannot be measured, each shape (n,).

    A frame whose landmarks are not finite is counted as turned: the mesh found no face to lay itself on.
    """
    yaw, pitch = np.abs(series["yaw_deg"]), np.abs(series["pitch_deg"])
    angle = np.maximum(yaw / MAX_YAW_DEG, pitch / MAX_PITCH_DEG)
    failed = ~np.isfinite(angle) | ~np.isfinite(series["iris_px"])
    return {
        "turned": beyond(series, angle, 1.0, _BACK_YAW_DEG / MAX_YAW_DEG) | failed,
        "small": beyond(series, -series["iris_px"], -MIN_IRIS_PX, -_BACK_IRIS_PX),
        "moving": beyond(series, head_speed(series), MAX_SPEED, _BACK_SPEED),
        "blurred": beyond(series, -series["sharpness"], -MIN_SHARPNESS, -_BACK_SHARPNESS),
    }


def far_side(series: FaceSeries) -> dict[str, Mask]:
    """Where a side is turned away, by ``L`` and ``R``: turning to the own left (yaw > 0) hides the left side."""
    yaw = series["yaw_deg"]
    return {
        "L": beyond(series, yaw, FAR_SIDE_YAW_DEG, _BACK_FAR_SIDE_YAW_DEG),
        "R": beyond(series, -yaw, FAR_SIDE_YAW_DEG, _BACK_FAR_SIDE_YAW_DEG),
    }


def measurable(series: FaceSeries) -> Mask:
    """Frames without any of the `face_gates`, shape (n,)."""
    return np.asarray(~np.any(list(face_gates(series).values()), axis=0))
