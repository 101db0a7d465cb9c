"""Turning stored values into what templates show."""

from __future__ import annotations

from typing import Any

from facsweb.reports.comparison import clock
from facsweb.reports.models import Report

TONES = {
    Report.State.WAITING: ("active", "Being made"),
    Report.State.READY: ("good", "Signed"),
    Report.State.FAILED: ("bad", "Not made"),
    Report.State.REVOKED: ("bad", "Revoked"),
}
RESULTS = {
    "changed": ("active", "Changed"),
    "added": ("good", "Added"),
    "deleted": ("bad", "Deleted"),
    "not taken over": ("machine", "Not taken over"),
}
PREFIX = {"left": "L", "right": "R"}
DRAWN_FROM = 1.0


def status(state: str) -> dict[str, Any]:
    """Tone and label of a report's state."""
    tone, label = TONES[Report.State(state)]
    return {"tone": tone, "label": label, "live": state == Report.State.WAITING}


def notation(reading: dict[str, Any] | None) -> str:
    """FACS notation of one event, such as ``L12C``."""
    if reading is None:
        return ""
    return f"{PREFIX.get(reading['side'], '')}{reading['code']}{reading['intensity']}"


def events(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the event table."""
    several = len(content["summary"]) > 1
    rows = []
    for row in content["events"]:
        reading = row["signed"] or row["machine"]
        known = content["codes"].get(reading["code"], {"name": "", "group": "gross"})
        fallback = ("good", "Confirmed") if row["reviewed"] else ("attention", "Not reviewed")
        tone, label = RESULTS.get(row["status"], fallback)
        rows.append(
            {
                **row,
                "notation": notation(row["signed"]),
                "proposal": notation(row["machine"]),
                "name": known["name"],
                "group": known["group"],
                "face": f"Face {reading['face'] + 1}" if several else "",
                "onset": clock(reading["onset_us"]),
                "apex": clock(reading["apex_us"]),
                "offset": clock(reading["offset_us"]),
                "tone": tone,
                "label": label,
            }
        )
    return rows


def summary(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Tables of Action Units: those with an event or a signal above A; the others only by number."""
    several = len(content["summary"]) > 1
    tables = []
    for face in content["summary"]:
        shown = [row for row in face["rows"] if row["events"] or (row["peak"] or 0) > DRAWN_FROM]
        tables.append(
            {
                "title": f"Face {face['face'] + 1}" if several else "",
                "rows": [
                    {**row, "percent": None if row["share"] is None else round(row["share"] * 100, 1)}
                    for row in shown
                ],
                "rest": [row["code"] for row in face["rows"] if row not in shown],
            }
        )
    return tables
