"""The skin of a posed head as something that hair and hands rest on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from analysis.training.world.geometry import vertex_normals
from analysis.training.world.types import Float32, Material, Surface


@dataclass(frozen=True)
class Head:
    """Skin vertices with their normals."""

    positions: Float32
    normals: Float32
    tree: cKDTree

    @classmethod
    def of(cls, surface: Surface, neutral: Float32) -> Head:
        """Take the skin of a posed face (V, 3)."""
        skin = np.isin(surface.material, (Material.FACE, Material.HEAD))
        used = np.unique(surface.triangles[skin])
        positions = neutral[used]
        return cls(positions, vertex_normals(neutral, surface.triangles[skin])[used], cKDTree(positions))

    def outside(self, points: Float32, clearance: Float32) -> tuple[Float32, Float32]:
        """Push `points` (n, 3) out to `clearance` (n,) above the skin; also the skin's normals there."""
        _, near = self.tree.query(points)
        normal = self.normals[near]
        height = ((points - self.positions[near]) * normal).sum(axis=1)
        return points + normal * np.maximum(clearance - height, 0)[:, None], normal

    def heights(self, points: Float32) -> Float32:
        """How far `points` (n, 3) stand above the nearest skin, centimetres; negative inside the head."""
        _, near = self.tree.query(points)
        out: Float32 = ((points - self.positions[near]) * self.normals[near]).sum(axis=1)
        return out

    def normal(self, point: Float32) -> Float32:
        """Mean normal of the skin around `point` (3,)."""
        _, near = self.tree.query(point, k=25)
        mean: Float32 = self.normals[near].mean(axis=0)
        return mean / (np.linalg.norm(mean) + 1e-9)
