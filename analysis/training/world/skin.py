"""Procedural skin: the colour and relief of an identity's face, painted into the rig's texture.

Colours are mixed in linear light; pigments darken multiplicatively (Beer–Lambert), each with its own absorption
of red, green and blue: melanin takes more blue than red, blood takes green.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from scipy.ndimage import distance_transform_edt

from analysis.training.world.shot import Look
from analysis.training.world.types import Appearance, Colour, Float32, Material, Surface, UInt8

#: Side of the painted pictures, pixels.
SIZE = 768
HEAD_SIZE = 384
#: Skin tone I–VI to sRGB, after the prototypes' palette.
TONES: dict[str, Colour] = {
    "I": (0.93, 0.78, 0.70),
    "II": (0.89, 0.71, 0.60),
    "III": (0.80, 0.60, 0.47),
    "IV": (0.68, 0.48, 0.35),
    "V": (0.48, 0.32, 0.23),
    "VI": (0.35, 0.235, 0.175),
}
#: (surface, material, vertex values (V, 3), size) to a picture of that material's texture, (size, size, 4).
Rasterise = Callable[[Surface, int, Float32, int], Float32]
_MELANIN = np.array([0.9, 1.0, 1.1], np.float32)
_BLOOD = np.array([0.05, 1.0, 0.8], np.float32)


def linear(colour: Colour | Float32) -> Float32:
    """Turn sRGB 0–1 into linear light with the plain 2.2 power that the shaders undo."""
    out: Float32 = np.power(np.clip(np.asarray(colour, np.float32), 0, None), np.float32(2.2))
    return out


def noise(rng: Generator, size: int, sigma: float) -> Float32:
    """Smooth noise of unit variance, (size, size); `sigma` is its grain in pixels."""
    small = int(np.clip(np.ceil(size * 2.5 / max(sigma, 1e-6)), 8, size))
    grain = sigma * small / size
    field = cv2.GaussianBlur(rng.standard_normal((small, small), np.float32), (0, 0), grain)
    if small < size:
        field = cv2.resize(field, (size, size), interpolation=cv2.INTER_CUBIC)
    out: Float32 = field / field.std()
    return out


def fill_outside(atlas: Float32) -> Float32:
    """Copy each texel outside a texture's islands (alpha 0) from the nearest one inside; alpha stays."""
    nearest = distance_transform_edt(atlas[..., 3] < 0.5, return_distances=False, return_indices=True)
    out: Float32 = atlas[tuple(nearest)]
    out[..., 3] = atlas[..., 3]
    return out


@dataclass(frozen=True)
class Canvas:
    """Where things are in a rig's textures, at rest.

    Attributes
    ----------
    face, head : (n, n, 4) float32
        Position (cm) of each texel of the face's and the head's texture, alpha 1 inside the islands.
    lips : (n, n) float32
        Red lip, 0–1.
    brows : pair of (n, 2) float32
        Brow lines from nose to temple, pixels: subject's left, right.
    """

    surface: Surface
    face: Float32
    head: Float32
    lips: Float32
    brows: tuple[Float32, Float32]

    @classmethod
    def of(cls, surface: Surface, rasterise: Rasterise) -> Canvas:
        """Measure `surface`; `rasterise` is ``render.rasterise_uv``."""
        face = fill_outside(rasterise(surface, Material.FACE, surface.rest, SIZE))
        head = fill_outside(rasterise(surface, Material.HEAD, surface.rest, HEAD_SIZE))
        lips = rasterise(surface, Material.FACE, np.repeat(surface.lips[:, None], 3, axis=1), SIZE)[..., 0]
        lips = np.clip((cv2.GaussianBlur(lips, (0, 0), 2.0) - 0.3) / 0.4, 0, 1)
        left, right = (texture_points(surface, surface.landmarks[f"brow_{side}"]) for side in "LR")
        return cls(surface, face, head, lips, (left, right))


def texture_points(surface: Surface, vertices: np.ndarray) -> Float32:
    """Pixels (x, y) of face `vertices` (n,) in a picture of `SIZE`, (n, 2)."""
    chosen = surface.material == Material.FACE
    place = np.zeros((len(surface.rest), 2), np.float32)
    place[surface.triangles[chosen].reshape(-1)] = surface.uv[surface.uv_triangles[chosen].reshape(-1)]
    found = place[vertices]
    return np.stack([found[:, 0] * SIZE, (1 - found[:, 1]) * SIZE], axis=1).astype(np.float32)


