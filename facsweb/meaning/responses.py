"""What the page about a session shows of each marker: changes against the time before it, with their intervals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from analysis.facs.codes import CATALOGUE
from analysis.indicators.markers import BASELINE_US
from facsweb.meaning import inputs, services
from facsweb.meaning.models import Reading

#: Values on a scale of −1 to 1 or 0 to 1 that are no share.
_SCALES: Final = ("valence", "arousal")


def of_reading(reading: Reading, face: int) -> dict[str, Any] | None:
    """Every marker in time, and what is said beside it; None where nothing was marked or may be said."""
    path = Path(services.folder(reading)) / "responses.json"
    if not path.is_file():
        return None
    told = [one for one in json.loads(path.read_text(encoding="utf-8"))["responses"] if one["face"] == face]
    if not told:
        return None
    return {
        "rows": [_row(one, inputs.kept_indicators(reading)) for one in told],
        "note": told[0]["note"],
        "baseline_s": BASELINE_US / 1e6,
    }


def _row(one: Mapping[str, Any], engaged: bool) -> dict[str, Any]:
    states = [_change(name, change) for name, change in one["states"].items()]
    known = [row for row in states if row["difference"] is not None]
    clear = [row for row in known if row["clear"]]
    return {
        "name": one["marker"],
        "kind": one["kind"],
        "start_us": one["start_us"],
        "end_us": one["end_us"],
        "measured_s": one["aus"]["measured_s"],
        "clear": sorted(clear, key=lambda row: -abs(row["difference"]["value"])),
        "states": sorted(known, key=lambda row: -abs(row["difference"]["value"])),
        "why": next((row["why"] for row in states if row["why"]), "") if not known else "",
        "codes": _codes(one["aus"]["by_code"]),
        "engagement": _change("engagement", one["engagement"]) if one["engagement"] and engaged else None,
        "voice": _change("tone of voice", one["voice_arousal"]) if one["voice_arousal"] else None,
        "text": one["text"],
    }


def _change(name: str, change: Mapping[str, Any]) -> dict[str, Any]:
    """A difference, whether its interval leaves out zero, and whether it is a share."""
    difference = change["difference"]
    clear = difference is not None and not difference["low"] <= 0 <= difference["high"]
    return {**change, "name": name, "clear": clear, "is_share": name not in _SCALES}


def _codes(by_code: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Action Units that begin during the marker, the first to begin first."""
    rows = [
        {"code": code, "name": CATALOGUE[code].name if code in CATALOGUE else "", **one}
        for code, one in by_code.items()
    ]
    return sorted(rows, key=lambda row: row["latency_s"]["value"])
