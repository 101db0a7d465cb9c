"""Build the MakeHuman rig's file from the sources: mesh, morphology targets, FACSHuman's targets, our own."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.training.world import targets
from analysis.training.world.geometry import islands, nearest, split, used, vertex_normals
from analysis.training.world.obj import ObjMesh, Proxy, read_obj, read_proxy, read_target
from analysis.training.world.sources import require
from analysis.training.world.types import Float32, Int32, Material

SCALE: Final = 10.0  # the base mesh is in decimetres
#: Where the eyes' middle lies on the average face, as on the ICT rig.
EYES_AT: Final = np.array([0.0, 3.6, 8.4], np.float32)
#: Kept of the body: head, neck and the top of the shoulders, in decimetres.
_LOWEST_DM, _WIDEST_DM = 5.0, 1.6
_MORPHS: Final = (
    "macrodetails/*-young",
    "macrodetails/*-old",
    "macrodetails/universal-*-young-averagemuscle-averageweight",
    "macrodetails/universal-*-old-averagemuscle-averageweight",
    "macrodetails/universal-*-young-averagemuscle-maxweight",
    "macrodetails/universal-*-young-averagemuscle-minweight",
    *(f"{part}/*" for part in ("head", "chin", "eyes", "eyebrows", "mouth", "cheek", "forehead", "ears", "nose")),
)
#: Base vertices that the eyes' helper cubes take, the middle of which is the eye's.
_EYE_GROUPS: Final = {"L": "helper-l-eye", "R": "helper-r-eye"}
#: Landmarks by their place on the base mesh, decimetres (x for the left one of a pair).
_POINTS_DM: Final = {
    "nose_tip": (0.0, 6.95, 1.68),
    "nose_root": (0.0, 7.26, 1.47),
    "subnasale": (0.0, 6.80, 1.55),
    "chin": (0.0, 6.2, 1.45),
}
_PAIRS_DM: Final = {
    "nostril": (0.075, 6.86, 1.5),
    "wing": (0.19, 6.89, 1.45),
    "cheek": (0.47, 6.92, 1.32),
    "mouth": (0.245, 6.61, 1.42),
    "jaw_angle": (0.56, 6.45, 0.98),
}
_JAW_DM: Final = (
    (0.70, 7.10, 0.85), (0.66, 6.80, 0.88), (0.60, 6.50, 0.96), (0.50, 6.32, 1.08), (0.36, 6.22, 1.22),
    (0.18, 6.16, 1.36),
)  # fmt: skip


def base_average(morphs: dict[str, Float32], base: Float32) -> Float32:
    """The average of young European woman and man, average build: what landmarks and own targets are made on."""
    mean = base.copy()
    for sex in ("female", "male"):
        mean += 0.5 * morphs[f"caucasian-{sex}-young"]
        mean += 0.5 * morphs[f"universal-{sex}-young-averagemuscle-averageweight"]
    return mean


class _Builder:
    """The steps of building, sharing what they read."""

    def __init__(self, sources: Path) -> None:
        self.data = sources / "makehuman" / "makehuman" / "data"
        self.assets = sources / "mha" / "base"
        self.facs = sources / "FACSHuman"
        self.obj = read_obj(self.data / "3dobjs" / "base.obj")
        self.count = len(self.obj.vertices)
        self.base = self.obj.vertices * SCALE
        self.morphs = self._targets(
            [path for pattern in _MORPHS for path in sorted((self.data / "targets").glob(f"{pattern}.target"))]
        )
        self.shapes = self._targets(sorted(self.facs.glob("FACSHuman/0[12346]*/*.target")))
        self.shapes["close_lips"] = read_target(self.facs / "custom" / "close_lips.target", self.count) * SCALE
        average = base_average(self.morphs, self.base)
        self.offset: Float32 = EYES_AT - average[self.group(_EYE_GROUPS["L"]) | self.group(_EYE_GROUPS["R"])].mean(
            axis=0
        )
        self.base += self.offset
        self.rest = average + self.offset + self.shapes["close_lips"]

    def _targets(self, paths: list[Path]) -> dict[str, Float32]:
        return {path.stem: read_target(path, self.count) * SCALE for path in paths}

    def group(self, name: str) -> NDArray[np.bool_]:
        """Vertices of one group of the base mesh."""
        return used(self.obj.triangles[self.obj.groups == name], self.count)

    def body(self) -> tuple[Int32, Int32, Int32]:
        """Triangles, texture triangles and material of head and neck."""
        mesh = self.obj
        corners = mesh.vertices[mesh.triangles]
        kept = (
            (mesh.groups == "body")
            & (corners[:, :, 1].min(axis=1) > _LOWEST_DM)
            & (np.abs(corners[:, :, 0]).max(axis=1) < _WIDEST_DM)
        )
        triangles, uv_triangles = mesh.triangles[kept], mesh.uv_triangles[kept].copy()
        part = islands(uv_triangles, len(mesh.uv))
        material = np.zeros(len(triangles), np.int32)
        for number in np.unique(part):
            u, v = mesh.uv[np.unique(uv_triangles[part == number])].mean(axis=0)
            if u > 0.6:
                material[part == number] = Material.FACE if v > 0.3 else Material.SOCKET
            else:
                material[part == number] = Material.HEAD if v > 0.7 else Material.OTHER
        return triangles, uv_triangles, material

    def proxies(self) -> list[tuple[ObjMesh, Proxy, Material]]:
        """Eyes, teeth and lashes."""
        eyes = self.data / "eyes" / "high-poly" / "high-poly"
        teeth = self.assets / "teeth" / "teeth_base" / "teeth_base"
        lashes = self.assets / "eyelashes" / "eyelashes01" / "eyelashes01"
        return [
            (read_obj(path.with_suffix(".obj")), read_proxy(path.with_suffix(".mhclo")), material)
            for path, material in ((eyes, Material.SCLERA), (teeth, Material.TEETH), (lashes, Material.LASHES))
        ]

    def lips(self) -> Float32:
        """Red lip, from what the lip volume sliders move."""
        moved = np.maximum(
            np.linalg.norm(self.morphs["mouth-upperlip-volume-incr"], axis=1),
            np.linalg.norm(self.morphs["mouth-lowerlip-volume-incr"], axis=1),
        )
        share: Float32 = np.clip((np.clip(2 * moved / moved.max(), 0, 1) - 0.25) * 1.6, 0, 1)
        return share


def _unit_square(uv: Float32, uv_triangles: Int32) -> Float32:
    """`uv` scaled so that the triangles' part fills 0–1 but for a narrow margin."""
    part = uv[np.unique(uv_triangles)]
    low, high = part.min(axis=0) - 0.004, part.max(axis=0) + 0.004
    square: Float32 = (uv - low) / (high - low)
    return square


