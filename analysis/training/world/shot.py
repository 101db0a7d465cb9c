"""What a picture is made of: an identity's colours, things besides the face, and one pose in one light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from analysis.training.world.camera import Camera, Light
from analysis.training.world.geometry import vertex_normals
from analysis.training.world.types import Float32, Int32, UInt8


@dataclass(frozen=True)
class Prop:
    """Something besides the face: hair, a frame, a lens, a hand, a cup.

    Attributes
    ----------
    vertices : (N, 3) float32
        Centimetres in the head's own frame: what one holds before the face turns with it.
    triangles : (T, 3) int32
    albedo : (N, 3) float32
        Linear colour.
    uv : (N, 2) float32
        Only strands use it: u across a ribbon, v from root (0) to tip (1).
    tangent : (N, 3) float32
        Along the strand; zeros elsewhere.
    strands : int
        Hairs in one ribbon; 0 for everything that is not hair.
    normals : (N, 3) float32
        None: from the triangles.
    opacity : float
        Below 1 the prop is drawn last and lets the face through.
    """

    vertices: Float32
    triangles: Int32
    albedo: Float32
    uv: Float32 | None = None
    tangent: Float32 | None = None
    strands: int = 0
    opacity: float = 1.0
    normals: Float32 | None = None
    roughness: float = 0.5
    f0: float = 0.03
    wrap: tuple[float, float, float] = (0.1, 0.1, 0.1)

    @cached_property
    def packed(self) -> Float32:
        """Position, normal, tangent, texture, colour: (N, 14)."""
        count = len(self.vertices)
        uv = np.zeros((count, 2), np.float32) if self.uv is None else self.uv
        tangent = np.zeros((count, 3), np.float32) if self.tangent is None else self.tangent
        normals = vertex_normals(self.vertices, self.triangles) if self.normals is None else self.normals
        return np.hstack([self.vertices, normals, tangent, uv, self.albedo]).astype(np.float32)


@dataclass(frozen=True)
class Look:
    """An identity's colours: RGBA pictures of face and head (alpha is height), eyes (linear colour), lashes.

    `pores` is the depth of the skin's own relief, centimetres; `gloss` scales how narrow its highlight is.
    """

    skin: UInt8
    head: UInt8
    iris: tuple[float, float, float]
    lash: tuple[float, float, float]
    pupil_radius: float = 0.23
    lash_width: float = 0.08
    pores: float = 0.02
    gloss: float = 1.0


@dataclass(frozen=True)
class Shot:
    """One picture: posed vertices (V, 3), the head's (4, 4) rotation, camera, light, wrinkles (n, n) cm, props."""

    vertices: Float32
    head: Float32
    camera: Camera
    light: Light
    wrinkles: Float32 | None = None
    props: Sequence[Prop] = field(default_factory=tuple)
