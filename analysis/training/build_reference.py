"""Make ``analysis/face/reference.npz`` and ``analysis/facs/rest.json`` from neutral synthetic faces.

``python -m analysis.training.build_reference MEDIA`` with MEDIA holding ``labels.csv`` and ``images/`` (stills
with a neutral per identity) and ``*.mp4`` with per-frame label ``*.csv`` beside them. Needs the installed models.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial import Delaunay

from analysis.face.anchors import ANCHOR_WEIGHTS, ANCHORS
from analysis.face.reference import IRIS_DIAMETER_CM, N_SKIN, REFERENCE_FILE, reference
from analysis.types import Float32, MediaError

#: Axis of the cylinder that the skin is unrolled from, centimetres behind the anchors' centre.
CYLINDER_DEPTH_CM = 7.0
REST_FILE = Path(__file__).parents[1] / "facs" / "rest.json"
Float64 = NDArray[np.float64]


def _upright(landmarks: Float32) -> Float64:
    """Image axes (y down, z away) to face axes (y up, z towards the camera)."""
    return landmarks.astype(np.float64) * [1, -1, -1]


def _iris(points: Float64) -> float:
    pairs = ((469, 471), (470, 472), (474, 476), (475, 477))
    return float(np.mean([np.linalg.norm(points[a, :2] - points[b, :2]) for a, b in pairs]))


def mirror_of(mean: Float64) -> NDArray[np.int64]:
    """Pair every point with the one nearest to its mirror image; points on the midline pair with themselves."""
    flipped = mean * [-1, 1, 1]
    cost = np.linalg.norm(flipped[:, None] - mean[None], axis=-1) ** 2
    pairs: NDArray[np.int64] = linear_sum_assignment(cost + cost.T)[1].astype(np.int64)
    if not np.array_equal(pairs[pairs], np.arange(len(mean))):
        raise ValueError("the mean face is too asymmetric to pair its points")
    return pairs


def mean_face(frontal: list[Float32]) -> tuple[Float64, NDArray[np.int64]]:
    """Symmetric mean of frontal neutral faces in centimetres, and the mirror pairs.

    Only translation and scale are removed: the stills are rendered at yaw = pitch = roll = 0, so their mean
    orientation defines the zero of the head angles.
    """
    faces = [(points - points[:N_SKIN].mean(0)) / _iris(points) for points in map(_upright, frontal)]
    mean = np.mean(faces, axis=0) * IRIS_DIAMETER_CM
    mirror = mirror_of(mean)
    mean = (mean + mean[mirror] * [-1, 1, 1]) / 2
    return mean, mirror


def unroll(xyz: Float64) -> tuple[Float64, NDArray[np.int32]]:
    """UV layout (arc length around a vertical cylinder, height) and a Delaunay triangulation of it."""
    x, y, z = xyz[:N_SKIN].T
    radius = float(np.median(np.hypot(x, z + CYLINDER_DEPTH_CM)))
    uv = np.stack([radius * np.arctan2(x, z + CYLINDER_DEPTH_CM), y], axis=1)
    return uv, Delaunay(uv).simplices.astype(np.int32)


def write_reference(frontal: list[Float32]) -> None:
    """Write ``reference.npz`` from frontal neutral faces, landmarks in pixels, each (478, 3)."""
    mean, mirror = mean_face(frontal)
    mean -= ANCHOR_WEIGHTS @ mean[ANCHORS]
    uv, triangles = unroll(mean)
    np.savez_compressed(
        REFERENCE_FILE,
        xyz=mean.astype(np.float32),
        uv=uv.astype(np.float32),
        triangles=triangles.astype(np.int16),
        mirror=mirror.astype(np.int16),
    )
    reference.cache_clear()


def write_rest(neutral: list[Float32], sizes: list[tuple[int, int]]) -> None:
    """Write mean and spread of every geometry column over neutral faces; ``sizes`` are (width, height)."""
    from analysis.face.geometry import GEOMETRY_COLUMNS, geometry

    rows = [geometry(face[None], *size)[0] for face, size in zip(neutral, sizes, strict=True)]
    table = np.asarray(rows, np.float64)
    rest = {
        name: {"mean": round(float(mean), 4), "sd": round(float(sd), 4)}
        for name, mean, sd in zip(GEOMETRY_COLUMNS, table.mean(0), table.std(0, ddof=1), strict=True)
    }
    REST_FILE.write_text(json.dumps({"faces": len(rows), "columns": rest}, indent=1) + "\n", encoding="utf-8")


def neutral_faces(media: Path) -> tuple[list[Float32], list[Float32], list[tuple[int, int]]]:
    """Landmarks of the neutral stills (frontal), of all neutral faces, and the picture size of the latter."""
    from analysis.face.tracker import Tracker
    from analysis.media import frames

    faces: list[Float32] = []
    sizes: list[tuple[int, int]] = []
    with (media / "labels.csv").open(encoding="utf-8") as lines:
        stills = [row["file"] for row in csv.DictReader(lines) if row["neutral"] == "1"]
    for name in stills:
        picture = cv2.imread(str(media / name))
        if picture is None:
            raise MediaError(f"{media / name} is not a picture.")
        rgb = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
        tracker = Tracker(1)
        for step in range(3):  # the crop settles after two passes
            seen = tracker.update(rgb, step * 40_000)
        faces.append(seen[0].landmarks)
        sizes.append((rgb.shape[1], rgb.shape[0]))
    frontal = list(faces)
    for clip in sorted(media.glob("*.mp4")):
        with clip.with_suffix(".csv").open(encoding="utf-8") as lines:
            neutral = {int(row["frame"]) for row in csv.DictReader(lines) if row["phase"] == "neutral"}
        tracker = Tracker(1)
        found: list[Float32] = []
        for frame in frames(clip):
            seen = tracker.update(frame.rgb, frame.time_us)
            if frame.index in neutral and seen:
                found.append(seen[0].landmarks)
        faces.append(np.median(found, axis=0).astype(np.float32))
        sizes.append((frame.rgb.shape[1], frame.rgb.shape[0]))
    return frontal, faces, sizes


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("media", type=Path)
    frontal, faces, sizes = neutral_faces(parser.parse_args().media)
    write_reference(frontal)
    write_rest(faces, sizes)


if __name__ == "__main__":
    main()
