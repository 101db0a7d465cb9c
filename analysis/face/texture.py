"""Skin and mouth measures from pixels, comparable from frame to frame.

Skin is sampled on the unrolled reference face (`Reference.uv`), so the same sample is the same spot of skin
whatever the expression and the head do: wrinkles change a region's energy, movement does not. Only the regions
that a measure needs are sampled, by one ``cv2.remap``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.face.reference import N_SKIN, Reference, reference
from analysis.types import N_LANDMARKS, Float32, Rgb

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Direction = Literal["upright", "level", "any", "red"]

#: Side of one sample on the reference face. Wrinkles are 0.1–0.3 cm apart; smaller samples cost and add noise.
TEXEL_CM: Final = 0.1
_MARGIN: Final = 3  # samples around a region, so that its filters see skin and not the neighbour in the atlas
_ATLAS_WIDTH: Final = 128
_MAX_PX_PER_TEXEL: Final = 2.0  # finer pictures are averaged down first, or bilinear sampling would alias
_GRADIENTS: Final[Mapping[Direction, int]] = {"upright": 0, "level": 1}
_DARK_OFFSET: Final = 8.0  # grey levels; keeps energy / brightness finite in shadow

# Hull of every region by point numbers, for the subject's right side where a region has two. The direction is that
# of the creases that are looked for ("red": how red the region is instead).
_MID_REGIONS: Final[Mapping[str, tuple[Sequence[int], Direction]]] = {
    "glabella": ((9, 107, 336, 8, 55, 285), "upright"),
    "forehead_mid": ((151, 108, 337, 9, 107, 336), "level"),
    "nose_root": ((168, 122, 351, 196, 419, 197), "level"),
    "chin": ((199, 200, 208, 428, 175, 18), "any"),
    "lips_upper": ((61, 40, 37, 0, 267, 270, 291, 13), "red"),
    "lips_lower": ((61, 91, 84, 17, 314, 321, 291, 14), "red"),
}
_RIGHT_REGIONS: Final[Mapping[str, tuple[Sequence[int], Direction]]] = {
    "forehead": ((68, 104, 69, 108, 66, 105, 63), "level"),
    "nose_side": ((122, 245, 188, 174, 196), "any"),
    "crow": ((226, 35, 143, 34, 127, 139, 156), "any"),
    "lower_lid": ((230, 119, 101, 100, 231), "any"),
    "nasolabial": ((203, 206, 216, 92, 165), "any"),
    "dimple": ((61, 57, 212, 202, 43), "any"),
}
_INNER_LIPS: Final = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
_CHEEKS: Final = (50, 280)
_EYES: Final = (33, 133, 159, 145, 263, 362, 386, 374)


def _regions(ref: Reference) -> dict[str, tuple[list[int], Direction]]:
    out = {name: (list(points), way) for name, (points, way) in _MID_REGIONS.items()}
    for name, (points, way) in _RIGHT_REGIONS.items():
        out[f"{name}_R"] = (list(points), way)
        out[f"{name}_L"] = ([int(ref.mirror[i]) for i in points], way)
    return out


_REGION_NAMES: Final = (*_MID_REGIONS, *(f"{name}_{side}" for name in _RIGHT_REGIONS for side in "RL"))

#: Columns of `SkinTexture`: ``skin_*`` crease energy (mean gradient / mean brightness, no unit; ``skin_lips_*``
#: redness −1…1), ``teeth`` and ``mouth_dark`` shares 0–1 of the gap between the lips, ``mouth_area`` of that gap
#: in cm², ``sharpness`` share of the finest detail at the eyes (no unit), ``brightness`` grey of the skin 0–255.
TEXTURE_COLUMNS: Final[tuple[str, ...]] = (
    *(f"skin_{name}" for name in _REGION_NAMES),
    "teeth",
    "mouth_dark",
    "mouth_area",
    "sharpness",
    "brightness",
)


class _Atlas(NamedTuple):
    """Where every sample lies: constant, made once."""

    shape: tuple[int, int]
    to_pixels: csr_matrix  # (H·W, 468): barycentric weights of three landmarks a sample
    inside: NDArray[np.int64]  # flat indices of the samples inside a region, region after region
    starts: NDArray[np.int64]  # (R,) where each region begins in `inside`
    counts: Float32  # (R,) samples of each region
    kind: NDArray[np.int64]  # (R,) which of the three gradients counts: across, down, any
    red: tuple[tuple[int, NDArray[np.int64]], ...]  # regions whose redness counts: number, flat indices


def _barycentric(points: NDArray[np.float64], ref: Reference) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Triangle and barycentric weights of UV points (n, 2); a point outside gets the nearest triangle's edge."""
    a, b, c = (ref.uv[ref.triangles[:, k]] for k in range(3))
    area = np.cross(np.pad(b - a, ((0, 0), (0, 1))), np.pad(c - a, ((0, 0), (0, 1))))[:, 2]
    offset = points[:, None] - a
    w1 = (offset[..., 0] * (c - a)[:, 1] - offset[..., 1] * (c - a)[:, 0]) / area
    w2 = (offset[..., 1] * (b - a)[:, 0] - offset[..., 0] * (b - a)[:, 1]) / area
    weights = np.stack([1 - w1 - w2, w1, w2], axis=-1)
    best = weights.min(-1).argmax(1)
    chosen = np.clip(weights[np.arange(len(points)), best], 0, None)
    return ref.triangles[best].astype(np.int64), np.asarray(chosen / chosen.sum(1, keepdims=True))


