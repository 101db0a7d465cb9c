"""Pose-free measures of a face from its 478 landmarks, batched.

Every face is laid over the reference face (`analysis.face.pose.align`), so distances are centimetres on the
reference head, whatever the picture's scale. Heights are counted from the ridge of the nose, up is positive.
``_L`` and ``_R`` are the subject's sides: landmark 33, at the image's left, is the subject's right eye.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.face.pose import Aligned, align, head_pose
from analysis.types import N_LANDMARKS, Float32

# Point numbers of the 478-point mesh, by the subject's side; the right side lies at the image's left.
_RIGHT: Final[Mapping[str, tuple[int, ...]]] = {
    "brow_in": (55, 107),
    "brow_mid": (65, 66, 52, 105),
    "brow_out": (70, 63, 46, 53),
    "lid_upper": (159, 158, 160),
    "lid_lower": (145, 153, 144),
    "outer_canthus": (33,),
    "inner_canthus": (133,),
    "iris": (468,),
    "cheek": (50, 101, 118, 117),
    "under_eye": (119, 120, 230, 229),
    "ala": (129, 64, 48),
    "corner": (61,),
    "lip_upper": (37, 39, 40),
    "lip_upper_inner": (82, 81, 80),
    "lip_lower": (84, 181, 91),
    "lip_lower_inner": (87, 178, 88),
    "face_side": (205, 187, 147),
    "jaw_side": (136, 172),
    "nostril_base": (98, 97),
}
_LEFT: Final[Mapping[str, tuple[int, ...]]] = {
    "brow_in": (285, 336),
    "brow_mid": (295, 296, 282, 334),
    "brow_out": (300, 293, 276, 283),
    "lid_upper": (386, 385, 387),
    "lid_lower": (374, 380, 373),
    "outer_canthus": (263,),
    "inner_canthus": (362,),
    "iris": (473,),
    "cheek": (280, 330, 347, 346),
    "under_eye": (348, 349, 450, 449),
    "ala": (358, 294, 278),
    "corner": (291,),
    "lip_upper": (267, 269, 270),
    "lip_upper_inner": (312, 311, 310),
    "lip_lower": (314, 405, 321),
    "lip_lower_inner": (317, 402, 318),
    "face_side": (425, 411, 376),
    "jaw_side": (365, 397),
    "nostril_base": (327, 326),
}
_SIDES: Final = {"L": (_LEFT, 1.0), "R": (_RIGHT, -1.0)}
_EYE_CORNERS: Final = (33, 133, 362, 263)
# The ridge of the nose, which no expression raises: the mouth is counted from it, because blinks and brow raises
# shift the mesh's eye corners by 1–3 mm. Brows and cheeks take both lines, which is quieter than either.
_NOSE_LINE: Final = (6, 197, 195, 5, 4, 2)
_UPPER_LINE: Final = _NOSE_LINE + _EYE_CORNERS
_IRIS_PAIRS: Final = ((469, 471), (470, 472), (474, 476), (475, 477))

Term = tuple[float, Sequence[int], int]  # factor × mean over points of coordinate (0 x, 1 y, 2 z)
_X, _Y, _Z = 0, 1, 2


def _height(points: Sequence[int], line: Sequence[int] = _NOSE_LINE) -> tuple[Term, ...]:
    return (1.0, points, _Y), (-1.0, line, _Y)


def _between(upper: Sequence[int], lower: Sequence[int], axis: int = _Y) -> tuple[Term, ...]:
    return (1.0, upper, axis), (-1.0, lower, axis)


def _side_terms(points: Mapping[str, tuple[int, ...]], out: float) -> dict[str, tuple[Term, ...]]:
    """Linear measures of one side; ``out`` is the sign that makes sideways positive."""
    canthi = points["outer_canthus"] + points["inner_canthus"]
    midline = (33, 263)
    upper = ("brow_in", "brow_mid", "brow_out", "cheek", "under_eye")
    lower = ("ala", "corner", "lip_upper", "lip_lower")
    terms: dict[str, tuple[Term, ...]] = {f"{name}_y": _height(points[name], _UPPER_LINE) for name in upper}
    terms |= {f"{name}_y": _height(points[name]) for name in lower}
    terms |= {
        "lid_upper_y": _between(points["lid_upper"], canthi),
        "lid_lower_y": _between(points["lid_lower"], canthi),
        "brow_in_x": ((out, points["brow_in"], _X), (-out, midline, _X)),
        "corner_x": ((out, points["corner"], _X), (-out, midline, _X)),
        "corner_z": _between(points["corner"], (168,), _Z),
        "corner_bend": _between(points["corner"], (13, 14)),
        "lip_gap": _between(points["lip_upper_inner"], points["lip_lower_inner"]),
        "lip_upper_red": _between(points["lip_upper"], points["lip_upper_inner"]),
        "lip_lower_red": _between(points["lip_lower_inner"], points["lip_lower"]),
        "philtrum": _between(points["nostril_base"], points["lip_upper"]),
        "face_side_x": ((out, points["face_side"], _X), (-out, midline, _X)),
        "ala_x": ((out, points["ala"], _X), (-out, midline, _X)),
        "jaw_side_y": _height(points["jaw_side"]),
    }
    return terms


_MIDLINE: Final[Mapping[str, tuple[Term, ...]]] = {
    "nose_length": _between((168,), (4,)),
    "lip_upper_mid_y": _height((0, 37, 267)),
    "lip_lower_mid_y": _height((17, 84, 314)),
    "lip_upper_inner_y": _height((13, 82, 312)),
    "lip_lower_inner_y": _height((14, 87, 317)),
    "mouth_gap": _between((13, 82, 312), (14, 87, 317)),
    "lip_upper_thick": _between((0, 37, 267), (13, 82, 312)),
    "lip_lower_thick": _between((14, 87, 317), (17, 84, 314)),
    "lip_upper_z": _between((0, 37, 267), (2,), _Z),
    "lip_lower_z": _between((17, 84, 314), (2,), _Z),
    "lips_height": _between((0, 37, 267), (17, 84, 314)),
    "jaw_y": _height((152, 148, 377)),
    "jaw_x": _between((152,), (33, 263), _X),
    "jaw_z": _between((152,), (168,), _Z),
    "chin_y": _height((199, 200)),
    "chin_z": _between((199, 200), (2,), _Z),
    "lip_chin": _between((17,), (152,)),
    "chin_boss": _between((18, 83, 313), (199, 200)),
    "mouth_x": _between((0, 17, 61, 291), (33, 263), _X),
    "mouth_width": _between((291,), (61,), _X),
    "brow_gap": _between((285, 336), (55, 107), _X),
    "nose_width": _between((358, 294, 278), (129, 64, 48), _X),
}


def _linear_measures() -> dict[str, tuple[Term, ...]]:
    out = dict(_MIDLINE)
    for side, (points, sign) in _SIDES.items():
        out |= {f"{name}_{side}": terms for name, terms in _side_terms(points, sign).items()}
    return out


def _matrix(measures: Mapping[str, Sequence[Term]]) -> Float32:
    matrix = np.zeros((N_LANDMARKS, 3, len(measures)))
    for column, terms in enumerate(measures.values()):
        for factor, points, axis in terms:
            matrix[list(points), axis, column] += factor / len(points)
    return matrix.reshape(-1, len(measures)).astype(np.float32)


_LINEAR: Final = _linear_measures()
_LINEAR_MATRIX: Final = _matrix(_LINEAR)
_POSE_COLUMNS: Final = ("yaw_deg", "pitch_deg", "roll_deg", "distance_cm", "px_per_cm", "iris_px")
_EYE_COLUMNS: Final = tuple(f"{n}_{s}" for s in _SIDES for n in ("eye_open", "gaze_x", "gaze_y"))

#: Names of the columns of `geometry`, in order. ``*_deg`` degrees; ``px_per_cm``, ``iris_px`` size in the picture;
#: ``eye_open`` lid distance / eye width; ``gaze_x`` (to the subject's left) and ``gaze_y`` (up) iris offset /
#: eye width; everything else centimetres on the reference head.
GEOMETRY_COLUMNS: Final[tuple[str, ...]] = (*_POSE_COLUMNS, *_LINEAR, *_EYE_COLUMNS)


def _eyes(points: Float32) -> list[Float32]:
    """Opening and gaze of either eye, from aligned points (N, 478, 3)."""
    out: list[Float32] = []
    for side, _ in _SIDES.values():
        outer, inner = points[:, side["outer_canthus"][0]], points[:, side["inner_canthus"][0]]
        width = np.maximum(np.linalg.norm((outer - inner)[:, :2], axis=1), 1e-6)
        lids = points[:, side["lid_upper"]] - points[:, side["lid_lower"]]
        iris = (points[:, side["iris"][0]] - (outer + inner) / 2) / width[:, None]
        out += [np.linalg.norm(lids, axis=2).mean(1) / width, iris[:, 0], iris[:, 1]]
    return out


def _iris_pixels(landmarks: Float32) -> NDArray[np.float32]:
    a, b = np.array(_IRIS_PAIRS).T
    diameters = np.linalg.norm(landmarks[:, a, :2] - landmarks[:, b, :2], axis=2)
    return np.asarray(diameters.mean(1), np.float32)


def geometry(landmarks: Float32, width: int, height: int, *, aligned: Aligned | None = None) -> Float32:
    """Measure faces.

    Parameters
    ----------
    landmarks : float32, shape (N, 478, 3)
        Pixels of the upright frame, z in the same scale.
    width, height : int
        Size of the upright frame in pixels.
    aligned : Aligned, optional
        What `align` gives for these landmarks, where the caller has it.

    Returns
    -------
    float32, shape (N, G)
        One row a face, columns `GEOMETRY_COLUMNS`. A face with a non-finite landmark is a row of NaN.

    Raises
    ------
    ValueError
        Wrong shape.
    """
    if landmarks.ndim != 3 or landmarks.shape[1:] != (N_LANDMARKS, 3):
        raise ValueError(f"landmarks: expected shape (N, 478, 3), got {landmarks.shape}")
    out = np.full((len(landmarks), len(GEOMETRY_COLUMNS)), np.nan, np.float32)
    good = np.isfinite(landmarks).all(axis=(1, 2))
    if not good.any():
        return out
    faces = np.ascontiguousarray(landmarks[good], np.float32)
    if aligned is None or not good.all():
        aligned = align(faces)
    pose = head_pose(faces, aligned, width, height)
    linear = aligned.points.reshape(len(faces), -1) @ _LINEAR_MATRIX
    size = np.stack([aligned.px_per_cm, _iris_pixels(faces)], axis=1)
    out[good] = np.hstack([pose, size, linear, np.stack(_eyes(aligned.points), axis=1)])
    return out
