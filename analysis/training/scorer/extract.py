"""Turns labelled pictures into what the engine measures of them, each picture and its mirror image.

A shard holds everything that a scorer may be given, so fitting never sees a picture. The face is followed as in a
video: found by the detector, then placed twice, with the second crop a little off, as a moving head's would be.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from analysis.face.detector import Detector
from analysis.face.geometry import geometry
from analysis.face.mesh import Mesh, Placement, Region
from analysis.face.pose import align
from analysis.face.texture import SkinTexture
from analysis.facs.regions import REGIONS
from analysis.scoring.targets import MIRRORED, MIRRORED_REGIONS, TARGETS
from analysis.types import Float32, Rgb

_PRESENCE: Final = 0.5
_JITTER: Final = (0.01, 0.02, 0.02)  # of the crop: centre (its sides), log of its side, angle (radians)

Half = NDArray[np.float16]


@dataclass(frozen=True)
class Shard:
    """Measured pictures, one row each; mirrored pictures are rows of their own.

    Attributes
    ----------
    labels : float32, shape (n, len(TARGETS))
        0–5, NaN where the rig cannot show the unit.
    visible : float32, shape (n, 6)
        Shares of `REGIONS` in view, 0–1; NaN where the table does not say.
    points : float32, shape (n, 478, 3)
        Aligned, centimetres.
    columns : float32, shape (n, geometry + texture columns)
    region_maps, crop_map : float16
        What the mesh saw, (n, 96, 16, 16) and (n, 32, 24, 24).
    identity, neutral, mirrored, yaw : shape (n,)
        Text ``rig:seed``; bool; bool; degrees.
    cohort : shape (n,)
        Text.
    """

    labels: Float32
    visible: Float32
    points: Float32
    columns: Float32
    region_maps: Half
    crop_map: Half
    identity: NDArray[np.str_]
    neutral: NDArray[np.bool_]
    mirrored: NDArray[np.bool_]
    yaw: Float32
    cohort: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.labels)


def read_labels(folder: Path) -> list[dict[str, str]]:
    """Rows of ``labels.csv``."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _row_labels(row: dict[str, str], codes: frozenset[str]) -> Float32:
    cells = [float(row[f"AU{code}_{side or 'L'}"]) if code in codes else float("nan") for code, side in TARGETS]
    return np.array(cells, np.float32)


def _follow(picture: Rgb, detector: Detector, mesh: Mesh, rng: Generator) -> Placement | None:
    """Place the largest face as a tracker would on its second frame; None where none is found."""
    faces = detector(picture)
    if not faces:
        return None
    largest = max(faces, key=lambda face: float(face.box[2] - face.box[0]))
    first = Region.of_landmarks(mesh(picture, [Region.of_detection(largest)]).landmarks[0])
    centre, size, turn = _JITTER
    crop = Region(
        first.x + rng.normal(0, centre) * first.side,
        first.y + rng.normal(0, centre) * first.side,
        first.side * float(np.exp(rng.normal(0, size))),
        first.angle + rng.normal(0, turn),
    )
    placed = mesh(picture, [crop])
    return placed if placed.presence[0] >= _PRESENCE else None


def extract(folder: Path, shown: frozenset[str], seed: int = 0) -> Shard:
    """Measure the pictures of one folder.

    Parameters
    ----------
    folder : Path
        Holds ``labels.csv`` and the pictures it names (`analysis.training.world`).
    shown : frozenset of str
        Codes that the folder's rig can show; the others' labels are NaN.
    seed : int
        Of the crops' jitter.
    """
    detector, mesh, skin = Detector(), Mesh(), SkinTexture()
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for row in read_labels(folder):
        bgr = cv2.imread(str(folder / row["file"]))
        if bgr is None:
            continue
        for picture, mirrored in _both_ways(np.asarray(bgr, np.uint8)):
            placed = _follow(picture, detector, mesh, rng)
            if placed is not None:
                rows.append(_measured(row, shown, picture, placed, skin, mirrored))
    return Shard(**{field.name: np.array([row[field.name] for row in rows]) for field in fields(Shard)})


def _both_ways(bgr: Rgb) -> Iterator[tuple[Rgb, bool]]:
    rgb = bgr[..., ::-1]
    yield np.ascontiguousarray(rgb), False
    yield np.ascontiguousarray(rgb[:, ::-1]), True


def _measured(
    row: dict[str, str], shown: frozenset[str], picture: Rgb, placed: Placement, skin: SkinTexture, mirrored: bool
) -> dict[str, Any]:
    assert placed.maps is not None
    height, width = picture.shape[:2]
    labels = _row_labels(row, shown)
    visible = np.array([float(row.get(f"visible_{region}") or "nan") for region in REGIONS], np.float32)
    measures = geometry(placed.landmarks, width, height)[0]
    return {
        "labels": labels[list(MIRRORED)] if mirrored else labels,
        "visible": visible[list(MIRRORED_REGIONS)] if mirrored else visible,
        "points": align(placed.landmarks).points[0],
        "columns": np.concatenate([measures, skin(picture, placed.landmarks[0])]),
        "region_maps": placed.maps.regions[0].astype(np.float16),
        "crop_map": placed.maps.crop[0].astype(np.float16),
        "identity": f"{row['rig']}:{row['identity']}",
        "neutral": row["neutral"] == "1",
        "mirrored": mirrored,
        "yaw": np.float32(float(row["yaw_deg"]) * (-1 if mirrored else 1)),
        "cohort": row["cohort"],
    }


def save(shard: Shard, path: Path) -> None:
    """Write a shard as an uncompressed ``.npz``."""
    np.savez(path, **{field.name: getattr(shard, field.name) for field in fields(Shard)})


def load(paths: list[Path]) -> Shard:
    """Read shards and put them together."""
    parts: dict[str, list[NDArray[Any]]] = {field.name: [] for field in fields(Shard)}
    for path in paths:
        with np.load(path) as stored:
            for name, values in parts.items():
                values.append(stored[name])
    return Shard(**{name: np.concatenate(values) for name, values in parts.items()})
