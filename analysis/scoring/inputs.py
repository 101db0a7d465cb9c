"""What the learned scorers are given besides the code of the picture, in the order in which they expect it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from analysis.face.geometry import GEOMETRY_COLUMNS
from analysis.face.texture import TEXTURE_COLUMNS
from analysis.types import Float32

_NOT_OF_THE_FACE: Final = frozenset(
    {"yaw_deg", "pitch_deg", "roll_deg", "distance_cm", "px_per_cm", "iris_px", "sharpness", "brightness"}
)
#: Measures whose difference to the neutral is an expression.
FEATURES: Final[tuple[str, ...]] = tuple(
    name for name in (*GEOMETRY_COLUMNS, *TEXTURE_COLUMNS) if name not in _NOT_OF_THE_FACE
)
#: Numbers that describe the aligned points.
POINT_CODE: Final = 64
_POSE_DEG: Final = 20.0
#: Pose of the frame, and of the neutral.
POSE_INPUTS: Final = 2 * 6


def poses(yaw_deg: ArrayLike, pitch_deg: ArrayLike, roll_deg: ArrayLike) -> Float32:
    """Head angles and their squares, (n, 6), about −2…2."""
    angles = np.stack([np.asarray(a, np.float32) for a in (yaw_deg, pitch_deg, roll_deg)], axis=-1) / _POSE_DEG
    angles = np.nan_to_num(np.clip(angles, -2, 2))
    return np.concatenate([angles, angles**2], axis=-1).astype(np.float32)
