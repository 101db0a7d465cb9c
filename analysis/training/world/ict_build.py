"""Build the ICT-FaceKit rig's file from the sources: mesh, identity modes, shapes, a tongue, our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from analysis.training.world import targets
from analysis.training.world.geometry import nearest, used, vertex_normals
from analysis.training.world.obj import ObjMesh, read_obj, read_vertices
from analysis.training.world.sources import require
from analysis.training.world.types import Float32, Int32, Material

MODES: Final = 100
_MATERIALS: Final = {
    "M_Face": Material.FACE,
    "M_BackHead": Material.HEAD,
    "M_GumsTongue": Material.TONGUE,
    "M_Teeth": Material.TEETH,
    "M_ScleraLeft": Material.SCLERA,
    "M_IrisLeft": Material.IRIS,
    "M_ScleraRight": Material.SCLERA,
    "M_IrisRight": Material.IRIS,
    "M_EyeLashes": Material.LASHES,
}
#: Vertices of the mouth's inside and of the eyes' sockets, which carry the back of the head's material.
_MOUTH_INSIDE: Final = (11248, 13293)
_EYE_SOCKETS: Final = 13294
#: The 68 landmarks that the model names (order of the common 68-point scheme: its "left" is the picture's).
_LINES_68: Final = {
    "jaw": range(17),
    "brow_R": (21, 20, 19, 18, 17),
    "brow_L": (22, 23, 24, 25, 26),
    "eye_R": range(36, 42),
    "eye_L": range(42, 48),
    "lips_outer": range(48, 60),
    "lips_inner": range(60, 68),
    "nose_tip": (30,),
    "nose_root": (27,),
    "subnasale": (33,),
    "wing_R": (31,),
    "wing_L": (35,),
    "chin": (8,),
    "mouth_R": (48,),
    "mouth_L": (54,),
    "lip_top": (62,),
    "lip_bottom": (66,),
    "jaw_angle_R": (4,),
    "jaw_angle_L": (12,),
}
_PAIRS_CM: Final = {"nostril": (0.85, -0.75, 11.2), "cheek": (5.0, 0.3, 8.5)}
#: Our tongue: root, tip, half width and half thickness, centimetres; it lies behind the closed teeth.
_ROOT, _TIP = np.array([0, -4.6, 4.5], np.float32), np.array([0, -3.9, 9.0], np.float32)
_HALF_WIDTH, _HALF_THICKNESS = 1.75, 0.5
_RINGS, _AROUND = 16, 20


def tongue_mesh() -> tuple[Float32, Int32, Float32]:
    """A tongue of our own, since the rig's is one piece with the gums and has no shapes.

    Returns
    -------
    vertices : (V, 3) float32
        Centimetres.
    triangles : (T, 3) int32
    along : (V,) float32
        0 at the root, 1 at the tip.
    """
    t = np.linspace(0, 1, _RINGS)
    angle = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)
    taper = np.sqrt(np.clip(1 - np.clip((t - 0.6) / 0.4, 0, 1) ** 2.2, 0.0, 1))
    spine = _ROOT + (_TIP - _ROOT) * t[:, None]
    vertices = np.repeat(spine[:, None], _AROUND, axis=1)
    vertices[..., 0] += _HALF_WIDTH * taper[:, None] * np.sin(angle)
    groove = 1 - 0.25 * np.exp(-((np.sin(angle) / 0.25) ** 2)) * (np.cos(angle) > 0)
    vertices[..., 1] += _HALF_THICKNESS * taper[:, None] * np.cos(angle) * groove
    first = np.arange(_RINGS - 1)[:, None] * _AROUND + np.arange(_AROUND)
    turned = np.roll(first, -1, axis=1)
    quads = np.stack([first, first + _AROUND, turned + _AROUND, turned], axis=-1).reshape(-1, 4)
    triangles = np.vstack([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
    return vertices.reshape(-1, 3).astype(np.float32), triangles, np.repeat(t, _AROUND).astype(np.float32)


def _surface(mesh: ObjMesh) -> tuple[Int32, Int32, Int32, Float32]:
    """Triangles, texture triangles, material and texture coordinates (skin, then sclera, then iris)."""
    kept = np.isin(mesh.materials, list(_MATERIALS))
    triangles, uv_triangles = mesh.triangles[kept], mesh.uv_triangles[kept].copy()
    material = np.array([_MATERIALS[name] for name in mesh.materials[kept]], np.int32)
    inside = (triangles >= _MOUTH_INSIDE[0]) & (triangles <= _MOUTH_INSIDE[1])
    behind = triangles >= _EYE_SOCKETS
    back = material == Material.HEAD
    material[back & (inside.sum(axis=1) >= 2)] = Material.SOCKET
    material[back & (behind.sum(axis=1) >= 2)] = Material.OTHER
    skin, sclera, iris = mesh.uv.copy(), mesh.uv.copy(), mesh.uv.copy()
    beyond = skin[:, 0] > 1  # the file keeps its parts in tiles side by side
    skin[beyond, 0] -= np.floor(skin[beyond, 0] - 1e-6)
    sclera[:, 0] = 0.5 * sclera[:, 0]
    iris[:, 0] = 0.5 + 0.5 * iris[:, 0]
    uv_triangles[material == Material.SCLERA] += len(mesh.uv)
    uv_triangles[material == Material.IRIS] += 2 * len(mesh.uv)
    return triangles, uv_triangles, material, np.vstack([skin, sclera, iris]).astype(np.float32)


def _landmarks(rest: Float32, face: NDArray[np.bool_], points: Int32) -> dict[str, Int32]:
    found = {name: points[list(numbers)].astype(np.int32) for name, numbers in _LINES_68.items()}
    for side, sign in targets.SIDES:
        for name, (x, y, z) in _PAIRS_CM.items():
            where = np.array([x * sign, y, z], np.float32)
            found[f"{name}_{side}"] = np.array([nearest(rest, face, where)], np.int32)
    return found


def _lips(rest: Float32, face: NDArray[np.bool_], ring: Int32) -> Float32:
    """Red lip: inside the outer lip line as seen from the front, soft at its edge."""
    line = rest[ring][:, :2]
    turned = np.roll(line, -1, axis=0)
    where = rest[:, None, :2]
    edge = turned - line
    share = np.clip(((where - line) * edge).sum(-1) / (edge**2).sum(-1), 0, 1)
    distance = np.linalg.norm(where - line - share[..., None] * edge, axis=-1).min(axis=1)
    above = (line[:, 1] > where[..., 1]) != (turned[:, 1] > where[..., 1])
    at = line[:, 0] + (where[..., 1] - line[:, 1]) * edge[:, 0] / np.where(edge[:, 1] == 0, 1e-9, edge[:, 1])
    inside = (above & (where[..., 0] < at)).sum(axis=1) % 2 == 1
    front = face & (rest[:, 2] > rest[ring, 2].min() - 0.3)
    signed = np.where(inside, distance, -distance)
    return np.asarray(np.clip(signed / 0.12 + 0.5, 0, 1) * front, np.float32)


def _with_tongue(moved: Float32, carriers: Int32, shares: Float32) -> Float32:
    """Extend (…, V, 3) displacements to the tongue's vertices, which follow the gums near them."""
    tongue = np.einsum("...tkx,tk->...tx", moved[..., carriers, :], shares)
    return np.concatenate([moved, tongue], axis=-2).astype(np.float32)


