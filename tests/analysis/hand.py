"""A hand that tests lay on a face: a relief of palm, fingers and forearm, lit and in the colour of the skin."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.types import Rgb
from tests.analysis.conditions import Pictures, blend

Array = NDArray[np.float64]

_SIZE = 480  # of the drawing, pixels; the palm is as wide as 1.0 = `_UNIT` pixels
_UNIT = 150.0
_MIDDLE = (215.0, 215.0)
# Root and tip of every finger and of the thumb in palm widths from the palm's middle, y towards the fingertips,
# and the radius at the root; joints lie between.
_FINGERS = (
    ((-0.36, 0.40), (-0.47, 1.06), 0.100),
    ((-0.13, 0.48), (-0.17, 1.30), 0.108),
    ((0.11, 0.48), (0.14, 1.36), 0.110),
    ((0.34, 0.42), (0.43, 1.20), 0.104),
    ((0.42, -0.22), (0.92, 0.42), 0.125),
)
_LIGHT = np.array([-0.45, -0.65, 0.62])


def _capsule(x: Array, y: Array, a: Array, b: Array, radii: tuple[float, float]) -> Array:
    """Height of a rounded cone that lies on the picture's plane; 0 beside it."""
    along = b - a
    t = np.clip(((x - a[0]) * along[0] + (y - a[1]) * along[1]) / (along @ along), 0, 1)
    r = radii[0] + (radii[1] - radii[0]) * t
    d2 = (x - a[0] - t * along[0]) ** 2 + (y - a[1] - t * along[1]) ** 2
    return np.sqrt(np.clip(r**2 - d2, 0, None))


def _relief() -> tuple[Array, Array, Array]:
    """Height in palm widths, cover 0–1 and reddening at knuckles and nails, each (`_SIZE`, `_SIZE`)."""
    rows, columns = np.mgrid[:_SIZE, :_SIZE].astype(np.float64)
    x, y = (columns - _MIDDLE[0]) / _UNIT, (_MIDDLE[1] - rows) / _UNIT
    palm = np.clip(1 - (np.abs(x / 0.53) ** 2.6 + np.abs((y - 0.02) / 0.60) ** 2.6), 0, None) ** 0.5 * 0.2
    arm = _capsule(x, y, np.array([0.02, -0.4]), np.array([0.1, -1.8]), (0.27, 0.36)) * 0.66
    height = cv2.GaussianBlur(np.maximum(palm, arm), (0, 0), 5) * ((palm > 0) | (arm > 0))  # a wrist has no edge
    marks = np.zeros_like(x)
    for (x0, y0), (x1, y1), radius in _FINGERS:
        root, tip = np.array([x0, y0]), np.array([x1, y1])
        inside = root + (root * -0.5 + np.array([0, -0.1])) * 0.6  # the bone goes on under the palm's skin
        finger = np.maximum(
            _capsule(x, y, inside, root, (radius * 0.9, radius)),
            _capsule(x, y, root, tip, (radius, radius * 0.74)),
        )
        # where a finger meets its neighbour a dark gap stays: each is a separate hump of the relief
        height = np.maximum(height, finger + 0.06 * (finger > 0))
        for place, strength in ((0.0, 0.5), (0.42, 1.0), (0.72, 0.8)):
            joint = root + place * (tip - root)
            axis = (tip - root) / np.linalg.norm(tip - root)
            off = (x - joint[0]) * axis[0] + (y - joint[1]) * axis[1]
            aside = (x - joint[0]) * axis[1] - (y - joint[1]) * axis[0]
            fold = np.exp(-((off % 0.035 - 0.0175) ** 2) / 5e-5) * np.exp(-(off**2) / 0.0008)
            marks = np.maximum(marks, strength * fold * (np.abs(aside) < radius * 0.75))
    return height, cv2.GaussianBlur((height > 0).astype(np.float64), (0, 0), 1.0), marks


