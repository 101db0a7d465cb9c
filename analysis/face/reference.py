"""The reference face: mean resting mesh, its UV layout and triangles (``reference.npz`` beside this module).

Made by ``python -m analysis.training.build_reference`` from neutral frames of synthetic performers; the file holds
no person's face. Axes: x to the subject's left (image right), y up, z towards the camera, all in centimetres.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.types import N_LANDMARKS

REFERENCE_FILE: Final = Path(__file__).with_name("reference.npz")
#: Points of the skin; the last ten of 478 are the irises, which move with gaze.
N_SKIN: Final = 468
#: Visible iris diameter of an adult in centimetres (11.7 ± 0.5 mm horizontally; Google's iris model and the
#: ophthalmology literature it cites use the same figure).
IRIS_DIAMETER_CM: Final = 1.17


@dataclass(frozen=True, slots=True)
class Reference:
    """Mean resting face.

    Attributes
    ----------
    xyz : float64, shape (478, 3)
        Points in centimetres, origin at the weighted centre of the rigid anchors.
    uv : float64, shape (468, 2)
        Place of every skin point on the unrolled face in centimetres, u to the subject's left, v up.
    triangles : int32, shape (T, 3)
        Skin triangles over `uv`.
    mirror : int64, shape (478,)
        ``mirror[i]`` is the point opposite to ``i`` across the midline.
    """

    xyz: NDArray[np.float64]
    uv: NDArray[np.float64]
    triangles: NDArray[np.int32]
    mirror: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.xyz.shape != (N_LANDMARKS, 3):
            raise ValueError(f"xyz: expected shape (478, 3), got {self.xyz.shape}")
        if self.uv.shape != (N_SKIN, 2):
            raise ValueError(f"uv: expected shape (468, 2), got {self.uv.shape}")
        if self.triangles.ndim != 2 or self.triangles.shape[1] != 3:
            raise ValueError(f"triangles: expected shape (T, 3), got {self.triangles.shape}")
        if not np.array_equal(self.mirror[self.mirror], np.arange(N_LANDMARKS)):
            raise ValueError("mirror: expected a permutation that is its own inverse")


@cache
def reference() -> Reference:
    """The committed reference face, read once."""
    with np.load(REFERENCE_FILE) as stored:
        return Reference(
            xyz=stored["xyz"].astype(np.float64),
            uv=stored["uv"].astype(np.float64),
            triangles=stored["triangles"].astype(np.int32),
            mirror=stored["mirror"].astype(np.int64),
        )
