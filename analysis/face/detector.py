"""Finds faces in a whole picture with MediaPipe's two BlazeFace nets.

The full-range net finds faces from 6 % of the picture's width, the short-range net from 10 %. The short-range net
finds some partly covered close-ups that the other misses but sometimes draws a wrong, tilted box; so it is asked
only where the full-range net found nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.models import registry
from analysis.models.runtime import session
from analysis.types import Float32, Rgb

_OVERLAP: Final = 0.3
"""Boxes that overlap more are the same face (MediaPipe's weighted suppression)."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One face found in a picture.

    Attributes
    ----------
    box : float32, shape (4,)
        x0, y0, x1, y1 in pixels; may reach beyond the picture.
    right_eye, left_eye : float32, shape (2,)
        Pixels; the subject's sides.
    score : float
        0–1.
    """

    box: Float32
    right_eye: Float32
    left_eye: Float32
    score: float


class _Net:
    """One BlazeFace net with its grid of anchors."""

    def __init__(self, model_id: str, size: int, grids: tuple[tuple[int, int], ...], threshold: float) -> None:
        self._session = session(model_id)
        self._input = self._session.get_inputs()[0].name
        self._size = size
        self._threshold = threshold
        self._anchors = np.concatenate([_grid(size, stride, count) for stride, count in grids])

    def __call__(self, rgb: Rgb) -> list[Detection]:
        tensor, scale, offset = self._letterboxed(rgb)
        regressions, logits = self._session.run(None, {self._input: tensor})
        scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -80, 80)))
        kept = np.flatnonzero(scores >= self._threshold)
        if not len(kept):
            return []
        # Every anchor gives centre, size and six points, relative to the anchor and in input pixels.
        values = regressions[0, kept].reshape(-1, 8, 2)
        anchors = self._anchors[kept]
        centre, half = values[:, 0] + anchors, values[:, 1] / 2
        points = np.stack([centre - half, centre + half, *(values[:, 2 + i] + anchors for i in range(2))], axis=1)
        return [
            Detection(found[:2].ravel(), found[2], found[3], score)
            for found, score in _merged((points - offset) / scale, scores[kept])
        ]

    def _letterboxed(self, rgb: Rgb) -> tuple[Float32, Float32, Float32]:
        """Return the net's input (1, size, size, 3) in −1…1, and scale and offset from picture to input pixels."""
        height, width = rgb.shape[:2]
        ratio = self._size / max(height, width)
        new_width, new_height = max(1, round(width * ratio)), max(1, round(height * ratio))
        method = cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR
        small = cv2.resize(rgb, (new_width, new_height), interpolation=method)
        left, top = (self._size - new_width) // 2, (self._size - new_height) // 2
        tensor = np.full((1, self._size, self._size, 3), -1, np.float32)
        tensor[0, top : top + new_height, left : left + new_width] = small * np.float32(2 / 255) - 1
        scale = np.array([new_width / width, new_height / height], np.float32)
        return tensor, scale, np.array([left, top], np.float32)


class Detector:
    """Full-range detector, with the short-range one for what it misses.

    Parameters
    ----------
    threshold : float
        Smallest score, 0–1, of a face that is reported.

    Raises
    ------
    ModelError
        The models are not installed.
    """

    def __init__(self, threshold: float = 0.6) -> None:
        self._full = _Net(registry.DETECTOR_FULL, 192, ((4, 1),), threshold)
        # Eight-pixel cells with 2 anchors, sixteen-pixel cells with 6 (three layers of 2 on one grid).
        self._short = _Net(registry.DETECTOR_SHORT, 128, ((8, 2), (16, 6)), threshold)

    def __call__(self, rgb: Rgb, *, thorough: bool = True) -> list[Detection]:
        """Return the faces of a picture, best first.

        Parameters
        ----------
        rgb : uint8, shape (height, width, 3)
        thorough : bool
            Ask the short-range net too when the full-range net finds nothing.
        """
        found = self._full(rgb)
        if not found and thorough:
            found = self._short(rgb)
        return sorted(found, key=lambda detection: -detection.score)


def _grid(size: int, stride: int, per_cell: int) -> Float32:
    """Anchor centres of one square layer in input pixels, shape (cells² · per_cell, 2), row by row."""
    y, x = np.mgrid[0:size:stride, 0:size:stride]
    centres = np.stack([x, y], axis=-1).reshape(-1, 2) + stride / 2
    return np.repeat(centres, per_cell, axis=0).astype(np.float32)


def overlap(box: Float32, boxes: Float32) -> Float32:
    """Return intersection over union of one box (4,) with each of (N, 4), as x0, y0, x1, y1."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod()
    result: Float32 = (shared / np.maximum(areas - shared, 1e-9)).astype(np.float32)
    return result


def _merged(points: Float32, scores: NDArray[np.float32]) -> list[tuple[Float32, float]]:
    """Average each cluster of overlapping boxes, weighted by score; keep the cluster's best score."""
    remaining = np.argsort(-scores, kind="stable")
    boxes = points[:, :2].reshape(-1, 4)
    result = []
    while len(remaining):
        best = remaining[0]
        same = overlap(boxes[best], boxes[remaining]) > _OVERLAP
        same[0] = True
        cluster = remaining[same]
        mean = np.average(points[cluster], axis=0, weights=scores[cluster]).astype(np.float32)
        result.append((mean, float(scores[best])))
        remaining = remaining[~same]
    return result