def _shelves(sizes: Sequence[tuple[int, int]]) -> tuple[list[tuple[int, int]], int]:
    """Top left corners (row, column) that pack rectangles (height, width) on shelves, and the total height."""
    corners: dict[int, tuple[int, int]] = {}
    top = left = shelf = 0
    for i in sorted(range(len(sizes)), key=lambda i: -sizes[i][0]):
        height, width = sizes[i]
        if left + width > _ATLAS_WIDTH:
            top, left, shelf = top + shelf, 0, 0
        corners[i] = (top, left)
        left, shelf = left + width, max(shelf, height)
    return [corners[i] for i in range(len(sizes))], top + shelf


@cache
def _atlas() -> _Atlas:
    ref = reference()
    regions = _regions(ref)
    hulls = [cv2.convexHull(ref.uv[points].astype(np.float32))[:, 0] for points, _ in regions.values()]
    boxes = [(np.floor(h.min(0) / TEXEL_CM) - _MARGIN, np.ceil(h.max(0) / TEXEL_CM) + _MARGIN) for h in hulls]
    sizes = [(int(high[1] - low[1]) + 1, int(high[0] - low[0]) + 1) for low, high in boxes]
    corners, height = _shelves(sizes)
    points = np.zeros((height, _ATLAS_WIDTH, 2))
    used = np.zeros((height, _ATLAS_WIDTH), bool)
    members: list[NDArray[np.int64]] = []
    flat = np.arange(height * _ATLAS_WIDTH).reshape(height, _ATLAS_WIDTH)
    for hull, (low, high), (rows, cols), (top, left) in zip(hulls, boxes, sizes, corners, strict=True):
        # the atlas' rows run downward like the picture's, v runs upward
        v, u = np.mgrid[high[1] : high[1] - rows : -1, low[0] : low[0] + cols]
        place = np.s_[top : top + rows, left : left + cols]
        points[place] = np.stack([u, v], -1) * TEXEL_CM
        inside = np.zeros((rows, cols), np.uint8)
        drawn = np.round((hull / TEXEL_CM - [low[0], high[1]]) * [1, -1]).astype(np.int32)
        cv2.fillConvexPoly(inside, drawn, 1)
        used[place] = cv2.dilate(inside, np.ones((2 * _MARGIN + 1, 2 * _MARGIN + 1), np.uint8)) > 0
        members.append(flat[place][inside > 0])
    # in pieces: every sample is held against every triangle, and all at once that takes 600 MB
    pieces = [_barycentric(part, ref) for part in np.array_split(points[used], 32)]
    corners_of, weights = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    from scipy.sparse import csr_matrix  # slow to load, and the web server measures no texture

    sample = np.flatnonzero(used.ravel())
    to_pixels = csr_matrix(
        (weights.astype(np.float32).ravel(), (np.repeat(sample, 3), corners_of.ravel())),
        shape=(used.size, N_SKIN),
    )
    counts = np.array([len(member) for member in members])
    return _Atlas(
        shape=(height, _ATLAS_WIDTH),
        to_pixels=to_pixels,
        inside=np.concatenate(members),
        starts=np.concatenate([[0], np.cumsum(counts)[:-1]]),
        counts=counts.astype(np.float32),
        kind=np.array([_GRADIENTS.get(way, 2) for _, way in regions.values()]),
        red=tuple((i, members[i]) for i, (_, way) in enumerate(regions.values()) if way == "red"),
    )


