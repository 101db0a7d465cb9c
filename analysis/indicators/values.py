"""The values and curves of one session's result folder by name, for comparisons."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from analysis.indicators.compare import INDICATOR
from analysis.indicators.derive import ENGAGEMENT, INDICATORS
from analysis.indicators.session import Curve, read_states
from analysis.types import AnalysisError


def curves_of(folder: Path, face: int) -> dict[str, Curve]:
    """Curves of a face: ``state:NAME`` from states.parquet and ``engagement``; those that are there.

    Raises
    ------
    AnalysisError
        A file is not readable.
    """
    states = read_states(folder / "states.parquet") or {}
    found = {f"state:{name}": curve for name, curve in states.get(face, {}).items()}
    path = folder / ENGAGEMENT
    if path.is_file():
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        table = pq.read_table(path, filters=pc.field("face") == face)
        times = [np.asarray(table[name].to_numpy(), np.int64) for name in ("start_us", "end_us")]
        ends = [np.asarray(table[name].to_numpy(), np.float64) for name in ("value", "low", "high")]
        found["engagement"] = Curve(times[0], times[1], ends[0], ends[1], ends[2])
    return found


def values_of(folder: Path, face: int) -> dict[str, float]:
    """Session values of a face, for a comparison of groups.

    ``state:NAME`` and ``engagement`` are means over the windows that have a value; ``au_share:CODE`` (share of
    scored time within events) and ``au_rate:CODE`` (events per minute) come from summary.json; ``indicator:ID``
    from indicators.json. What has no value is absent.

    Raises
    ------
    AnalysisError
        A file is not readable.
    """
    found: dict[str, float] = {}
    for name, curve in curves_of(folder, face).items():
        if np.isfinite(curve.value).any():
            found[name] = float(np.nanmean(curve.value))
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        path = folder / INDICATORS
        derived = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"faces": []}
    except (OSError, ValueError) as error:
        raise AnalysisError(f"{folder.name} is not readable: interpret the recording again.") from error
    for entry in summary["faces"]:
        if entry["face"] == face:
            for code, figures in entry["aus"].items():
                for kind, key in (("share", "share"), ("rate", "rate_per_min")):
                    if figures.get(key) is not None:
                        found[f"au_{kind}:{code}"] = float(figures[key])
    for entry in derived["faces"]:
        if entry["face"] == face:
            found |= {
                INDICATOR + one["id"]: float(one["value"])
                for one in entry["indicators"]
                if one["value"] is not None
            }
    return found
