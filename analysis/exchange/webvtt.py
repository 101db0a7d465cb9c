"""WebVTT: subtitles that show the FACS string of every moment while the video plays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analysis.coded import CodedEvent, CodedLayer
from analysis.exchange.text import milliseconds
from analysis.exchange.tiers import standing
from analysis.exchange.values import About

#: Near the lower edge, centred, as subtitles usually lie.
_SETTINGS: Final = "line:90% align:center"


def _clock(ms: int) -> str:
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _comment(text: str) -> str:
    """Text for a NOTE, where ``-->`` and empty lines are not allowed."""
    return " ".join(text.replace("-->", "→").split())


def _number(event: CodedEvent) -> tuple[int, str]:
    return int(event.code.removeprefix("M")), str(event)


def _said(events: list[CodedEvent], several: bool) -> str:
    lines = []
    for face in sorted({event.face for event in events}):
        own = "+".join(str(event) for event in sorted((e for e in events if e.face == face), key=_number))
        lines.append(f"Face {face + 1}: {own}" if several else own)
    return "\n".join(lines)


def write(layer: CodedLayer, about: About) -> Iterator[str]:
    """Lines of the file: one cue for every stretch in which the same codes stand."""
    events = standing(layer.events)
    several = len({event.face for event in events}) > 1
    yield "WEBVTT\n"
    words = ", ".join(filter(None, (about.title, about.layer, layer.coder, about.when)))
    if words:
        yield f"\nNOTE {_comment(words)}\n"
    starts: dict[int, list[CodedEvent]] = {}
    ends: dict[int, list[CodedEvent]] = {}
    for event in events:
        start = milliseconds(event.onset_us)
        starts.setdefault(start, []).append(event)
        ends.setdefault(max(milliseconds(event.offset_us), start + 1), []).append(event)
    edges = sorted(starts.keys() | ends.keys())
    active: list[CodedEvent] = []
    for number, at in enumerate(edges):
        ending = ends.get(at, [])
        active = [event for event in active if not any(event is other for other in ending)] + starts.get(at, [])
        if active:
            text = _escaped(_said(active, several))
            yield f"\n{number + 1}\n{_clock(at)} --> {_clock(edges[number + 1])} {_SETTINGS}\n{text}\n"
