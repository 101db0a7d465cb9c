"""What a face looks like, roughly: shape in centimetres and colours of skin, hair and clothes.

Made to tell the few people of one recording apart while it is measured, and forgotten with the measurement. It is
no face-recognition template: it is coarse, changes with the clothes and the light, and is never stored.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.face.pose import align
from analysis.face.reference import reference
from analysis.types import Float32, Rgb

# Outline of the face, nose and eye corners (478-point mesh): what expressions move least.
_SHAPE: Final = np.array(
    (
        *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152),
        *(33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 129, 358, 102, 331),
    )
)
_BRIDGE: Final = 168

# The picture around the face is turned upright, at so many pixels a centimetre; its origin is the nose's bridge.
_PX_PER_CM: Final = 2.0
_LEFT_CM, _TOP_CM, _WIDTH_CM, _HEIGHT_CM = -10.0, -11.0, 20.0, 36.0
_SIZE: Final = (round(_WIDTH_CM * _PX_PER_CM), round(_HEIGHT_CM * _PX_PER_CM))
# x0, y0, x1, y1 in centimetres on the reference head, y down: forehead and cheeks; above the hairline; chest.
_PARTS: Final = {
    "skin": ((-4.0, -4.0, 4.0, -2.0), (-5.0, 2.5, -2.5, 5.0), (2.5, 2.5, 5.0, 5.0)),
    "hair": ((-5.0, -8.5, 5.0, -5.0),),
    "clothes": ((-9.0, 16.0, 9.0, 24.5),),
}
PARTS: Final = tuple(_PARTS)
_BINS: Final = 8
_LEAST_IN_PICTURE: Final = 0.2
"""A part of which less lies in the picture says nothing."""
_MOST_TURNED: Final = math.radians(45)

N_SHAPE: Final = 2 * len(_SHAPE)
N_COLOUR: Final = 3 * _BINS


@dataclass(frozen=True, slots=True)
class Look:
    """How a face looks in one frame, or on average.

    Attributes
    ----------
    shape : float32, shape (N_SHAPE,)
        x and y of steady points on the reference head in centimetres, both sides averaged.
    colours : float32, shape (len(PARTS), N_COLOUR)
        Square roots of the shares of pixels in eight steps of lightness, of green–red and of blue–yellow (CIELAB)
        for every part; NaN for a part outside of the picture.
    """

    shape: Float32
    colours: Float32


def look(rgb: Rgb, landmarks: Float32) -> Look | None:
    """Describe one face; None where it is turned away by more than 45°.

    Parameters
    ----------
    rgb : uint8, shape (H, W, 3)
        The upright frame.
    landmarks : float32, shape (478, 3)
        Pixels of that frame.
    """
    aligned = align(landmarks[None])
    points = aligned.points[0]
    opposite = points[reference().mirror] * [
        -1.0,
        1.0,
        1.0,
    ]  # averaging the sides takes out what turning the head adds
    shape = ((points + opposite) / 2)[_SHAPE, :2]
    rotation = aligned.rotation[0]
    roll = float(np.arctan2(-rotation[1, 0], rotation[1, 1]))
    patch, inside = _patch(rgb, landmarks[_BRIDGE, :2], float(aligned.px_per_cm[0]), roll)
    lab = cv2.cvtColor(patch, cv2.COLOR_RGB2LAB).astype(np.uint8, copy=False)
    colours = np.stack([_histogram(lab[mask], inside[mask]) for mask in _masks()])
    return Look(shape.astype(np.float32).ravel(), colours)


def _patch(rgb: Rgb, bridge: Float32, px_per_cm: float, roll: float) -> tuple[Rgb, NDArray[np.bool_]]:
    """Head and chest upright and at one scale, and which of its pixels lie in the picture."""
    scale = px_per_cm / _PX_PER_CM
    cosine, sine = math.cos(roll) * scale, math.sin(roll) * scale
    x, y = _LEFT_CM * _PX_PER_CM, _TOP_CM * _PX_PER_CM
    # from patch to picture: a head tilted to its own left is turned clockwise in the picture
    matrix = np.array(
        [
            [cosine, -sine, bridge[0] + cosine * x - sine * y],
            [sine, cosine, bridge[1] + sine * x + cosine * y],
        ]
    )
    columns, rows = np.meshgrid(np.arange(_SIZE[0]), np.arange(_SIZE[1]))
    places = np.stack([columns, rows], -1) @ matrix[:, :2].T + matrix[:, 2]
    inside = ((places >= 0) & (places <= [rgb.shape[1] - 1, rgb.shape[0] - 1])).all(-1)
    patch = cv2.remap(rgb, places.astype(np.float32), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return patch.astype(np.uint8, copy=False), inside


@cache
def _masks() -> tuple[NDArray[np.bool_], ...]:
    masks = []
    for boxes in _PARTS.values():
        mask = np.zeros(_SIZE[::-1], bool)
        for box in boxes:
            x0, y0, x1, y1 = (
                round((value - start) * _PX_PER_CM)
                for value, start in zip(box, (_LEFT_CM, _TOP_CM) * 2, strict=True)
            )
            mask[y0:y1, x0:x1] = True
        masks.append(mask)
    return tuple(masks)


def _histogram(lab: NDArray[np.uint8], inside: NDArray[np.bool_]) -> Float32:
    """Square roots of three marginal histograms, each pixel shared between its two nearest steps."""
    if inside.mean() < _LEAST_IN_PICTURE:
        return np.full(N_COLOUR, np.nan, np.float32)
    values = lab[inside].astype(np.float64)
    # a* and b* of skin, hair and cloth stay within 40 of grey; the rest of the scale would be empty
    place = np.stack([values[:, 0] / 255, *((values[:, 1:] - 128).T / 80 + 0.5)], -1)
    place = np.clip(place, 0, 1) * (_BINS - 1)
    low = np.minimum(place.astype(int), _BINS - 2)
    share = place - low
    counts = np.zeros((3, _BINS))
    for channel in range(3):
        counts[channel] += np.bincount(low[:, channel], 1 - share[:, channel], _BINS)
        counts[channel] += np.bincount(low[:, channel] + 1, share[:, channel], _BINS)
    result: Float32 = np.sqrt(counts / len(values)).astype(np.float32).ravel()
    return result


#: What one person's looks usually differ by (medians between tracks of the same people; docs/validation.md).
_USUAL_SHAPE_CM: Final = 0.12
_USUAL_COLOUR: Final = 0.09
#: Shape and at least so many parts must be comparable.
_LEAST_PARTS: Final = 2
_EXACT: Final = 2.0**24


def _exact(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to steps of which sums are exact, so that they do not depend on what is added up first."""
    return np.round(values * _EXACT) / _EXACT