def _landmarks(build: _Builder, face: NDArray[np.bool_], lips: Float32) -> dict[str, list[int]]:
    rest = build.rest

    def at(point_dm: tuple[float, float, float], sign: float = 1.0) -> int:
        where = np.array(point_dm, np.float32) * [sign, 1, 1] * SCALE + build.offset
        return nearest(build.base, face, where.astype(np.float32))

    found = {name: [at(point)] for name, point in _POINTS_DM.items()}
    for side, sign in targets.SIDES:
        found |= {f"{name}_{side}": [at(point, sign)] for name, point in _PAIRS_DM.items()}
        found[f"eye_{side}"] = _lid_ring(rest, face, rest[build.group(_EYE_GROUPS[side])].mean(axis=0))
    found["jaw"] = [at(p, -1) for p in _JAW_DM] + found["chin"] + [at(p) for p in reversed(_JAW_DM)]
    found |= _lip_rings(build, face, lips, found)
    brows = read_proxy(build.assets / "eyebrows" / "eyebrow001" / "eyebrow001.mhclo")
    hairs = np.einsum("pcx,pc->px", rest[brows.corners], brows.weights)
    for side, sign in targets.SIDES:
        own = hairs[hairs[:, 0] * sign > 0.2]
        edges = np.quantile(own[:, 0] * sign, np.linspace(0, 1, 6))
        line = [
            own[(own[:, 0] * sign >= a - 1e-3) & (own[:, 0] * sign <= b + 1e-3)].mean(axis=0)
            for a, b in pairwise(edges)
        ]
        found[f"brow_{side}"] = [nearest(rest, face, point.astype(np.float32)) for point in line]
    return found


