"""Regions of the face as points of the 478-point mesh, for drawing. Left and right are the subject's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from analysis.face.reference import reference

#: Point numbers around every region; the drawing takes the convex hull of each list.
OUTLINES: Final[Mapping[str, tuple[tuple[int, ...], ...]]] = {
    "forehead": ((10, 109, 338, 67, 297, 103, 332, 69, 299, 108, 337, 66, 296, 105, 334),),
    "brows": (
        (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
        (300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
    ),
    "eyes": (
        (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
        (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
    ),
    "nose": ((168, 193, 417, 114, 343, 129, 358, 64, 294, 98, 327, 2),),
    "cheeks": ((50, 101, 118, 117, 205, 187, 123, 36), (280, 330, 347, 346, 425, 411, 352, 266)),
    "mouth": ((61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185),),
    "chin": ((152, 148, 377, 176, 400, 149, 378, 18, 83, 313, 182, 406, 199),),
}


def edges() -> list[tuple[int, int]]:
    """Every line between two neighbouring points of the mesh, once, lower number first."""
    triangles = np.asarray(reference().triangles)
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return [(int(a), int(b)) for a, b in np.unique(np.sort(pairs, axis=1), axis=0)]
