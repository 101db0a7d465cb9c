"""A run's summary.json as the rows that its page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.facs.codes import CATALOGUE
from analysis.facs.regions import REASON_WORDS


@dataclass(frozen=True, slots=True)
class SeenCode:
    """One code that the machine proposes for a face at least once."""

    code: str
    name: str
    region: str
    tier: str
    events: int
    peak: float | None  # 0–5


@dataclass(frozen=True, slots=True)
class Face:
    """One face of the recording."""

    number: int  # from 1, as people count
    seen_percent: int
    codes: list[SeenCode]
    events: int
    gates: list[tuple[str, int]]  # why something was not scored, percent of the time
    micro: dict[str, Any]  # `analysis.facs.micro`; empty for results of before it


def faces(summary: dict[str, Any]) -> list[Face]:
    """Faces of a finished run with the codes that have events, in the catalogue's order."""
    tiers = summary.get("tiers", {})
    return [_face(face, tiers) for face in summary.get("faces", [])]


def _face(face: dict[str, Any], tiers: dict[str, str]) -> Face:
    codes = [
        SeenCode(
            code=key,
            name=CATALOGUE[key].name,
            region=CATALOGUE[key].group,
            tier=tiers.get(key, "experimental"),
            events=values["events"],
            peak=values.get("peak"),
        )
        for key, values in face.get("aus", {}).items()
        if values.get("events") and key in CATALOGUE
    ]
    codes.sort(key=lambda seen: CATALOGUE[seen.code].order)
    share = face["seen_frames"] / face["frames"] if face.get("frames") else 0.0
    return Face(
        face["face"] + 1,
        round(100 * share),
        codes,
        sum(seen.events for seen in codes),
        _gates(face),
        face.get("micro") or {},
    )


def _gates(face: dict[str, Any]) -> list[tuple[str, int]]:
    """Reasons that take at least half a percent of the recording's time, the longest first."""
    # PostgreSQL keeps an object's names in an order of its own.
    shares = sorted(face.get("gates", {}).items(), key=lambda one: (-one[1], one[0]))
    found = [
        (REASON_WORDS.get(reason, reason), round(100 * share)) for reason, share in shares if reason != "none"
    ]
    return [(words, percent) for words, percent in found if percent > 0]
