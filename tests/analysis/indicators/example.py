"""The worked example of docs/indicators.md: a session made by hand, and the tables that the page shows of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from analysis.indicators import derive
from tests.analysis.indicators import made

SECONDS = 120
S = 1_000_000


def session(path: Path) -> Path:
    """Two minutes: 40 s of smiling, 30 s with 6; two one-sided dimplers; four nods; eyes averted for 12 s."""
    time = np.arange(0, SECONDS * S, made.STEP_US) / 1e6
    pitch = np.zeros(len(time))
    for start in (10, 25, 75, 110):
        own = (time >= start) & (time < start + 1.6)
        pitch[own] = 5 * np.sin(2 * np.pi * 1.25 * (time[own] - start))
    made.folder(
        path,
        seconds=SECONDS,
        pitch=pitch,
        events=[("14", "left", 70 * S, 72 * S), ("14", "right", 90 * S, 91 * S), ("14", "both", 95 * S, 96 * S)],
        AU12=made.during(SECONDS, (20, 60), high=2.0),
        AU6=made.during(SECONDS, (20, 50), high=1.2),
        AU61=made.during(SECONDS, (100, 112), high=4.0),
    )
    made.states(path, SECONDS, valence=lambda at: 0.4 if 20 <= at < 60 else 0.0)
    made.text(path, (22, 40, {"joy": 0.7}), (50, 56, {"sadness": 0.6}))
    return path


def indicator(path: Path, number: int = 0) -> dict[str, Any]:
    """One indicator of the example."""
    found = derive(session(path), allowed=made.RESEARCH).indicators["faces"][0]["indicators"][number]
    assert isinstance(found, dict)
    return found


def tables(one: dict[str, Any]) -> list[str]:
    """The lines of the page."""
    lines = ["| input | value | between | normalised | weight | points |", "|---|---|---|---|---|---|"]
    for row in one["inputs"]:
        ends = f"{row['anchors'][0]:g} and {row['anchors'][1]:g}"
        value = f"{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
        direction = "" if row["direction"] == "raises" else ", lowers"
        lines.append(
            f"| `{row['id']}`{direction} | {value} {row['unit']} | {ends} | {row['normalised']:.3f} | "
            f"{row['weight']:.2f} | {row['points']:.1f} |"
        )
    lines.append(
        f"| **{one['name']}, {one['word']}** | | | | | **{one['value']} [{one['low']}, {one['high']}]** |"
    )
    lines += ["", "| input | value at its low end | at its high end | without it |", "|---|---|---|---|"]
    lines += [
        f"| `{row['input']}` | {row['at_low']} | {row['at_high']} | {row['without']} |"
        for row in one["sensitivity"]
    ]
    return lines