class Looks:
    """Mean look over frames.

    Attributes
    ----------
    count : int
        Frames that were added.
    """

    def __init__(self) -> None:
        self.count = 0
        self._shape = np.zeros(N_SHAPE)
        self._shares = np.zeros((len(PARTS), N_COLOUR))
        self._parts = np.zeros(len(PARTS))

    def add(self, one: Look) -> None:
        """Take a frame in."""
        seen = np.isfinite(one.colours).all(1)
        self.count += 1
        self._shape += _exact(one.shape.astype(np.float64))
        self._shares[seen] += _exact(one.colours[seen].astype(np.float64) ** 2)
        self._parts += seen

    def merge(self, other: Looks) -> None:
        """Take in what another one has seen."""
        self.count += other.count
        self._shape += other._shape
        self._shares += other._shares
        self._parts += other._parts

    def plain(self) -> list[Any]:
        """Count and sums as plain values, for `of_plain`."""
        return [self.count, self._shape.tolist(), self._shares.tolist(), self._parts.tolist()]

    @classmethod
    def of_plain(cls, values: Sequence[Any]) -> Looks:
        """Make one of what `plain` gave."""
        made = cls()
        made.count = values[0]
        made._shape, made._shares, made._parts = (np.array(one, np.float64) for one in values[1:])
        return made

    def difference(self, other: Looks) -> float:
        """How different two looks are, in units of what one person's looks usually differ by.

        Mean of the shapes' distance (centimetres a point) and the colours' Hellinger distances, each over its
        usual size; NaN where there is too little to compare.
        """
        both = (self._parts > 0) & (other._parts > 0)
        if not self.count or not other.count or both.sum() < _LEAST_PARTS:
            return float("nan")
        apart = self._shape / self.count - other._shape / other.count
        shape = math.sqrt(2 * float((apart**2).mean()))
        own, others = (looks._shares[both] / looks._parts[both, None] for looks in (self, other))
        alike = np.sqrt(own * others).sum(1) / 3  # three histograms a part
        colours = np.sqrt(np.maximum(0.0, 1.0 - alike))
        return float(np.mean([shape / _USUAL_SHAPE_CM, *(colours / _USUAL_COLOUR)]))