def hairline(surface: Surface, position: Float32) -> Float32:
    """How far `position` (…, 3) lies inside the hair, centimetres; negative on bare skin."""
    x, y, z = (position[..., i] for i in range(3))
    brow = surface.rest[surface.landmarks["brow_L"]][:, 1].mean()
    ear = surface.rest[surface.landmarks["jaw"]][0]
    top = y - (brow + 4.3 - 0.05 * x**2)
    side = np.minimum(ear[2] + 0.4 - z - 0.25 * np.abs(y - ear[1] - 2.0), y - ear[1] + 3.6)
    inside = np.maximum(top, side)
    is_ear = (np.abs(x) > abs(ear[0]) - 1.0) & (y < ear[1] + 1.8) & (y > ear[1] - 6.2) & (z > ear[2] - 6.0)
    out: Float32 = np.where(is_ear, -1.0, inside).astype(np.float32)
    return out


def _absorb(skin: Float32, amount: Float32, colour: Float32) -> None:
    skin *= np.exp(-amount[..., None] * colour)


def _spot(position: Float32, centre: Float32, radius: float) -> Float32:
    d = position[..., :3] - centre
    out: Float32 = np.exp(-(d[..., 0] ** 2 + d[..., 1] ** 2 + 0.25 * d[..., 2] ** 2) / (2 * radius**2))
    return out


def _complexion(rng: Generator, base: Float32, position: Float32) -> Float32:
    """Bare skin with its blotches, (n, n, 3) linear."""
    size = len(position)
    skin = np.ones((size, size, 3), np.float32) * base
    blotches = 0.035 * noise(rng, size, size / 40) + 0.03 * noise(rng, size, size / 160)
    _absorb(skin, blotches, _MELANIN)
    _absorb(skin, 0.02 * noise(rng, size, 1.2), np.ones(3, np.float32))
    return skin


def _flush(rng: Generator, skin: Float32, canvas: Canvas) -> None:
    """Blood in cheeks, nose and chin, shade around the eyes, dark nostrils, now and then freckles."""
    surface, position = canvas.surface, canvas.face
    red = sum(
        strength * _spot(position, surface.point(name), radius)
        for name, radius, strength in (
            ("cheek_L", 1.9, 0.8), ("cheek_R", 1.9, 0.8), ("nose_tip", 1.0, 0.7), ("chin", 1.2, 0.3)
        )
    )  # fmt: skip
    _absorb(skin, rng.uniform(0.4, 1.1) * 0.22 * np.asarray(red, np.float32), _BLOOD)
    shade = rng.uniform(0.1, 0.35)
    for side in "LR":
        d = position[..., :2] - surface.point(f"eye_{side}")[:2] + (0.0, 0.3)
        ring = np.exp(-((d[..., 0] / 1.9) ** 2) - (d[..., 1] / 1.25) ** 2).astype(np.float32)
        _absorb(skin, shade * ring, np.array([0.7, 1.0, 0.9], np.float32))
        _absorb(skin, 2.0 * _spot(position, surface.point(f"nostril_{side}"), 0.3), np.ones(3, np.float32))
    if rng.random() < 0.35:
        spots = cv2.GaussianBlur((noise(rng, SIZE, 1.6) > 2.6).astype(np.float32), (0, 0), 0.8)
        _absorb(skin, spots * rng.uniform(0.3, 0.8), np.array([0.6, 1.0, 1.2], np.float32))


def _mix(skin: Float32, colour: Float32, share: Float32) -> None:
    skin += (colour - skin) * share[..., None]


