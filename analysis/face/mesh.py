"""Places 478 points on faces with MediaPipe's attention mesh, given roughly where each face is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.face.detector import Detection
from analysis.models import registry
from analysis.models.runtime import session
from analysis.types import N_LANDMARKS, Float32, InnerMaps, Rgb

SIZE: Final = 192
_ENLARGE: Final = 1.5
"""Side of the crop over the longer side of the face's box."""

_STEPS_A_SIDE: Final = 2048
_SIDES_AN_OCTAVE: Final = 128
_STEPS_A_RADIAN: Final = 512
"""Finer, and crops of two beginnings meet late; coarser, and points tremble (docs/segments.md)."""

# Which of the 468 surface points each refined output replaces (mediapipe/modules/face_landmark, Apache-2.0).
# fmt: off
_LIPS: Final = np.array([
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409, 78, 95,
    88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415, 76, 77, 90, 180,
    85, 16, 315, 404, 320, 307, 306, 184, 74, 73, 72, 11, 302, 303, 304, 408, 62, 96, 89, 179, 86, 15,
    316, 403, 319, 325, 292, 183, 42, 41, 38, 12, 268, 271, 272, 407,
])
_RIGHT_EYE: Final = np.array([
    33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173, 130, 25, 110, 24, 23,
    22, 26, 112, 243, 247, 30, 29, 27, 28, 56, 190, 226, 31, 228, 229, 230, 231, 232, 233, 244, 113,
    225, 224, 223, 222, 221, 189, 35, 124, 46, 53, 52, 65, 143, 111, 117, 118, 119, 120, 121, 128, 245,
    156, 70, 63, 105, 66, 107, 55, 193,
])
_LEFT_EYE: Final = np.array([
    263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398, 359, 255, 339, 254,
    253, 252, 256, 341, 463, 467, 260, 259, 257, 258, 286, 414, 446, 261, 448, 449, 450, 451, 452, 453,
    464, 342, 445, 444, 443, 442, 441, 413, 265, 353, 276, 283, 282, 295, 372, 340, 346, 347, 348, 349,
    350, 357, 465, 383, 300, 293, 334, 296, 336, 285, 417,
])
# fmt: on
_EYE_OUTLINE: Final = 16
"""The first so many points of an eye are its outline; their mean depth is the iris's."""
_SURFACE: Final = 468
_POINT_OUTPUTS: Final = 6
"""The first so many outputs are points: surface, lips, two eyes, two irises."""
_RIGHT_IRIS: Final = slice(468, 473)
_LEFT_IRIS: Final = slice(473, 478)
_RIGHT_OUTER, _LEFT_OUTER = 33, 263


@dataclass(frozen=True, slots=True)
class Region:
    """The square, turned crop in which the mesh looks for one face.

    Attributes
    ----------
    x, y : float
        Centre, pixels.
    side : float
        Side of the square, pixels.
    angle : float
        Direction of the line from the subject's right eye to the left, radians, clockwise on the screen.
    """

    x: float
    y: float
    side: float
    angle: float

    @classmethod
    def of_detection(cls, detection: Detection) -> Region:
        return cls._around(detection.box, detection.right_eye, detection.left_eye)

    @classmethod
    def of_landmarks(cls, landmarks: Float32) -> Region:
        return cls._around(face_box(landmarks), landmarks[_RIGHT_OUTER], landmarks[_LEFT_OUTER])

    @classmethod
    def _around(cls, box: Float32, right_eye: Float32, left_eye: Float32) -> Region:
        x0, y0, x1, y1 = (float(value) for value in box)
        angle = math.atan2(float(left_eye[1] - right_eye[1]), float(left_eye[0] - right_eye[0]))
        return cls((x0 + x1) / 2, (y0 + y1) / 2, max(x1 - x0, y1 - y0) * _ENLARGE, angle)

    def plain(self) -> list[float]:
        """x, y, side and angle."""
        return [self.x, self.y, self.side, self.angle]

    def on_grid(self) -> Region:
        """The nearest of a fixed set of crops: about 0.05 % of the side apart, 0.5 % in size and 0.1° in turn.

        Points found in one crop make the next, and tiny differences never die out in that loop. On the grid
        they do:
        wherever following a face began, the crops are soon the very same, and so are all numbers after them.
        """
        side = 2.0 ** (round(math.log2(self.side) * _SIDES_AN_OCTAVE) / _SIDES_AN_OCTAVE)
        step = 2.0 ** round(math.log2(side)) / _STEPS_A_SIDE
        angle = round(self.angle * _STEPS_A_RADIAN) / _STEPS_A_RADIAN
        return Region(round(self.x / step) * step, round(self.y / step) * step, side, angle)

    def matrix(self) -> NDArray[np.float64]:
        """Affine map (2, 3) from picture to crop pixels."""
        scale = SIZE / self.side
        cosine, sine = math.cos(self.angle) * scale, math.sin(self.angle) * scale
        return np.array(
            [
                [cosine, sine, SIZE / 2 - cosine * self.x - sine * self.y],
                [-sine, cosine, SIZE / 2 + sine * self.x - cosine * self.y],
            ]
        )


