"""Readers of the mesh files that the rigs are made of: Wavefront OBJ, MakeHuman targets and MakeHuman proxies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.training.world.types import Float32, Int32

_AXES = "xyz"


@dataclass(frozen=True)
class ObjMesh:
    """An OBJ file with its polygons cut into triangles.

    Attributes
    ----------
    vertices : (V, 3) float32
        In the file's unit.
    uv : (U, 2) float32
        Texture coordinates.
    triangles, uv_triangles : (T, 3) int32
        Indices from 0 into `vertices` and `uv`.
    groups, materials : (T,) str
        Names after the last ``g`` and ``usemtl`` before each triangle.
    """

    vertices: Float32
    uv: Float32
    triangles: Int32
    uv_triangles: Int32
    groups: NDArray[np.str_]
    materials: NDArray[np.str_]


def _fan(corners: list[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], tuple[int, int], tuple[int, int]]]:
    for second in range(1, len(corners) - 1):
        yield corners[0], corners[second], corners[second + 1]


def _corner(text: str) -> tuple[int, int]:
    parts = text.split("/")
    return int(parts[0]) - 1, int(parts[1]) - 1 if len(parts) > 1 and parts[1] else 0


def read_obj(path: Path) -> ObjMesh:
    """Read a Wavefront OBJ file with positive indices.

    Raises
    ------
    ValueError
        The file holds no vertices or no faces.
    """
    vertices: list[list[float]] = []
    uv: list[list[float]] = []
    triangles: list[list[int]] = []
    uv_triangles: list[list[int]] = []
    groups: list[str] = []
    materials: list[str] = []
    group = material = ""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        word, _, rest = line.partition(" ")
        if word == "v":
            vertices.append([float(number) for number in rest.split()[:3]])
        elif word == "vt":
            uv.append([float(number) for number in rest.split()[:2]])
        elif word == "g":
            group = rest.strip()
        elif word == "usemtl":
            material = rest.strip()
        elif word == "f":
            for three in _fan([_corner(text) for text in rest.split()]):
                triangles.append([vertex for vertex, _ in three])
                uv_triangles.append([coordinate for _, coordinate in three])
                groups.append(group)
                materials.append(material)
    if not vertices or not triangles:
        raise ValueError(f"{path.name}: no mesh in it")
    return ObjMesh(
        np.array(vertices, np.float32),
        np.array(uv, np.float32).reshape(-1, 2),
        np.array(triangles, np.int32),
        np.array(uv_triangles, np.int32),
        np.array(groups),
        np.array(materials),
    )


def read_vertices(path: Path) -> Float32:
    """Read only the vertices of an OBJ file, (V, 3): for shapes that share one mesh."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        return np.array([line.split()[1:4] for line in lines if line.startswith("v ")], np.float32)


def read_target(path: Path, count: int) -> Float32:
    """Read a MakeHuman ``.target`` file as displacements of a mesh of `count` vertices, (count, 3).

    Raises
    ------
    ValueError
        An index lies outside the mesh.
    """
    moved = np.zeros((count, 3), np.float32)
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        parts = line.split()
        if len(parts) == 4 and parts[0].isdigit():
            index = int(parts[0])
            if index >= count:
                raise ValueError(f"{path.name}: vertex {index} of {count}")
            moved[index] = [float(number) for number in parts[1:]]
    return moved


@dataclass(frozen=True)
class Proxy:
    """A MakeHuman ``.mhclo``: a second mesh (eyes, teeth, hair) hung on the base mesh.

    Attributes
    ----------
    corners : (P, 3) int32
        Base vertices that each proxy vertex hangs on.
    weights : (P, 3) float32
        Their barycentric weights.
    offsets : (P, 3) float32
        What is added, in the file's unit.
    scales : (3, 3) float32
        For x, y, z: two base vertices and their distance along that axis in the file's unit; a row of zeros where
        the file does not scale.
    """

    corners: Int32
    weights: Float32
    offsets: Float32
    scales: Float32

    def fit(self, base: Float32) -> Float32:
        """Place the proxy on `base` vertices (in any unit), (P, 3)."""
        factor = np.ones(3, np.float32)
        for axis, (first, second, length) in enumerate(self.scales):
            if length:
                factor[axis] = abs(base[int(first), axis] - base[int(second), axis]) / length
        placed: Float32 = np.einsum("pcx,pc->px", base[self.corners], self.weights) + self.offsets * factor
        return placed.astype(np.float32)


def read_proxy(path: Path) -> Proxy:
    """Read the fitting part of a MakeHuman ``.mhclo`` file.

    Raises
    ------
    ValueError
        The file lists no vertices.
    """
    corners: list[list[int]] = []
    weights: list[list[float]] = []
    offsets: list[list[float]] = []
    scales = np.zeros((3, 3), np.float32)
    inside = False
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        parts = line.split()
        if not parts:
            continue
        if parts[0] in ("x_scale", "y_scale", "z_scale"):
            scales[_AXES.index(parts[0][0])] = [float(number) for number in parts[1:4]]
        elif parts[0] == "verts":
            inside = True
        elif inside and not parts[0].isdigit():
            inside = False
        elif inside and len(parts) == 1:  # the vertex sits on one base vertex
            corners.append([int(parts[0])] * 3)
            weights.append([1.0, 0.0, 0.0])
            offsets.append([0.0, 0.0, 0.0])
        elif inside and len(parts) >= 6:
            corners.append([int(number) for number in parts[:3]])
            weights.append([float(number) for number in parts[3:6]])
            offsets.append([float(number) for number in parts[6:9]] if len(parts) >= 9 else [0.0, 0.0, 0.0])
    if not corners:
        raise ValueError(f"{path.name}: no proxy in it")
    return Proxy(np.array(corners, np.int32), np.array(weights, np.float32), np.array(offsets, np.float32), scales)
