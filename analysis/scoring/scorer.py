"""Scores a face over time with a trained package: every Action Unit relative to the neutral, with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.facs.baseline import Neutral
from analysis.facs.quality import picture_quality
from analysis.facs.series import FaceSeries, Float64, smooth
from analysis.scoring.code import CODE_COLUMNS
from analysis.scoring.inputs import FEATURES, poses
from analysis.scoring.interval import POOR, TURNED_DEG, half_width
from analysis.scoring.package import Package
from analysis.scoring.targets import TARGETS, columns_of
from analysis.types import Float32

#: A blink lasts 0.15–0.4 s, so lids get no more than a glance (nothing at 25–50 frames/s); the rest takes what
#: halves its noise and still shows a rise of a fifth of a second.
_EYES: Final = frozenset({"5", "7", "43", "44"})
_EYES_S: Final = 0.06
_FACE_S: Final = 0.26
_CHUNK: Final = 8192
#: No difference is larger than this many spreads; a mesh that slipped must not drown the rest.
_LARGEST: Final = 12.0


@dataclass(frozen=True)
class Scores:
    """What the scorer says of one face.

    Attributes
    ----------
    curves : dict of str to dict
        By code and side (``L``, ``R``, the subject's, or empty) the intensity before limiting, (n,), smoothed.
    errors : dict of str to dict
        Likewise half the width of the interval that holds 90 % of the labels of held-out faces, intensity units.
    """

    curves: Mapping[str, Mapping[str, Float64]]
    errors: Mapping[str, Mapping[str, Float64]]


def is_scorable(series: FaceSeries) -> bool:
    """Whether the measurement holds the code that learned scorers need (older ones do not)."""
    return CODE_COLUMNS[0] in series.columns


def _spread(package: Package, names: tuple[str, ...]) -> Float32:
    """What each difference is divided by; the code's columns come scaled."""
    known = dict(zip(FEATURES, package.feature_spread, strict=True))
    return np.array([known.get(name, 1.0) for name in names], np.float32)


def _columns(kind: str) -> tuple[str, ...]:
    """Measurements that a candidate compares with the neutral, in its order."""
    return FEATURES if kind == "features" else (*CODE_COLUMNS, *FEATURES)


def inputs(package: Package, kind: str, series: FaceSeries, neutral: Neutral, rows: slice) -> Float32:
    """What a candidate's head reads of some frames: differences to the neutral, then both poses; (n, inputs)."""
    names = _columns(kind)
    spread = _spread(package, names)
    values = np.stack([series.columns[name][rows] for name in names], axis=1)
    rest = np.array([neutral.values[name] for name in names], np.float32)
    difference = np.clip((values - rest) / spread, -_LARGEST, _LARGEST)
    angles = ("yaw_deg", "pitch_deg", "roll_deg")
    own = poses(*(series.columns[name][rows] for name in angles))
    at_rest = poses(*(np.full(len(own), neutral.values[name], np.float32) for name in angles))
    return np.concatenate([np.nan_to_num(difference), own, at_rest], axis=1).astype(np.float32)


def answers(package: Package, kind: str, series: FaceSeries, neutral: Neutral) -> Float32:
    """What a candidate's head says, (n, 2 × targets): intensities before calibration, then expected errors."""
    out = np.empty((len(series), 2 * len(TARGETS)), np.float32)
    for start in range(0, len(series), _CHUNK):
        rows = slice(start, start + _CHUNK)
        out[rows] = package.heads[kind].run(None, {"difference": inputs(package, kind, series, neutral, rows)})[0]
    return out


def scores(package: Package, series: FaceSeries, neutral: Neutral, valid: NDArray[np.bool_]) -> Scores:
    """Score one face.

    Parameters
    ----------
    package : Package
    series : FaceSeries
        With the code's columns (`is_scorable`).
    neutral : Neutral
        Of a measurement that holds them, too.
    valid : bool, shape (n,)
        Frames that can be measured; the others are NaN.
    """
    kinds = {package.winner(code) for code, _ in TARGETS} - {None}
    found = {kind: answers(package, kind, series, neutral) for kind in sorted(k for k in kinds if k)}
    turned = np.abs(series["yaw_deg"]) > TURNED_DEG
    poor = picture_quality(series.columns) < POOR
    curves: dict[str, dict[str, Float64]] = {}
    errors: dict[str, dict[str, Float64]] = {}
    for code in dict.fromkeys(code for code, _ in TARGETS):
        kind = package.winner(code)
        if kind is None:
            continue
        about = package.about["codes"][code]
        window = _EYES_S if code in _EYES else _FACE_S
        for number in columns_of(code):
            side = TARGETS[number][1]
            raw = found[kind][:, number].astype(np.float64) * about["gain"] + about["offset"]
            doubt = found[kind][:, len(TARGETS) + number].astype(np.float64) * abs(about["gain"])
            curve = smooth(series, np.where(valid, raw, np.nan), window)
            width = half_width(about["interval"], curve, doubt, turned, poor)
            curves.setdefault(code, {})[side] = np.where(valid, curve, np.nan)
            errors.setdefault(code, {})[side] = np.where(valid, width, np.nan)
    return Scores(curves, errors)
