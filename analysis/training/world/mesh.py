"""A rig's surface as a graphics card wants it: one vertex for each position, texture and material."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.sparse as sp

from analysis.training.world.geometry import incidence_of, vertex_normals
from analysis.training.world.types import Float32, Int32, Material, Surface

#: Parts of the face whose visibility is recorded, in the order of their numbers in the region pass; 0 is the rest.
REGIONS = ("brows", "eye_L", "eye_R", "nose", "mouth", "chin")


def distance_to_line(points: Float32, line: Float32) -> Float32:
    """Distance of `points` (N, 3) to the polyline `line` (M, 3), centimetres."""
    best = np.full(len(points), np.inf)
    for start, end in pairwise(line):
        along = end - start
        share = np.clip((points - start) @ along / max(float(along @ along), 1e-9), 0, 1)
        best = np.minimum(best, np.linalg.norm(points - start - share[:, None] * along, axis=1))
    return best.astype(np.float32)


def vertex_regions(surface: Surface) -> Int32:
    """Number each vertex with the part of the face it belongs to, (V,): 0 or 1 + index into `REGIONS`."""
    rest, marks = surface.rest, surface.landmarks
    out = np.zeros(len(rest), np.int32)
    face = np.zeros(len(rest), bool)
    face[surface.triangles[surface.material == Material.FACE].reshape(-1)] = True
    front = face & (rest[:, 2] > surface.point("mouth_L")[2] - 4.0)

    def put(name: str, mask: np.ndarray) -> None:
        out[mask & (out == 0)] = 1 + REGIONS.index(name)

    for side in "LR":
        ring = rest[marks[f"eye_{side}"]]
        centre, half = ring.mean(axis=0), np.ptp(ring[:, 0]) / 2
        offset = (rest - centre)[:, :2] / (half * 1.15, half * 0.62)
        put(f"eye_{side}", front & ((offset**2).sum(axis=1) < 1))
        ball = np.zeros(len(rest), bool)
        parts = np.isin(surface.material, (Material.SCLERA, Material.IRIS, Material.LASHES))
        ball[surface.triangles[parts].reshape(-1)] = True
        put(f"eye_{side}", ball & ((rest[:, 0] > 0) == (side == "L")))
    for side in "LR":
        put("brows", front & (distance_to_line(rest, rest[marks[f"brow_{side}"]]) < 0.75))
    below, above, wing = surface.point("subnasale"), surface.point("nose_root"), surface.point("wing_L")
    inside = (rest[:, 1] > below[1] - 0.1) & (rest[:, 1] < above[1]) & (np.abs(rest[:, 0]) < abs(wing[0]) + 0.3)
    put("nose", front & inside & (rest[:, 2] > wing[2] - 1.0))
    lips = rest[marks["lips_outer"]]
    low, high = lips.min(axis=0) - 0.3, lips.max(axis=0) + 0.3
    put("mouth", front & (rest[:, :2] > low[:2]).all(axis=1) & (rest[:, :2] < high[:2]).all(axis=1))
    inner = np.isin(surface.material, (Material.TONGUE, Material.TEETH, Material.SOCKET))
    cavity = np.zeros(len(rest), bool)
    cavity[surface.triangles[inner].reshape(-1)] = True
    put("mouth", cavity)
    chin = surface.point("chin")
    put("chin", front & (np.linalg.norm(rest - chin, axis=1) < 2.2) & (rest[:, 1] < low[1]))
    return out


@dataclass(frozen=True)
class SplitMesh:
    """Vertices split where texture or material differ.

    Attributes
    ----------
    source : (N,) int32
        The surface's vertex that a split vertex copies.
    static : (N, 7) float32
        u, v, material, rest position, region.
    skin, parts : (n, 3) int32
        Triangles of split vertices: face and head; eyes, teeth, tongue, lashes and the mouth's inside.
    incidence : sparse (V, T)
        For the normals.
    """

    surface: Surface
    source: Int32
    static: Float32
    skin: Int32
    parts: Int32
    incidence: sp.csr_matrix

    def dynamic(self, vertices: Float32) -> Float32:
        """Positions and normals of the split vertices for posed `vertices` (V, 3), (N, 6)."""
        normals = vertex_normals(vertices, self.surface.triangles, self.incidence)
        return np.hstack([vertices[self.source], normals[self.source]]).astype(np.float32)


def split(surface: Surface) -> SplitMesh:
    """Split the vertices of `surface`."""
    corner = surface.triangles.reshape(-1).astype(np.int64)
    texture, material = surface.uv_triangles.reshape(-1), np.repeat(surface.material, 3)
    key = (corner * 1_000_003 + texture) * 16 + material
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    source = corner[first].astype(np.int32)
    columns = [
        surface.uv[texture[first]],
        material[first][:, None],
        surface.rest[source],
        vertex_regions(surface)[source][:, None],
    ]
    triangles = inverse.reshape(-1, 3).astype(np.int32)
    skin = np.isin(surface.material, (Material.FACE, Material.HEAD))
    return SplitMesh(
        surface,
        source,
        np.hstack(columns).astype(np.float32),
        triangles[skin],
        triangles[~skin],
        incidence_of(surface.triangles, len(surface.rest)),
    )
