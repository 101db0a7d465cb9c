"""Simple bodies: tubes, cylinders, balls, boxes, discs. Each gives vertices (N, 3) and triangles (T, 3)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from analysis.training.world.shot import Prop
from analysis.training.world.skin import linear
from analysis.training.world.types import Colour, Float32, Int32


class Solid(NamedTuple):
    """A triangle mesh, centimetres."""

    vertices: Float32
    triangles: Int32

    def prop(self, colour: Colour, roughness: float = 0.5, opacity: float = 1.0, f0: float = 0.04) -> Prop:
        """Paint it in one sRGB colour."""
        albedo = np.broadcast_to(linear(colour), self.vertices.shape).astype(np.float32)
        return Prop(self.vertices, self.triangles, albedo, roughness=roughness, opacity=opacity, f0=f0)

    def moved(self, rotation: Float32, offset: ArrayLike) -> Solid:
        """Rotate (3, 3) and shift (3,)."""
        return Solid((self.vertices @ rotation.T + np.asarray(offset)).astype(np.float32), self.triangles)


def joined(*solids: Solid) -> Solid:
    """Several bodies as one."""
    starts = np.cumsum([0, *(len(solid.vertices) for solid in solids[:-1])])
    return Solid(
        np.vstack([solid.vertices for solid in solids]).astype(np.float32),
        np.vstack([solid.triangles + start for solid, start in zip(solids, starts, strict=True)]).astype(np.int32),
    )


def _grid(rows: int, columns: int, closed: bool = False) -> Int32:
    """Triangles of a `rows` × `columns` net whose columns close to a ring; `closed` closes the rows as well."""
    i, j = np.meshgrid(np.arange(rows if closed else rows - 1), np.arange(columns), indexing="ij")
    a, b = i * columns + j, i * columns + (j + 1) % columns
    below = (i + 1) % rows
    c, d = below * columns + j, below * columns + (j + 1) % columns
    faces = np.stack([np.stack([a, b, c], axis=-1), np.stack([b, d, c], axis=-1)], axis=-2)
    return faces.reshape(-1, 3).astype(np.int32)


def tube(path: ArrayLike, radius: ArrayLike, closed: bool = False, sides: int = 8) -> Solid:
    """Sweep a circle along `path` (n, 3); `radius` is one number or n."""
    p = np.asarray(path, np.float64)
    tangent = (np.roll(p, -1, axis=0) - np.roll(p, 1, axis=0)) if closed else np.gradient(p, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9
    spread = (
        np.eye(3)[np.abs(tangent.mean(axis=0)).argmin()] if not closed else np.linalg.svd(p - p.mean(axis=0))[2][2]
    )
    first = np.cross(tangent, spread)
    first /= np.linalg.norm(first, axis=1, keepdims=True) + 1e-9
    second = np.cross(tangent, first)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    width = np.broadcast_to(np.asarray(radius, np.float64).reshape(-1, 1, 1), (len(p), 1, 1))
    ring = np.cos(angle)[:, None] * first[:, None] + np.sin(angle)[:, None] * second[:, None]
    vertices = (p[:, None] + width * ring).reshape(-1, 3).astype(np.float32)
    return Solid(vertices, _grid(len(p), sides, closed))


def disc(outline: ArrayLike) -> Solid:
    """Fill a closed outline (n, 3) that its middle sees all of."""
    edge = np.asarray(outline, np.float32)
    n = len(edge)
    around = np.arange(n)
    triangles = np.stack([np.full(n, n), around, (around + 1) % n], axis=1)
    return Solid(np.vstack([edge, edge.mean(axis=0)]).astype(np.float32), triangles.astype(np.int32))


def lathe(profile: ArrayLike, sides: int = 32) -> Solid:
    """Turn a profile (n, 2) of (radius, height) around the y axis."""
    p = np.asarray(profile, np.float64)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    x, z = p[:, :1] * np.cos(angle), p[:, :1] * np.sin(angle)
    vertices = np.stack([x, np.broadcast_to(p[:, 1:], x.shape), z], axis=-1).reshape(-1, 3)
    return Solid(vertices.astype(np.float32), _grid(len(p), sides))


def ball(radius: float) -> Solid:
    """Sphere around the origin."""
    angle = np.linspace(-np.pi / 2 + 0.02, np.pi / 2 - 0.02, 17)
    return lathe(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1))


def box(width: float, height: float, depth: float) -> Solid:
    """Box around the origin with its own corners for each face, so that edges stay sharp."""
    unit = np.array([[-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]], np.float64)
    turns = [np.eye(3)[list(order)] * sign for order in ((0, 1, 2), (1, 2, 0), (2, 0, 1)) for sign in (1, -1)]
    vertices = np.vstack([unit @ turn.T for turn in turns]) * (width / 2, height / 2, depth / 2)
    triangles = np.array([[0, 1, 2], [0, 2, 3]])
    return Solid(vertices.astype(np.float32), np.vstack([triangles + 4 * k for k in range(6)]).astype(np.int32))