def _lid_ring(rest: Float32, face: NDArray[np.bool_], eye: Float32) -> list[int]:
    """Twelve vertices of the lid margins around one eye, anticlockwise in the picture from the subject's left."""
    away = rest - eye
    angle = np.degrees(np.arctan2(away[:, 1], away[:, 0])) % 360
    radius = np.hypot(away[:, 0], away[:, 1])
    front = face & (away[:, 2] > 0.2) & (radius < 2.5)
    ring = []
    for direction in range(0, 360, 30):
        turned = np.abs((angle - direction + 180) % 360 - 180)
        ring.append(int(np.where(front & (turned < 18), radius, np.inf).argmin()))
    return ring


def _lip_rings(
    build: _Builder, face: NDArray[np.bool_], lips: Float32, found: dict[str, list[int]]
) -> dict[str, list[int]]:
    """Outer ring of 12 and inner of 8 from the subject's right corner over the upper lip; where the lips meet."""
    rest, right, left = build.rest, found["mouth_R"][0], found["mouth_L"][0]
    jaw = np.linalg.norm(build.shapes["26"], axis=1)
    lower = jaw > 0.4 * jaw[face].max()
    red = face & (lips > 0.3)
    half = float(rest[left, 0])

    def edge(x: float, is_lower: bool, outer: bool) -> int:
        strip = red & (lower == is_lower) & (np.abs(rest[:, 0] - x) < 0.28)
        height = rest[:, 1] * (-1 if is_lower == outer else 1)
        return int(np.where(strip, height, -np.inf).argmax())

    middle = red & (lips > 0.4) & (np.abs(rest[:, 0]) < 0.05)
    lowest_upper = int(np.where(middle & ~lower, rest[:, 1], np.inf).argmin())
    highest_lower = int(np.where(middle & lower, rest[:, 1], -np.inf).argmax())
    outer = [-0.66, -0.33, 0.0, 0.33, 0.66]
    inner = [-0.5, 0.0, 0.5]
    return {
        "lip_top": [lowest_upper],
        "lip_bottom": [highest_lower],
        "lips_outer": [
            right,
            *(edge(x * half, False, True) for x in outer),
            left,
            *(edge(x * half, True, True) for x in reversed(outer)),
        ],
        "lips_inner": [
            right,
            *(edge(x * half, False, False) for x in inner),
            left,
            *(edge(x * half, True, False) for x in reversed(inner)),
        ],
    }


def _sided(shapes: dict[str, Float32], rest: Float32) -> dict[str, Float32]:
    """FACSHuman's targets as ``name_L``/``name_R`` (its own one-sided files where it has them) and whole ones."""
    out: dict[str, Float32] = {}
    whole = {"19", "26", "22_25_up_down", "close_lips"}
    both_kinds = {"12", "25"}  # their one-sided files are weaker than the whole ones: both are kept
    for name, moved in shapes.items():
        if name in whole:
            out[name] = moved
        elif name[0] in "LR" and name[1:].isdigit():
            out[f"{'L' if name[1:] in both_kinds else ''}{name[1:]}_{name[0]}"] = moved
        elif not name[0].isalpha() and (f"L{name}" not in shapes or name in both_kinds):
            out[f"{name}_L"], out[f"{name}_R"] = split(moved, rest)
    return out


