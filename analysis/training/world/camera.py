"""Matrices and the light: where the head, the camera and the lamps are.

Matrices are 4 × 4, applied to column vectors; lengths are centimetres, angles degrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.training.world.types import Float32

#: Nearest and farthest distance that a camera sees, centimetres.
NEAR_CM, FAR_CM = 5.0, 400.0


@dataclass(frozen=True)
class Camera:
    """A camera at `position` looking at `target`, `field_of_view` degrees high and wide."""

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    field_of_view: float


@dataclass(frozen=True)
class Light:
    """A key lamp that throws shadows, a fill lamp and light from above and below; colours are linear RGB.

    `key_direction` and `fill_direction` point from the face to the lamp and need not have length one.
    """

    key_direction: Float32
    key_colour: Float32
    fill_direction: Float32
    fill_colour: Float32
    ambient_sky: Float32
    ambient_ground: Float32


def perspective(field_of_view: float, aspect: float = 1.0) -> Float32:
    """Projection of a camera that looks along −z."""
    t = np.tan(np.radians(field_of_view) / 2)
    depth = FAR_CM - NEAR_CM
    return np.array(
        [
            [1 / (t * aspect), 0, 0, 0],
            [0, 1 / t, 0, 0],
            [0, 0, -(FAR_CM + NEAR_CM) / depth, -2 * FAR_CM * NEAR_CM / depth],
            [0, 0, -1, 0],
        ],
        np.float32,
    )


def orthographic(radius: float, near: float, far: float) -> Float32:
    """Parallel projection of a box `radius` to each side."""
    depth = far - near
    return np.array(
        [[1 / radius, 0, 0, 0], [0, 1 / radius, 0, 0], [0, 0, -2 / depth, -(far + near) / depth], [0, 0, 0, 1]],
        np.float32,
    )


def look_at(position: ArrayLike, target: ArrayLike) -> Float32:
    """View matrix of an eye at `position` (3,) that looks at `target` (3,), head up."""
    eye = np.asarray(position, np.float64)
    z = eye - np.asarray(target, np.float64)
    z /= np.linalg.norm(z)
    x = np.cross((0.0, 1.0, 0.0), z)
    x /= np.linalg.norm(x)
    rows = np.stack([x, np.cross(z, x), z])
    view = np.eye(4, dtype=np.float32)
    view[:3, :3] = rows
    view[:3, 3] = -rows @ eye
    return view


def head_rotation(yaw: float, pitch: float, roll: float) -> Float32:
    """Rotate a head, (4, 4).

    Parameters
    ----------
    yaw, pitch, roll : float
        Degrees: yaw > 0 turns to the subject's left (image right), pitch > 0 lifts the chin, roll > 0 tilts the
        head to the subject's left shoulder. Applied roll · yaw · pitch.
    """
    y, p, r = np.radians([yaw, -pitch, -roll])
    turn = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    nod = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    tilt = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    out = np.eye(4, dtype=np.float32)
    out[:3, :3] = tilt @ turn @ nod
    return out


def shadow_view(light: Light, centre: ArrayLike, radius: float) -> Float32:
    """View and projection of the key lamp, around `centre` (3,), `radius` centimetres to each side."""
    direction = np.asarray(light.key_direction, np.float64)
    direction = direction / np.linalg.norm(direction)
    middle = np.asarray(centre, np.float64)
    matrix: Float32 = orthographic(radius, 1, 200) @ look_at(middle + direction * 90, middle)
    return matrix
