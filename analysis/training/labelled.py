"""Synthetic clips and stills with exact labels, measured by the real pipeline's parts."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.face.geometry import GEOMETRY_COLUMNS, geometry
from analysis.face.pose import align
from analysis.face.texture import TEXTURE_COLUMNS, SkinTexture
from analysis.face.tracker import Tracker
from analysis.facs.series import FaceSeries
from analysis.media import frames
from analysis.scoring.code import CODE_COLUMNS, codes
from analysis.scoring.package import default
from analysis.types import Float32, MediaError, Observation, Rgb


@dataclass(frozen=True)
class Labelled:
    """One clip, or the stills of one identity, of one face.

    Attributes
    ----------
    name : str
        File name of the clip, or the identity.
    size : tuple of int
        Width and height in pixels.
    landmarks : float32, shape (n, 478, 3)
    texture : float32, shape (n, T)
    presence : float32, shape (n,)
    frame, time_us : int64, shape (n,)
        Stills get every second number, so that each stands alone and nothing is smoothed over them.
    labels : list of dict, length n
        Rows of the label file as text.
    code : float32, shape (n, C), optional
        What learned scorers are given besides (`analysis.scoring.code`); without it only rules can score.
    """

    name: str
    size: tuple[int, int]
    landmarks: Float32
    texture: Float32
    presence: Float32
    frame: NDArray[np.int64]
    time_us: NDArray[np.int64]
    labels: list[dict[str, str]]
    code: Float32 | None = None

    def label(self, column: str) -> NDArray[np.float64]:
        """One label column, shape (n,)."""
        return np.array([float(row[column]) for row in self.labels])

    @property
    def neutral(self) -> NDArray[np.bool_]:
        """Frames without any action, shape (n,)."""
        return np.array([row.get("phase") == "neutral" or row.get("neutral") == "1" for row in self.labels])

    def series(self) -> FaceSeries:
        """The measurements as the second pass reads them."""
        columns = dict(zip(GEOMETRY_COLUMNS, geometry(self.landmarks, *self.size).T, strict=True))
        columns |= dict(zip(TEXTURE_COLUMNS, self.texture.T, strict=True))
        low, high = self.landmarks[:, :468, :2].min(1), self.landmarks[:, :468, :2].max(1)
        columns |= {"presence": self.presence, "box_x": low[:, 0], "box_y": low[:, 1]}
        columns |= {"box_w": (high - low)[:, 0], "box_h": (high - low)[:, 1]}
        if self.code is not None:
            columns |= dict(zip(CODE_COLUMNS, self.code.T, strict=True))
        return FaceSeries(self.frame, self.time_us, columns)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def _labelled(
    name: str, seen: list[tuple[int, int, Observation, Float32]], size: tuple[int, int], rows: list[dict[str, str]]
) -> Labelled:
    landmarks = np.stack([observation.landmarks for _, _, observation, _ in seen])
    maps = [observation.maps for _, _, observation, _ in seen if observation.maps is not None]
    return Labelled(
        name=name,
        size=size,
        landmarks=landmarks,
        texture=np.stack([texture for *_, texture in seen]),
        presence=np.array([observation.presence for _, _, observation, _ in seen], np.float32),
        frame=np.array([frame for frame, *_ in seen], np.int64),
        time_us=np.array([time for _, time, *_ in seen], np.int64),
        labels=[rows[frame] for frame, *_ in seen],
        code=codes(default(), maps, align(landmarks).points),
    )


def clips(folder: Path, change: Callable[[Rgb], Rgb] | None = None) -> Iterator[Labelled]:
    """Measure every ``*.mp4`` in a folder with a label ``*.csv`` beside it; ``change`` alters pictures first."""
    texture = SkinTexture()
    for path in sorted(folder.glob("*.mp4")):
        tracker, size, seen = Tracker(1), (0, 0), []
        for frame in frames(path):
            rgb = frame.rgb if change is None else change(frame.rgb)
            size = (rgb.shape[1], rgb.shape[0])
            for face in tracker.update(rgb, frame.time_us):
                seen.append((frame.index, frame.time_us, face, texture(rgb, face.landmarks)))
        yield _labelled(path.name, seen, size, _rows(path.with_suffix(".csv")))


def _picture(path: Path) -> Rgb:
    picture = cv2.imread(str(path))
    if picture is None:
        raise MediaError(f"{path.name} is not a picture.")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def stills(folder: Path) -> Iterator[Labelled]:
    """Measure the pictures of ``labels.csv``, one `Labelled` an identity, the neutral first."""
    texture = SkinTexture()
    by_identity: dict[str, list[dict[str, str]]] = {}
    for row in _rows(folder / "labels.csv"):
        by_identity.setdefault(row["ident"], []).append(row)
    for identity, rows in by_identity.items():
        rows.sort(key=lambda row: row["neutral"] != "1")
        size, seen = (0, 0), []
        for index, row in enumerate(rows):
            rgb = _picture(folder / row["file"])
            size = (rgb.shape[1], rgb.shape[0])
            tracker = Tracker(1)
            found: list[Observation] = []
            for step in range(3):  # the crop settles after two passes
                found = tracker.update(rgb, step * 40_000)
            seen += [(2 * index, index * 1_000_000, face, texture(rgb, face.landmarks)) for face in found[:1]]
        yield _labelled(identity, seen, size, [row for row in rows for _ in range(2)])
