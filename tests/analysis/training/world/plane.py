"""A face reduced to a gently curved plane with landmarks and two eyes: what the pictures' parts are tested on."""

from __future__ import annotations

import numpy as np

from analysis.training.world.skin import Canvas
from analysis.training.world.types import Appearance, Float32, Material, Surface

HALF = 9.0
STEPS = 61

_LINES = {
    "brow_L": [(1.2, 5.9), (2.4, 6.2), (3.8, 6.2), (4.9, 5.9), (5.8, 5.2)],
    "eye_L": [(1.8, 3.3), (2.7, 3.1), (3.9, 3.1), (4.5, 3.4), (3.9, 3.9), (2.8, 3.9)],
    "jaw": [(-7.4, 3.7), (-6.5, -2.4), (0.0, -7.5), (6.5, -2.4), (7.4, 3.7)],
    "lips_outer": [(-2.5, -3.5), (-0.8, -2.4), (0.8, -2.4), (2.5, -3.5), (1.0, -4.3), (-1.0, -4.3)],
    "lips_inner": [(-2.2, -3.5), (0.0, -3.3), (2.2, -3.5), (0.0, -3.4)],
}
_POINTS = {
    "nose_tip": (0.0, 0.4), "nose_root": (0.0, 3.7), "subnasale": (0.0, -1.2), "chin": (0.0, -7.5),
    "lip_top": (0.0, -3.3), "lip_bottom": (0.0, -3.6), "nostril_L": (0.8, -0.7), "wing_L": (1.9, -0.6),
    "cheek_L": (5.0, 0.3), "mouth_L": (2.5, -3.5),
}  # fmt: skip


def depth(x: Float32) -> Float32:
    """How far the plane lies forward at `x`."""
    return (10.0 - 0.05 * x**2).astype(np.float32)


def surface() -> Surface:
    """The face."""
    side = np.linspace(-HALF, HALF, STEPS, dtype=np.float32)
    x, y = (axis.reshape(-1) for axis in np.meshgrid(side, side))
    skin = np.stack([x, y, depth(x)], axis=1)
    corner = (np.arange(STEPS - 1)[:, None] * STEPS + np.arange(STEPS - 1)).reshape(-1)
    below = np.stack([corner, corner + 1, corner + STEPS], axis=1)
    above = np.stack([corner + 1, corner + STEPS + 1, corner + STEPS], axis=1)
    eyes = np.array(
        [[s * 3.2 + a, 3.5 + b, 9.75] for s in (1, -1) for a, b in ((-0.7, -0.4), (0.7, -0.4), (0, 0.5))]
    )
    rest = np.vstack([skin, eyes]).astype(np.float32)
    triangles = np.vstack([below, above, len(skin) + np.arange(6).reshape(2, 3)]).astype(np.int32)
    material = np.full(len(triangles), int(Material.FACE), np.int32)
    material[-2:] = Material.SCLERA
    uv = (rest[:, :2] + HALF) / (2 * HALF)

    def at(points: list[tuple[float, float]]) -> np.ndarray:
        return np.array([np.linalg.norm(skin[:, :2] - p, axis=1).argmin() for p in points], np.int32)

    places = {**_LINES, **{name: [point] for name, point in _POINTS.items()}}
    for name in [name for name in places if name.endswith("_L")]:
        places[name[:-1] + "R"] = [(-x, y) for x, y in places[name]]
    lips = ((np.abs(rest[:, 0]) < 2.3) & (np.abs(rest[:, 1] + 3.4) < 0.8)).astype(np.float32)
    return Surface(triangles, triangles, uv, material, rest, {name: at(p) for name, p in places.items()}, lips)


def rasterise(face: Surface, material: int, values: Float32, size: int) -> Float32:
    """Do what ``render.rasterise_uv`` does, for this one face (nearest vertex)."""
    v, u = np.meshgrid(1 - (np.arange(size) + 0.5) / size, (np.arange(size) + 0.5) / size, indexing="ij")
    if values is face.rest:
        x, y = ((axis * 2 * HALF - HALF).astype(np.float32) for axis in (u, v))
        return np.stack([x, y, depth(x), np.ones_like(x)], axis=-1)
    index = np.rint(v * (STEPS - 1)).astype(int) * STEPS + np.rint(u * (STEPS - 1)).astype(int)
    return np.concatenate([values[index], np.ones((size, size, 1))], axis=-1).astype(np.float32)


def canvas() -> Canvas:
    """Its canvas, without OpenGL."""
    return Canvas.of(surface(), rasterise)


def appearance(tone: str = "III", beard: float = 0.0, age: float = 0.3, cropped: bool = True) -> Appearance:
    """A look."""
    return Appearance("mixed", "male", age, tone, (0.1, 0.07, 0.05), (0.3, 0.2, 0.1), beard, 0.0, cropped)
