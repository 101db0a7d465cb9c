"""Where a picture must be centred so that a face stays in its middle without trembling."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.facs.series import Float64, Int64
from analysis.types import Float32

_SPREAD_US: Final = 260_000
"""Standard deviation of the weights in time; a nod (1–3 Hz) still shows, trembling does not."""
_CUT: Final = 0.6
"""A face that jumps by this share of its size from one frame to the next was cut, not moved."""
_PAUSE_US: Final = 1_000_000


def steady(time_us: Int64, boxes: Float32) -> Float64:
    """Centre and size of a face, smoothed in both directions of time, so that they never lag behind.

    Parameters
    ----------
    time_us : int64, shape (n,)
        Ascending; frames without the face are simply not there.
    boxes : float32, shape (n, 4)
        Left, top, width and height in pixels; NaN where not known.

    Returns
    -------
    float64, shape (n, 3)
        x and y of the centre and the longer side, pixels. Unknown frames hold the last known value. Nothing is
        smoothed across a cut or a pause of more than a second.
    """
    if not len(time_us):
        return np.zeros((0, 3))
    boxes = boxes.astype(np.float64)
    values = np.column_stack([boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 2:].max(axis=1)])
    values = _held(values)
    jump = np.hypot(*np.diff(values[:, :2], axis=0).T) > _CUT * values[1:, 2]
    edges = np.flatnonzero(jump | (np.diff(time_us) > _PAUSE_US)) + 1
    out = np.empty_like(values)
    for part in np.split(np.arange(len(values)), edges):
        out[part] = _smooth(time_us[part], values[part])
    return out


def _held(values: Float64) -> Float64:
    good = np.isfinite(values).all(axis=1)
    if not good.any():
        return np.zeros_like(values)
    last = np.maximum.accumulate(np.where(good, np.arange(len(values)), -1))
    return np.asarray(values[np.where(last < 0, int(np.argmax(good)), last)])


def _smooth(time_us: Int64, values: Float64) -> Float64:
    if len(values) < 3:
        return values
    step = float(np.median(np.diff(time_us)))
    reach = max(1, round(3 * _SPREAD_US / step))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / _SPREAD_US) ** 2)
    weights /= weights.sum()
    padded = (
        np.pad(values, ((reach, reach), (0, 0)), mode="reflect", reflect_type="odd")
        if reach < len(values)
        else np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    )
    return np.column_stack([np.convolve(padded[:, i], weights, mode="valid") for i in range(values.shape[1])])
