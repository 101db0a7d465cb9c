"""Landmarks that expressions hardly move: the rigid part of the face that everything is measured against."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

# Point numbers of the 478-point mesh: bridge and tip of the nose, eye corners, hairline, temples, outline by the
# ears, and (weakly, because brows pull on them) the forehead.
_WEIGHTED: Final = (
    (2.0, (168, 6, 197, 195, 5)),
    (3.0, (33, 133, 362, 263)),
    (1.0, (10, 338, 109, 127, 356, 234, 454, 93, 323)),
    (0.5, (151, 9, 54, 284, 21, 251)),
)

ANCHORS: Final[NDArray[np.int64]] = np.array([i for _, points in _WEIGHTED for i in points])
_RAW: Final = np.array([weight for weight, points in _WEIGHTED for _ in points])
#: Weight of every anchor; they sum to one.
ANCHOR_WEIGHTS: Final[NDArray[np.float64]] = _RAW / _RAW.sum()