def build(sources: Path, out: Path) -> None:
    """Write the rig's file `out` (``.npz``) from the folder of sources.

    Raises
    ------
    MissingSourcesError
        Something is missing in `sources`.
    """
    require(sources, "ict")
    folder = sources / "ICT-FaceKit" / "FaceXModel"
    mesh = read_obj(folder / "generic_neutral_mesh.obj")
    neutral = mesh.vertices
    names = sorted(
        path.stem
        for path in folder.glob("*.obj")
        if not path.stem.startswith("identity") and path.stem != "generic_neutral_mesh"
    )
    shapes = np.stack([read_vertices(folder / f"{name}.obj") - neutral for name in names])
    modes = np.stack([read_vertices(folder / f"identity{number:03d}.obj") - neutral for number in range(MODES)])
    triangles, uv_triangles, material, uv = _surface(mesh)

    tongue, tongue_triangles, along = tongue_mesh()
    gums = np.flatnonzero(used(mesh.triangles[mesh.materials == "M_GumsTongue"], len(neutral)))
    gums = gums[np.linalg.norm(shapes[names.index("jawOpen")][gums], axis=1) > 0.5]  # the lower ones
    distance, near = cKDTree(neutral[gums]).query(tongue, k=24)
    shares = (1 / (distance + 0.3)).astype(np.float32)
    shares /= shares.sum(axis=1, keepdims=True)
    carriers = gums[near].astype(np.int32)
    rest = np.vstack([neutral, tongue]).astype(np.float32)
    shapes, modes = _with_tongue(shapes, carriers, shares), _with_tongue(modes, carriers, shares)
    triangles = np.vstack([triangles, tongue_triangles + len(neutral)]).astype(np.int32)
    uv_triangles = np.vstack([uv_triangles, np.zeros_like(tongue_triangles)]).astype(np.int32)
    material = np.concatenate([material, np.full(len(tongue_triangles), Material.TONGUE, np.int32)])

    face = used(triangles[material == Material.FACE], len(rest))
    points = np.array(json.loads((folder / "vertex_indices.json").read_text())["idx_to_landmark_verts"], np.int32)
    landmarks = _landmarks(rest, face, points)
    lips = _lips(rest, face, landmarks["lips_outer"])
    soft = np.isin(material, (Material.FACE, Material.HEAD, Material.SOCKET))
    where = {name: rest[indices].mean(axis=0) for name, indices in landmarks.items()}
    anatomy = targets.Anatomy(
        rest=rest,
        normals=vertex_normals(rest, triangles[np.isin(material, (Material.FACE, Material.HEAD))]),
        soft=used(triangles[soft], len(rest)).astype(np.float32),
        jaw=shapes[names.index("jawOpen")],
        lips=lips,
        tongue=np.concatenate([np.zeros(len(neutral), np.float32), along]),
        points=where | {"tongue_tip": rest[-_AROUND:].mean(axis=0)},
    )
    own = {name: field(anatomy) for name, field in {**targets.COMMON, **targets.ICT_ONLY}.items()}
    fields: dict[str, NDArray[np.generic]] = {
        "rest": rest,
        "triangles": triangles,
        "uv_triangles": uv_triangles,
        "uv": uv,
        "material": material.astype(np.int32),
        "lips": lips,
        "modes": modes.astype(np.float16),
        "shape_names": np.array([*names, *own]),
        "shapes": np.concatenate([shapes, np.stack(list(own.values()))]).astype(np.float16),
    }
    fields |= {f"landmark_{name}": indices for name, indices in landmarks.items()}
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out, **fields)  # type: ignore[arg-type]