def _beard(rng: Generator, skin: Float32, canvas: Canvas, strength: float, hair: Float32) -> None:
    surface, position = canvas.surface, canvas.face
    nose, mouth = surface.point("subnasale"), surface.point("mouth_L")
    ear = surface.rest[surface.landmarks["jaw"]][0]
    x, y, z = (position[..., i] for i in range(3))
    # the beard's upper edge runs from under the nose past the mouth's corner up to the ear
    edge = (
        nose[1]
        - 0.5
        + np.clip((np.abs(x) - abs(mouth[0])) / (abs(ear[0]) - abs(mouth[0])), 0, 1) * (ear[1] - nose[1])
    )
    edge -= 1.6 * np.exp(-(((np.abs(x) - abs(mouth[0]) - 1.6) / 1.3) ** 2))
    neck = surface.point("chin")[1] - 2.0
    where = (
        np.clip((edge - y) / 0.8, 0, 1)
        * np.clip((y - neck) / 1.2, 0, 1)
        * (1 - canvas.lips)
        * np.clip(z - ear[2] + 1.5, 0, 1)
    )
    stubble = np.clip(noise(rng, SIZE, 0.65) * 0.6 + 0.5, 0, 1)
    _mix(skin, hair, strength * where * (0.35 + 0.65 * stubble))


def _along(line: Float32, share: Float32) -> Float32:
    """Points at `share` (n,) of the length of the polyline `line` (m, 2)."""
    length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    return np.stack([np.interp(share * length[-1], length, line[:, i]) for i in range(2)], axis=1).astype(
        np.float32
    )