class SkinTexture:
    """Measures skin and mouth of one face in one frame."""

    def __init__(self) -> None:
        self._atlas = _atlas()

    def __call__(self, rgb: Rgb, landmarks: Float32) -> Float32:
        """Measure.

        Parameters
        ----------
        rgb : uint8, shape (H, W, 3)
            The upright frame.
        landmarks : float32, shape (478, 3)
            Pixels of that frame.

        Returns
        -------
        float32, shape (T,)
            In the order of `TEXTURE_COLUMNS`; all NaN when the face lies outside the picture.

        Raises
        ------
        ValueError
            Wrong shape.
        """
        if landmarks.shape != (N_LANDMARKS, 3):
            raise ValueError(f"landmarks: expected shape (478, 3), got {landmarks.shape}")
        if rgb.ndim != 3 or rgb.shape[2] != 3:
            raise ValueError(f"rgb: expected shape (H, W, 3), got {rgb.shape}")
        crop, points = _crop(rgb, landmarks[:, :2])
        if crop is None:
            return np.full(len(TEXTURE_COLUMNS), np.nan, np.float32)
        regions, brightness = self._skin(crop, points)
        mouth = _mouth(crop, points)
        return np.array([*regions, *mouth, _sharpness(crop, points), brightness], np.float32)

    def _skin(self, crop: Rgb, points: Float32) -> tuple[Float32, float]:
        atlas = self._atlas
        where = (atlas.to_pixels @ points[:N_SKIN]).reshape(*atlas.shape, 2)
        # one channel is sampled smoothly; redness needs no detail, so the nearest pixel does
        grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
        # the stubs do not know that one map with both coordinates needs no second; an empty array is not the same
        skin = cv2.remap(grey, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        skin = cv2.GaussianBlur(skin, (5, 5), 1.0).astype(np.float32)
        dx, dy = (np.abs(cv2.Sobel(skin, cv2.CV_32F, *order)) for order in ((1, 0), (0, 1)))
        level, *gradients = self._averages(skin, dx, dy, _length(dx, dy))
        energy = np.choose(atlas.kind, gradients) / (level + _DARK_OFFSET)
        places = where.reshape(-1, 1, 2)
        for region, samples in atlas.red:
            energy[region] = _redness(crop, places[samples])
        return energy, float(level.mean())

    def _averages(self, *pictures: NDArray[np.floating]) -> list[Float32]:
        """Mean of atlas-shaped pictures over every region."""
        atlas = self._atlas
        # double precision: sums of single-precision numbers are then exact, whatever their order
        inside = np.stack([picture.ravel()[atlas.inside] for picture in pictures], dtype=np.float64)
        means = np.add.reduceat(inside, atlas.starts, axis=1) / atlas.counts
        return list(means.astype(np.float32))


def _length(dx: Any, dy: Any) -> Float32:
    # cv2.magnitude takes as long, but its last bit depends on where in memory its arrays happen to lie
    return np.asarray(np.sqrt(dx * dx + dy * dy), np.float32)


def _crop(rgb: Rgb, points: Float32) -> tuple[Rgb | None, Float32]:
    """The face's part of the picture, averaged down where it is finer than needed, and the points in it."""
    low = np.maximum(np.floor(points.min(0)).astype(int) - 2, 0)
    high = np.minimum(np.ceil(points.max(0)).astype(int) + 3, [rgb.shape[1], rgb.shape[0]])
    if not np.isfinite(points).all() or (high - low < 8).any():
        return None, points
    crop = rgb[low[1] : high[1], low[0] : high[0]]
    moved = points - low.astype(np.float32)
    px_per_texel = _width(points) / _reference_width() * TEXEL_CM
    if px_per_texel > _MAX_PX_PER_TEXEL:
        scale = _MAX_PX_PER_TEXEL / px_per_texel
        size = (max(8, round(crop.shape[1] * scale)), max(8, round(crop.shape[0] * scale)))
        ratio = np.array([size[0] / crop.shape[1], size[1] / crop.shape[0]], np.float32)
        small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
        return small.astype(np.uint8, copy=False), (moved + 0.5) * ratio - 0.5
    return crop, moved


def _redness(crop: Rgb, where: Float32) -> float:
    """Mean excess of red over green and blue at points (n, 1, 2), as a share of the brightness, −1…1."""
    pixels = cv2.remap(crop, where, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    red, green, blue, _ = cv2.mean(pixels)
    return float((red - (green + blue) / 2) / (red + green + blue + _DARK_OFFSET))


def _width(points: NDArray[np.floating]) -> float:
    """Distance between the outer eye corners, nearly the same in every expression."""
    return float(np.hypot(*(points[263, :2] - points[33, :2])))


@cache
def _reference_width() -> float:
    return _width(reference().xyz)


def _window(crop: Rgb, points: Float32, grow: float) -> tuple[Rgb, NDArray[np.int64]]:
    low = np.floor(points.min(0) - grow).astype(np.int64)
    high = np.ceil(points.max(0) + grow).astype(np.int64) + 1
    low = np.clip(low, 0, [crop.shape[1] - 1, crop.shape[0] - 1])
    high = np.clip(high, low + 1, [crop.shape[1], crop.shape[0]])
    return crop[low[1] : high[1], low[0] : high[0]], low


def _mouth(crop: Rgb, points: Float32) -> tuple[float, float, float]:
    """Share of bright pale (teeth) and of dark pixels between the lips, and that gap's area in cm²."""
    lips = points[list(_INNER_LIPS)]
    cm_per_px = _reference_width() / max(_width(points), 1e-6)
    area = float(cv2.contourArea(lips)) * cm_per_px**2
    part, low = _window(crop, lips, 0)
    inside = np.zeros(part.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round(lips - low).astype(np.int32)], 1)
    between = inside > 0
    # a line of pixels is a closed mouth, not a gap
    if area < 0.15 or between.sum() < 12:
        return 0.0, 0.0, area
    cheeks = np.clip(points[list(_CHEEKS)].astype(int), 0, [crop.shape[1] - 1, crop.shape[0] - 1])
    cheek = crop[cheeks[:, 1], cheeks[:, 0]].astype(np.float32)
    skin = float(cheek.max(1).mean())
    skin_colour = float((1 - cheek.min(1) / np.maximum(cheek.max(1), 1)).mean())
    red, green, blue = (channel[between].astype(np.float32) for channel in cv2.split(part))
    bright = np.maximum(np.maximum(red, green), blue)
    colour = 1 - np.minimum(np.minimum(red, green), blue) / np.maximum(bright, 1)
    teeth = (bright > 0.75 * skin) & (colour < min(0.35, 0.7 * skin_colour))
    return float(teeth.mean()), float((bright < 0.35 * skin).mean()), area


def _sharpness(crop: Rgb, points: Float32) -> float:
    """Finest detail (Laplacian) over all detail (gradient) around the eyes: falls with blur, not with contrast."""
    part, _ = _window(crop, points[list(_EYES)], 4)
    if min(part.shape[:2]) < 4:
        return float("nan")
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).astype(np.float32)
    gradient = cv2.mean(_length(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)))[0]
    return cv2.norm(cv2.Laplacian(grey, cv2.CV_32F, ksize=3), cv2.NORM_L1) / grey.size / (gradient + 4.0)
