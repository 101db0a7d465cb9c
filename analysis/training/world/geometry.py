"""Small mesh computations that building the rigs needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from analysis.training.world.types import Float32, Int32


def vertex_normals(vertices: Float32, triangles: Int32, incidence: csr_matrix | None = None) -> Float32:
    """Area-weighted unit normals, (V, 3); `incidence` (V × T) saves building it again."""
    if incidence is None:
        incidence = incidence_of(triangles, len(vertices))
    a = vertices[triangles[:, 0]]
    faces = np.cross(vertices[triangles[:, 1]] - a, vertices[triangles[:, 2]] - a)
    summed = incidence @ faces
    unit: Float32 = (summed / (np.linalg.norm(summed, axis=1, keepdims=True) + 1e-9)).astype(np.float32)
    return unit


def incidence_of(triangles: Int32, count: int) -> csr_matrix:
    """Which triangle touches which of `count` vertices, sparse (V, T) of ones."""
    number = len(triangles)
    ones = np.ones(number * 3, np.float32)
    return csr_matrix((ones, (triangles.reshape(-1), np.repeat(np.arange(number), 3))), shape=(count, number))


def islands(triangles: Int32, count: int) -> NDArray[np.int32]:
    """Number of the connected part that each triangle belongs to, (T,), over `count` indices."""
    edges = np.vstack([triangles[:, [0, 1]], triangles[:, [1, 2]]])
    graph = csr_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    parts: NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return parts[triangles[:, 0]]


def used(triangles: Int32, count: int) -> NDArray[np.bool_]:
    """Which of `count` vertices the triangles touch."""
    touched = np.zeros(count, bool)
    touched[triangles.reshape(-1)] = True
    return touched


def nearest(vertices: Float32, among: NDArray[np.bool_], point: Float32) -> int:
    """Index of the vertex nearest to `point` of those that `among` allows."""
    distance = np.linalg.norm(vertices - point, axis=1)
    return int(np.where(among, distance, np.inf).argmin())


def split(moved: Float32, rest: Float32, blend_cm: float = 0.7) -> tuple[Float32, Float32]:
    """Cut displacements into the subject's left and right, which sum to the whole.

    Parameters
    ----------
    moved, rest : (V, 3) float32
        Displacements and rest positions, centimetres.
    blend_cm : float
        Half the width of the strip at the middle where one passes into the other.
    """
    t = np.clip(rest[:, 0] / (2 * blend_cm) + 0.5, 0, 1)
    left = (t * t * (3 - 2 * t))[:, None].astype(np.float32)
    return moved * left, moved * (1 - left)