def _brow(rng: Generator, line: Float32, half_width: float, density: float) -> tuple[Float32, Float32]:
    """Hairs and soft shade of one brow, two (SIZE, SIZE) pictures 0–1."""
    hairs, soft = np.zeros((SIZE * 2, SIZE * 2), np.uint8), np.zeros((SIZE, SIZE), np.float32)
    share = rng.uniform(0, 1, int(260 * density)).astype(np.float32)
    root = _along(line, share)
    tangent = _along(line, np.clip(share + 0.03, 0, 1)) - _along(line, np.clip(share - 0.03, 0, 1))
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9
    up = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)
    up *= np.where(up[:, 1:2] > 0, -1, 1)
    thickness = np.interp(share, [0, 0.15, 0.55, 1], [0.85, 1.0, 0.8, 0.25]) * half_width
    across = rng.uniform(-1, 1, len(share)) * thickness
    root = (root + up * across[:, None]).astype(np.float32)
    lean = np.interp(share, [0, 0.2, 0.6, 1], [1.3, 0.75, 0.3, 0.1]) * np.where(across > 0, 0.6, 1.0)
    lean = lean + rng.normal(0, 0.15, len(share))
    direction = tangent * np.cos(lean)[:, None] + up * np.sin(lean)[:, None]
    tip = root + direction * (half_width * rng.uniform(0.7, 1.3, len(share)))[:, None]
    bend = (root + tip) / 2 + np.stack([-direction[:, 1], direction[:, 0]], axis=1) * half_width * 0.12
    for strand, grey in zip(np.stack([root, bend, tip], axis=1), rng.uniform(150, 255, len(share)), strict=True):
        points = np.round(strand * 16).astype(np.int32)  # 2x picture, three fractional bits
        cv2.polylines(hairs, [points], False, int(grey), 2, cv2.LINE_AA, 3)
    middle = np.linspace(0, 1, 30, dtype=np.float32)
    widths = np.interp(middle, [0, 0.15, 0.55, 1], [0.85, 1, 0.8, 0.3])
    for (x, y), w in zip(_along(line, middle), widths, strict=True):
        cv2.circle(soft, (int(x), int(y)), max(1, int(w * half_width * 0.9)), 1.0, -1, cv2.LINE_AA)
    thin: Float32 = cv2.resize(hairs, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(
        255
    )
    shade: Float32 = cv2.GaussianBlur(soft, (0, 0), SIZE / 220).astype(np.float32)
    return thin, shade


def _brow_half_width(canvas: Canvas) -> float:
    """Half a brow's usual height in pixels: an eighth of its length."""
    lengths = [np.linalg.norm(np.diff(line, axis=0), axis=1).sum() for line in canvas.brows]
    return float(np.mean(lengths)) / 11


def _picture(skin: Float32, height: Float32) -> UInt8:
    out = np.empty((*height.shape, 4), np.uint8)
    out[..., :3] = np.clip(skin, 0, 1) ** (1 / 2.2) * 255
    out[..., 3] = np.clip(height, 0, 1) * 255
    return out


def _face(rng: Generator, canvas: Canvas, appearance: Appearance, tone: Float32) -> UInt8:
    hair = linear(appearance.hair)
    skin = _complexion(rng, linear(tone), canvas.face)
    _flush(rng, skin, canvas)
    grain = noise(rng, SIZE, 1.2)
    relief = 0.5 + (0.10 + 0.06 * appearance.age) * grain + 0.05 * noise(rng, SIZE, 3)
    red = tone * (0.93, 0.76, 0.75) + (0.02, -0.02, -0.01) + rng.uniform(-0.03, 0.03, 3)
    lip = linear(np.clip(red, 0.05, 1).astype(np.float32))
    lip = lip * (1 - appearance.makeup) + linear((0.62, 0.12, 0.16)) * appearance.makeup
    _mix(skin, lip * np.exp(0.05 * noise(rng, SIZE, 1.5))[..., None], canvas.lips * 0.85)
    if appearance.beard > 0:
        _beard(rng, skin, canvas, appearance.beard, hair)
    density, width = rng.uniform(0.7, 1.6), rng.uniform(0.75, 1.25) * _brow_half_width(canvas)
    for line in canvas.brows:
        hairs, soft = _brow(rng, line, width, density)
        _mix(skin, hair, np.clip(0.32 * soft + 0.85 * hairs, 0, 1))
        relief += 0.25 * hairs
    _scalp(rng, skin, relief, hairline(canvas.surface, canvas.face[..., :3]), appearance)
    return _picture(skin, relief)


def _scalp(rng: Generator, skin: Float32, relief: Float32, inside: Float32, appearance: Appearance) -> None:
    """Cropped hair; where a hairdo is put on, the dark between its strands."""
    bare = 0.35 if appearance.cropped else 0.05
    size = len(skin)
    cover = np.clip(inside / 0.5 + 0.25 * noise(rng, size, size / 160), 0, 1)
    grain = np.clip(noise(rng, size, 0.65) * 0.5 + 0.55, 0, 1)
    _mix(skin, linear(appearance.hair) * (1.0 if appearance.cropped else 0.6), cover * (1 - bare + bare * grain))
    relief += 0.4 * cover * grain


def _head(rng: Generator, canvas: Canvas, appearance: Appearance, tone: Float32) -> UInt8:
    skin = _complexion(rng, linear(tone), canvas.head)
    relief = np.full((HEAD_SIZE, HEAD_SIZE), 0.5, np.float32)
    _scalp(rng, skin, relief, hairline(canvas.surface, canvas.head[..., :3]), appearance)
    x, y, z = (canvas.head[..., i] for i in range(3))
    collar = canvas.surface.point("chin")[1] - rng.uniform(4.5, 6.5)
    cloth = np.clip((collar - 0.02 * x**2 - y + 0.012 * z**2) * 3, 0, 1)
    weave = 1 + 0.1 * noise(rng, HEAD_SIZE, 2.0)[..., None]
    shirt = linear(rng.uniform(0.1, 0.8, 3).astype(np.float32))
    skin += (shirt * weave - skin) * cloth[..., None]
    return _picture(skin, relief)


def paint(rng: Generator, canvas: Canvas, appearance: Appearance) -> Look:
    """Paint an identity.

    Parameters
    ----------
    rng : numpy Generator
        Seeded with the identity; draws what `appearance` leaves open.
    canvas : Canvas
        The rig's.
    appearance : Appearance
        Tone, hair, beard, age.
    """
    drawn = np.array(TONES[appearance.tone]) * rng.uniform(0.94, 1.06) + rng.uniform(-0.015, 0.015, 3)
    tone = np.clip(drawn, 0.05, 0.97).astype(np.float32)
    iris = linear(appearance.eyes)
    lash = linear(np.array(appearance.hair, np.float32) * 0.35)
    return Look(
        skin=_face(rng, canvas, appearance, tone),
        head=_head(rng, canvas, appearance, tone),
        iris=(float(iris[0]), float(iris[1]), float(iris[2])),
        lash=(float(lash[0]), float(lash[1]), float(lash[2])),
        pupil_radius=float(rng.uniform(0.2, 0.27)),
        lash_width=float(rng.uniform(0.03, 0.08)),
        pores=float(rng.uniform(0.015, 0.045)),
        gloss=float(rng.uniform(0.75, 1.15)),
    )
