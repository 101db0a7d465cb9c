"""Evidence made by hand, and evidence of the labelled clips: exact labels, or what the shipped scorer saw."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from analysis.facs.evidence import Evidence
from analysis.facs.intensity import Intensities
from analysis.facs.series import FaceSeries, Float64

MEDIA = Path(__file__).resolve().parents[1] / "media"
STEP_US = 40_000


def held(count: int, value: float, start: int = 0, stop: int | None = None, rest: float = 0.0) -> Float64:
    """A value from one row to another, and another one elsewhere."""
    out = np.full(count, rest)
    out[start:stop] = value
    return out


def evidence(
    values: Mapping[str, Float64],
    *,
    width: float | None = 0.2,
    step_us: int = STEP_US,
    time_us: Sequence[int] | None = None,
    origin: str = "machine",
) -> Evidence:
    """One face; intervals reach ``width`` to either side. Sides are as the code where they are not given."""
    count = len(next(iter(values.values())))
    times = np.arange(count, dtype=np.int64) * step_us if time_us is None else np.array(time_us, np.int64)
    known = {}
    for key, array in values.items():
        code = key.partition("_")[0]
        known[key] = np.asarray(array, np.float64)
        if key == code:
            for side in "LR":
                known.setdefault(f"{code}_{side}", values.get(f"{code}_{side}", array))
    ends = {} if width is None else {key: array for key, array in known.items() if "_" not in key}
    return Evidence(
        0,
        times,
        float(step_us),
        known,
        {key: np.maximum(array - width, 0) for key, array in ends.items()},
        {key: np.minimum(array + width, 5) for key, array in ends.items()},
        (),
        np.ones(count),
        origin,
    )


def labelled(clip: str) -> Evidence:
    """The exact labels of a clip as if a machine without any error had scored them."""
    with next(MEDIA.glob(f"{clip}_*.csv")).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    values = {}
    for name in rows[0]:
        if name.startswith("AU") and not name.endswith("_rig"):
            code, _, side = name[2:].partition("_")
            key = code.lstrip("0") + (f"_{side}" if side else "")
            values[key] = np.array([float(row[name]) for row in rows])
    times = [round(float(row["time_s"]) * 1e6) for row in rows]
    return evidence(values, width=0.0, time_us=times)


def scored(series: FaceSeries, found: Intensities) -> Evidence:
    """What a scorer saw, as `evidence_of_run` reads it from files."""
    values = dict(found.both)
    for code, sides in found.sides.items():
        values |= {f"{code}_{side}": array for side, array in sides.items()}
    ends = {code: both for code, both in found.intervals.items() if code in values}
    return Evidence(
        0,
        series.time_us,
        series.interval_us,
        values,
        {code: low for code, (low, _) in ends.items()},
        {code: high for code, (_, high) in ends.items()},
        (),
        np.ones(len(series.time_us)),
    )
