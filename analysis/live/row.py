"""One face in one picture as a row of measurements: the same columns as a stored measurement's."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.face.geometry import geometry
from analysis.face.mesh import face_box
from analysis.face.pose import align
from analysis.face.texture import SkinTexture
from analysis.measurement import VALUE_COLUMNS
from analysis.scoring.code import CODE_COLUMNS, codes, in_view
from analysis.scoring.package import Package
from analysis.types import Float32, Observation, Rgb

COLUMNS: Final[tuple[str, ...]] = (*VALUE_COLUMNS, *CODE_COLUMNS)


def measured(rgb: Rgb, observation: Observation, texture: SkinTexture, package: Package) -> Float32:
    """Measure a face.

    Parameters
    ----------
    rgb : uint8, shape (height, width, 3)
    observation : Observation
        With its maps, of this picture.
    texture : SkinTexture
    package : Package
        Whose encoder makes the code.

    Returns
    -------
    float32, shape (columns,)
        In the order of `COLUMNS`; the code as a stored one is, in half precision.
    """
    assert observation.maps is not None
    height, width = rgb.shape[:2]
    landmarks = observation.landmarks[None]
    aligned = align(landmarks)
    box = face_box(observation.landmarks)
    box[2:] -= box[:2]
    code = codes(package, [observation.maps], aligned.points)[0].astype(np.float16).astype(np.float32)
    return np.concatenate(
        [
            [observation.presence],
            box,
            geometry(landmarks, width, height, aligned=aligned)[0],
            texture(rgb, observation.landmarks),
            in_view(package, [observation.maps])[0],
            code,
        ]
    ).astype(np.float32)
