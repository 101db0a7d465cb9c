"""Faces and measurements that tests make themselves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import analysis.facs
from analysis.face.geometry import GEOMETRY_COLUMNS
from analysis.face.reference import reference
from analysis.face.texture import TEXTURE_COLUMNS
from analysis.facs.series import FaceSeries

WIDTH, HEIGHT = 640, 480
REST = json.loads((Path(analysis.facs.__file__).parent / "rest.json").read_text(encoding="utf-8"))["columns"]
MEASURES = (*GEOMETRY_COLUMNS, *TEXTURE_COLUMNS, "presence", "box_x", "box_y", "box_w", "box_h")


def turn(yaw: float = 0, pitch: float = 0, roll: float = 0) -> np.ndarray:
    """Rotation of a head in face axes (x to its left, y up, z to the camera); degrees."""
    y, p, r = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), np.sin(r), 0], [-np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return about_y @ about_x @ about_z


def face(
    points: np.ndarray | None = None,
    *,
    rotation: np.ndarray | None = None,
    distance_cm: float = 60.0,
    at_cm: tuple[float, float] = (0.0, 0.0),
) -> np.ndarray:
    """Landmarks (478, 3) of a face seen through the camera that the pose estimate assumes."""
    points = reference().xyz if points is None else points
    head = points @ (np.eye(3) if rotation is None else rotation).T
    depth = distance_cm - head[:, 2]
    focal = max(WIDTH, HEIGHT)
    x = WIDTH / 2 + focal * (head[:, 0] + at_cm[0]) / depth
    y = HEIGHT / 2 - focal * (head[:, 1] + at_cm[1]) / depth
    return np.stack([x, y, -head[:, 2] * focal / distance_cm], axis=1).astype(np.float32)


def bump(times_s: np.ndarray, onset: float, apex: float, fall: float, offset: float) -> np.ndarray:
    """0–1: a minimum-jerk rise, a hold and a fall."""

    def ease(x: np.ndarray) -> np.ndarray:
        x = np.clip(x, 0, 1)
        return x**3 * (10 - 15 * x + 6 * x**2)

    return ease((times_s - onset) / (apex - onset)) * (1 - ease((times_s - fall) / (offset - fall)))


def series(times_us: np.ndarray, *, frame: np.ndarray | None = None, noise: float = 0.0, **changes) -> FaceSeries:
    """A resting face over time; ``changes`` are added to its measures by name."""
    rng = np.random.default_rng(7)
    n = len(times_us)
    columns = {}
    for name in MEASURES:
        rest = REST[name]["mean"] if name in REST else 0.1
        columns[name] = np.full(n, rest) + noise * rng.standard_normal(n)
    columns |= {"yaw_deg": np.zeros(n), "pitch_deg": np.zeros(n), "roll_deg": np.zeros(n)}
    columns |= {"iris_px": np.full(n, 22.0), "presence": np.ones(n), "sharpness": np.full(n, 0.6)}
    columns |= {"box_x": np.full(n, 200.0), "box_y": np.full(n, 120.0)}
    columns |= {"box_w": np.full(n, 220.0), "box_h": np.full(n, 260.0)}
    for name, change in changes.items():
        columns[name] = columns[name] + change
    frame = np.arange(n) if frame is None else frame
    return FaceSeries(
        frame.astype(np.int64), times_us.astype(np.int64), {k: v.astype(np.float32) for k, v in columns.items()}
    )


def smile(times_s: np.ndarray, amount: float = 1.0, sides: str = "LR", **when: float) -> dict[str, np.ndarray]:
    """Changes of an AU12 of nearly full intensity."""
    shape = amount * bump(times_s, **({"onset": 1.0, "apex": 1.5, "fall": 2.5, "offset": 3.2} | when))
    out = {}
    for side in sides:
        out |= {
            f"corner_y_{side}": 0.75 * shape,
            f"corner_x_{side}": 0.5 * shape,
            f"corner_z_{side}": -0.8 * shape,
        }
    return out


def closed(times_s: np.ndarray, start: float, shut: float, sides: str = "LR") -> dict[str, np.ndarray]:
    """Changes of lids that close in 0.1 s at ``start``, stay shut for ``shut`` seconds and open in 0.15 s."""
    shape = bump(times_s, start, start + 0.1, start + 0.1 + shut, start + 0.25 + shut)
    rest = REST["eye_open_L"]["mean"]
    return {f"eye_open_{side}": -0.85 * rest * shape for side in sides}


def write_measurement(folder: Path, faces: dict[int, FaceSeries], times_us: np.ndarray) -> None:
    """Store faces as the first pass does, with a row of face −1 for every frame without any."""
    tables = [
        pa.table(
            {
                "frame": one.frame.astype(np.int32),
                "time_us": one.time_us,
                "face": np.full(len(one), number, np.int16),
                **one.columns,
            }
        )
        for number, one in faces.items()
    ]
    seen = set(np.concatenate([one.frame for one in faces.values()])) if faces else set()
    empty = np.array([i for i in range(len(times_us)) if i not in seen], np.int64)
    nothing = np.full(len(empty), np.nan, np.float32)
    blank = {
        "frame": empty.astype(np.int32),
        "time_us": times_us[empty],
        "face": np.full(len(empty), -1, np.int16),
    }
    names = next(iter(faces.values())).columns if faces else MEASURES
    tables.append(pa.table(blank | dict.fromkeys(names, nothing)))
    pq.write_table(pa.concat_tables(tables), folder / "measurement.parquet")
    video = {"width": WIDTH, "height": HEIGHT}
    (folder / "measurement.json").write_text(json.dumps({"video": video, "models": []}))
