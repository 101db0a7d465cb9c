"""Fit how head pose leaks into the measurements: ``analysis/facs/pose_leakage.json``.

``python -m analysis.training.fit_pose MEDIA``. Every measure's deviation from the identity's neutral is regressed
(ridge) on all Action Unit labels and on yaw, |yaw| and pitch, over stills and clips; only the pose terms are kept.
A measure and its mirror twin are fitted as one, with yaw's sign turned.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np

from analysis.face.geometry import GEOMETRY_COLUMNS
from analysis.facs.series import Float64
from analysis.training.labelled import Labelled, clips, stills

LEAKAGE_FILE: Final = Path(__file__).parents[1] / "facs" / "pose_leakage.json"
_RIDGE: Final = 0.3
_CLIP_STRIDE: Final = 8  # neighbouring frames say the same thing
_LEAST_T: Final = 3.0  # weaker effects are noise and are left out
_NOT_FITTED: Final = ("yaw_deg", "pitch_deg", "roll_deg", "distance_cm", "px_per_cm", "iris_px")


def _design(one: Labelled) -> tuple[Float64, Float64, list[str]]:
    """Action Units (n, A) / 5 and pose change (n, 3) in degrees, from the measured head angles."""
    names = sorted(name for name in one.labels[0] if name.startswith("AU") and name[2:].isdigit())
    series = one.series()
    rest = one.neutral
    yaw, pitch = series["yaw_deg"], series["pitch_deg"]
    pose = [yaw - np.median(yaw[rest]), np.abs(yaw) - np.median(np.abs(yaw[rest])), pitch - np.median(pitch[rest])]
    return np.stack([one.label(name) / 5 for name in names], axis=1), np.stack(pose, axis=1), names


def _twin(name: str) -> tuple[str, float]:
    """The mirrored measure, and the sign that mirroring gives a sideways one."""
    if name.startswith("gaze_x"):
        return name[:-1] + {"L": "R", "R": "L"}[name[-1]], -1.0
    if name.endswith(("_L", "_R")):
        return name[:-1] + {"L": "R", "R": "L"}[name[-1]], 1.0
    return name, -1.0 if name in {"jaw_x", "mouth_x"} else 1.0


def fit(labelled: Iterable[Labelled]) -> dict[str, dict[str, float]]:
    """Pose terms per degree for every measure where they are clear of noise."""
    units: list[Float64] = []
    poses: list[Float64] = []
    deviations: dict[str, list[Float64]] = {name: [] for name in GEOMETRY_COLUMNS}
    for one in labelled:
        step = slice(None, None, _CLIP_STRIDE if "phase" in one.labels[0] else 1)
        action, pose, _ = _design(one)
        units.append(action[step])
        poses.append(pose[step])
        series = one.series()
        for name in GEOMETRY_COLUMNS:
            values = series[name]
            deviations[name].append((values - np.median(values[one.neutral]))[step])
    action, pose = np.concatenate(units), np.concatenate(poses)
    mirrored = pose * [-1, 1, 1]
    design = np.concatenate([np.hstack([action, side, np.ones((len(side), 1))]) for side in (pose, mirrored)])
    gram = design.T @ design + _RIDGE * np.diag([*np.ones(action.shape[1]), 0, 0, 0, 0])
    inverse = np.linalg.inv(gram)
    where = slice(action.shape[1], action.shape[1] + 3)
    out: dict[str, dict[str, float]] = {}
    for name in GEOMETRY_COLUMNS:
        if name in _NOT_FITTED:
            continue
        twin, sign = _twin(name)
        goal = np.concatenate([*deviations[name], *(sign * part for part in deviations[twin])])
        weights = inverse @ design.T @ goal
        spread = float(np.var(goal - design @ weights)) * 2  # the mirrored half is no new evidence
        strength = weights[where] / np.sqrt(np.diag(inverse)[where] * spread)
        kept = np.where(np.abs(strength) >= _LEAST_T, weights[where], 0.0)
        if kept.any():
            out[name] = {key: round(float(v), 5) for key, v in zip(("yaw", "abs_yaw", "pitch"), kept, strict=True)}
    return out


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("media", type=Path)
    media = parser.parse_args().media
    columns = fit(chain(stills(media), clips(media)))
    text = json.dumps({"unit": "per degree of head angle", "columns": columns}, indent=1)
    LEAKAGE_FILE.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
