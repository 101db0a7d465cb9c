"""Deviation of a face's measurements from its neutral, with the head's pose taken out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from analysis.facs.baseline import Neutral
from analysis.facs.quality import measurable
from analysis.facs.series import FaceSeries, Float64, smooth

#: Smoothing by measure. A blink lasts 0.15–0.4 s, so lids get no more than a glance (nothing at 25–50 frames/s);
#: brows, cheeks and mouth take the 0.2 s that halves their noise; pixels are noisier than points.
_EYES_S: Final = 0.06
_FACE_S: Final = 0.22
_SKIN_S: Final = 0.36
_EYE_MEASURES: Final = ("eye_open", "lid_", "gaze_")
MOST_POSE_DEG: Final = 30.0  # the leakage was fitted up to here


@cache
def pose_leakage() -> Mapping[str, tuple[float, float, float]]:
    """Per measure: change per degree of yaw, of |yaw| and of pitch (made by ``analysis.training.fit_pose``)."""
    stored = json.loads(Path(__file__).with_name("pose_leakage.json").read_text(encoding="utf-8"))
    return {name: (c["yaw"], c["abs_yaw"], c["pitch"]) for name, c in stored["columns"].items()}


class Deviation:
    """Smoothed, pose-compensated deviation from neutral; NaN where the face cannot be measured.

    Parameters
    ----------
    series : FaceSeries
    neutral : Neutral
    """

    def __init__(self, series: FaceSeries, neutral: Neutral) -> None:
        self.series = series
        self.neutral = neutral
        self._valid = measurable(series)
        self._done: dict[str, Float64] = {}
        limit = MOST_POSE_DEG
        yaw, pitch = series["yaw_deg"], series["pitch_deg"]
        yaw0, pitch0 = neutral.values["yaw_deg"], neutral.values["pitch_deg"]
        turned, at_rest = np.clip(yaw, -limit, limit), float(np.clip(yaw0, -limit, limit))
        self._yaw = turned - at_rest
        self._abs_yaw = np.abs(turned) - abs(at_rest)
        self._pitch = np.clip(pitch - pitch0, -limit, limit)

    def __call__(self, name: str) -> Float64:
        """Deviation of a measure in its own unit, shape (n,)."""
        if name not in self._done:
            self._done[name] = self._compute(name)
        return self._done[name]

    def relative(self, name: str) -> Float64:
        """Deviation as a share of the neutral value (skin energies), −1 …, shape (n,)."""
        return self(name) / max(abs(self.neutral.values[name]), 1e-3)

    def level(self, name: str) -> Float64:
        """Smoothed value itself, shape (n,)."""
        return self(name) + self.neutral.values[name]

    def _compute(self, name: str) -> Float64:
        values = self.series[name] - self.neutral.values[name]
        if name in pose_leakage():
            yaw, abs_yaw, pitch = pose_leakage()[name]
            values = values - yaw * self._yaw - abs_yaw * self._abs_yaw - pitch * self._pitch
        if name.startswith(_EYE_MEASURES):
            window = _EYES_S
        elif name.startswith("skin_"):
            window = _SKIN_S
        else:
            window = _FACE_S
        out = smooth(self.series, np.where(self._valid, values, np.nan), window)
        return np.where(self._valid, out, np.nan)