def _anatomy(
    build: _Builder, triangles: Int32, material: Int32, landmarks: dict[str, list[int]], lips: Float32
) -> targets.Anatomy:
    rest, soft = build.rest, np.isin(material, (Material.FACE, Material.HEAD, Material.SOCKET))
    tongue = build.group("helper-tongue")
    depth = rest[:, 2]
    root, tip = depth[tongue].min(), depth[tongue].max()
    points = {name: rest[indices].mean(axis=0) for name, indices in landmarks.items()}
    points["tongue_tip"] = rest[int(np.where(tongue, depth, -np.inf).argmax())]
    return targets.Anatomy(
        rest=rest,
        normals=vertex_normals(rest, triangles[np.isin(material, (Material.FACE, Material.HEAD))]),
        soft=used(triangles[soft], build.count).astype(np.float32),
        jaw=build.shapes["26"],
        lips=lips,
        tongue=np.where(tongue, (depth - root) / (tip - root), 0).astype(np.float32),
        points=points,
    )


def build(sources: Path, out: Path) -> None:
    """Write the rig's file `out` (``.npz``) from the folder of sources.

    Raises
    ------
    MissingSourcesError
        Something is missing in `sources`.
    """
    require(sources, "mh")
    made = _Builder(sources)
    triangles, uv_triangles, material = made.body()
    face = used(triangles[material == Material.FACE], made.count)
    lips = made.lips() * face
    landmarks = _landmarks(made, face, lips)
    anatomy = _anatomy(made, triangles, material, landmarks, lips)
    shapes = _sided(made.shapes, made.rest)
    shapes |= {name: field(anatomy) for name, field in targets.COMMON.items()}

    head = uv_triangles.copy()
    head[material == Material.HEAD] += len(made.obj.uv)
    uv = [
        _unit_square(made.obj.uv, uv_triangles[material == Material.FACE]),
        _unit_square(made.obj.uv, uv_triangles[material == Material.HEAD]),
    ]
    tongue = made.obj.triangles[made.obj.groups == "helper-tongue"]
    all_triangles, all_uv = [triangles, tongue], [head, np.zeros_like(tongue)]
    materials = [material, np.full(len(tongue), Material.TONGUE, np.int32)]
    vertices, coordinates = made.count, 2 * len(made.obj.uv)
    proxies = made.proxies()
    for mesh, _, kind in proxies:
        all_triangles.append(mesh.triangles + vertices)
        all_uv.append(mesh.uv_triangles + coordinates)
        uv.append(mesh.uv)
        materials.append(np.full(len(mesh.triangles), kind, np.int32))
        vertices += len(mesh.vertices)
        coordinates += len(mesh.uv)
    picture = cv2.imread(str(made.data / "eyes" / "materials" / "brown_eye.png"), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise ValueError("brown_eye.png is no picture (a Git LFS pointer?)")
    fields: dict[str, NDArray[np.generic]] = {
        "base": made.base,
        "triangles": np.vstack(all_triangles).astype(np.int32),
        "uv_triangles": np.vstack(all_uv).astype(np.int32),
        "uv": np.vstack(uv).astype(np.float32),
        "material": np.concatenate(materials).astype(np.int32),
        "lips": lips.astype(np.float32),
        "eyes": made.group(_EYE_GROUPS["L"]) | made.group(_EYE_GROUPS["R"]),
        "eye_picture": cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA),
        "morph_names": np.array(list(made.morphs)),
        "morphs": np.stack(list(made.morphs.values())).astype(np.float16),
        "shape_names": np.array(list(shapes)),
        "shapes": np.stack(list(shapes.values())).astype(np.float16),
    }
    for number, (_, proxy, _) in enumerate(proxies):
        fields |= {
            f"proxy{number}_corners": proxy.corners,
            f"proxy{number}_weights": proxy.weights,
            f"proxy{number}_offsets": proxy.offsets,
            f"proxy{number}_scales": proxy.scales,
        }
    fields |= {f"landmark_{name}": np.array(indices, np.int32) for name, indices in landmarks.items()}
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out, **fields)  # type: ignore[arg-type]