def face_box(landmarks: Float32) -> Float32:
    """Return x0, y0, x1, y1 (pixels) around the surface points (irises left out)."""
    x, y = landmarks[:_SURFACE, 0], landmarks[:_SURFACE, 1]  # four passes are faster than two over an axis
    return np.array([x.min(), y.min(), x.max(), y.max()], np.float32)


def _places() -> NDArray[np.int64]:
    """Where each of the 478 points' coordinates lies in the outputs laid end to end, (478, 3).

    Irises have no depth of their own; theirs point anywhere.
    """
    places = np.zeros((N_LANDMARKS, 3), np.int64)
    places[:_SURFACE] = np.arange(_SURFACE * 3).reshape(-1, 3)
    start = _SURFACE * 3
    irises = (np.arange(N_LANDMARKS)[part] for part in (_RIGHT_IRIS, _LEFT_IRIS))
    # The net calls the eye on the picture's left "left"; that is the subject's right one.
    for points in (_LIPS, _RIGHT_EYE, _LEFT_EYE, *irises):
        places[points, :2] = start + np.arange(len(points) * 2).reshape(-1, 2)
        start += len(points) * 2
    return places


_PLACES: Final = _places()


class Placement(NamedTuple):
    """Points of N faces.

    Attributes
    ----------
    landmarks : float32, shape (N, 478, 3)
        x and y in picture pixels, z in the same scale, smaller is nearer; 0–467 surface, 468–472 the subject's
        right iris, 473–477 the left one.
    presence : float32, shape (N,)
        The net's belief that a face is there, 0–1. It stays high behind a hand.
    maps : InnerMaps or None
        What the net saw; None from a stand-in that has no net.
    """

    landmarks: Float32
    presence: Float32
    maps: InnerMaps | None = None


class Mesh:
    """The landmark net.

    Raises
    ------
    ModelError
        The model is not installed.
    """

    def __init__(self) -> None:
        self._session = session(registry.MESH)
        self._input = self._session.get_inputs()[0].name

    def __call__(self, rgb: Rgb, regions: list[Region]) -> Placement:
        """Place the points of every region's face.

        Parameters
        ----------
        rgb : uint8, shape (height, width, 3)
        regions : list of Region, length N ≥ 1

        Returns
        -------
        Placement
            In the order of the regions.
        """
        matrices = [region.matrix() for region in regions]
        crops = np.empty((len(regions), SIZE, SIZE, 3), np.uint8)
        for crop, matrix in zip(crops, matrices, strict=True):
            cv2.warpAffine(
                rgb, matrix, (SIZE, SIZE), dst=crop, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
        landmarks, logits, maps = self._in_crop(crops)
        for points, matrix, region in zip(landmarks, matrices, regions, strict=True):
            back = cv2.invertAffineTransform(matrix).astype(np.float32)
            points[:, :2] = points[:, :2] @ back[:, :2].T + back[:, 2]
            points[:, 2] *= region.side / SIZE
        presence = (1 / (1 + np.exp(-np.clip(logits, -80, 80)))).astype(np.float32)
        return Placement(landmarks, presence, maps)

    def _in_crop(self, crops: Rgb) -> tuple[Float32, Float32, InnerMaps]:
        count = len(crops)
        outputs: list[Float32] = self._session.run(None, {self._input: crops})
        logits, seen, whole = outputs[_POINT_OUTPUTS:]
        numbers = np.concatenate([output.reshape(count, -1) for output in outputs[:_POINT_OUTPUTS]], axis=1)
        points: Float32 = numbers.take(_PLACES, axis=1)
        points[:, _RIGHT_IRIS, 2] = points[:, _RIGHT_EYE[:_EYE_OUTLINE], 2].mean(axis=1, keepdims=True)
        points[:, _LEFT_IRIS, 2] = points[:, _LEFT_EYE[:_EYE_OUTLINE], 2].mean(axis=1, keepdims=True)
        return points, logits.reshape(count), InnerMaps(seen, whole)