def drawing(skin: Array, seed: int = 2) -> tuple[Array, Array]:
    """Colour (s, s, 3) and cover (s, s) of the hand, in the skin colour given (RGB, 0–255)."""
    height, cover, marks = _relief()
    rng = np.random.default_rng(seed)
    fine = cv2.GaussianBlur(rng.standard_normal(height.shape), (0, 0), 0.9)
    coarse = cv2.GaussianBlur(rng.standard_normal(height.shape), (0, 0), 14)
    relief = cv2.GaussianBlur(height * _UNIT, (0, 0), 1.6) + 0.18 * fine - 0.9 * marks
    dy, dx = np.gradient(relief)
    normal = np.stack([-dx, -dy, np.full_like(dx, 1.1)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    light = _LIGHT / np.linalg.norm(_LIGHT)
    lambert = np.clip((normal @ light + 0.25) / 1.25, 0, None)  # light bleeds around soft skin
    gap = np.clip((cv2.GaussianBlur(height, (0, 0), 9) - height) * 5, 0, 0.45)  # ambient occlusion between fingers
    shade = (0.42 + 0.72 * lambert) * (1 - gap)
    halfway = light + np.array([0, 0, 1])
    shine = 0.10 * np.clip(normal @ (halfway / np.linalg.norm(halfway)), 0, 1) ** 24
    tint = np.array([1.0, 0.94, 0.93]) ** (marks[..., None] + 6 * coarse[..., None])
    colour = skin * shade[..., None] * tint + 255 * shine[..., None]
    return np.clip(colour, 0, 255), cover


def with_hand(pictures: Pictures, points: Array, start_us: int, end_us: int, moving_us: int = 240_000) -> Pictures:
    """A hand that comes from below, covers the mouth from ``start_us`` to ``end_us`` and goes again.

    Parameters
    ----------
    pictures : Pictures
    points : float, shape (n, 478, 2)
        Landmarks of the face in every picture.
    start_us, end_us : int
        The mouth is fully covered between them.
    moving_us : int
        How long the hand takes to come, and to go.
    """
    cheeks = np.rint(points[0, [50, 280]]).astype(int)
    skin = np.median(
        [pictures.rgb[0][y - 6 : y + 7, x - 6 : x + 7].reshape(-1, 3) for x, y in cheeks], axis=(0, 1)
    )
    colour, cover = drawing(skin * (1.02, 0.98, 0.97))
    out = []
    for rgb, now, time_us in zip(pictures.rgb, points, pictures.times_us, strict=True):
        away = max(start_us - time_us, time_us - end_us, 0) / moving_us
        out.append(rgb if away > 1.2 else _laid(rgb, now, colour, cover, away * away * (3 - 2 * min(away, 1))))
    return Pictures(out, pictures.times_us)


def _laid(rgb: Rgb, points: Array, colour: Array, cover: Array, away: float) -> Rgb:
    """The hand on one picture, fingers across the mouth to the subject's left cheek; ``away`` 1 is out of view."""
    face = float(np.linalg.norm(points[10] - points[152]))
    mouth = points[[61, 291, 0, 17]].mean(0)
    scale = 0.52 * face / _UNIT
    angle = np.radians(52.0)  # the fingers point up and to the picture's right
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    # what lies on the mouth: the roots of the fingers
    on_mouth = np.array(_MIDDLE) + np.array([0, -0.42 * _UNIT])
    target = mouth + away * np.array([-0.7, 1.3]) * face
    move = np.hstack([turn, (target - turn @ on_mouth)[:, None]])
    size = (rgb.shape[1], rgb.shape[0])
    over = cv2.warpAffine(cover, move, size, flags=cv2.INTER_AREA)
    shown = cv2.warpAffine(colour, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    move[:, 2] += (0.03 * face, 0.035 * face)
    shadow = cv2.GaussianBlur(cv2.warpAffine(cover, move, size), (0, 0), 0.025 * face)
    return blend(blend(rgb, np.zeros(3), 0.38 * shadow), shown, over)
