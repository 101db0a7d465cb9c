"""Praat's TextGrid: written in the long text format, read in the long and the short one.

Times are seconds with six decimals, so nothing is rounded. Praat has no intervals without length: events of one
moment are points on a tier ``… moment``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from analysis.coded import CodedEvent, CodedLayer
from analysis.exchange.gathering import Gathered, microseconds
from analysis.exchange.text import decoded, seconds_text
from analysis.exchange.tiers import (
    MOMENT,
    NOTE,
    PHASE,
    SPANS,
    Mark,
    gather,
    is_child,
    lanes,
    phases,
    with_apexes,
)
from analysis.exchange.values import About, ExchangeError, Options, Reading

_MOMENTS: Final = f" {MOMENT}"
#: Praat takes every text in quotes, and every number and <flag> that stands by itself; all else is for people.
_TOKEN: Final = re.compile(
    r'"((?:[^"]|"")*)"|(?<!\S)(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?!\S)|(?<!\S)(<\w+>)(?!\S)'
)
Interval = tuple[int, int, str]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _filled(intervals: Iterable[Interval], end: int) -> Iterator[Interval]:
    """The intervals with empty ones between them, from 0 to the end, as Praat wants a tier."""
    at = 0
    for start, stop, text in intervals:
        if start > at:
            yield at, start, ""
        yield start, stop, text
        at = stop
    if at < end:
        yield at, end, ""


def _interval_tier(name: str, intervals: Iterable[Interval], end: int) -> list[str]:
    rows = list(_filled(intervals, end))
    lines = [f"        intervals: size = {len(rows)}"]
    for number, (start, stop, text) in enumerate(rows, 1):
        lines.append(f"        intervals [{number}]:")
        lines.append(f"            xmin = {seconds_text(start)}")
        lines.append(f"            xmax = {seconds_text(stop)}")
        lines.append(f"            text = {_quoted(text)}")
    return _tier("IntervalTier", name, end, lines)


def _point_tier(name: str, points: Iterable[tuple[int, str]], end: int) -> list[str]:
    rows = list(points)
    lines = [f"        points: size = {len(rows)}"]
    for number, (time, text) in enumerate(rows, 1):
        lines.append(f"        points [{number}]:")
        lines.append(f"            number = {seconds_text(time)}")
        lines.append(f"            mark = {_quoted(text)}")
    return _tier("TextTier", name, end, lines)


def _tier(kind: str, name: str, end: int, lines: list[str]) -> list[str]:
    head = [f'class = "{kind}"', f"name = {_quoted(name)}", "xmin = 0", f"xmax = {seconds_text(end)}"]
    return [*(f"        {line}" for line in head), *lines]


def _extent(event: CodedEvent) -> tuple[int, int]:
    return event.onset_us, event.offset_us


def _point_extent(event: CodedEvent) -> tuple[int, int]:
    return event.onset_us, event.onset_us + 1  # Praat allows one point at a time


def write(layer: CodedLayer, about: About) -> bytes:
    """The layer as a TextGrid in UTF-8."""
    end = max(
        [about.duration_us, *(event.offset_us for event in layer.events), *(span[1] for span in layer.spans), 1]
    )
    tiers: list[list[str]] = []
    for lane in lanes([event for event in layer.events if event.onset_us < event.offset_us], _extent):
        rows = lane.events
        tiers.append(_interval_tier(lane.name, [(*_extent(event), str(event)) for event in rows], end))
        parts = [part for event in rows for part in phases(event.onset_us, event.apex_us, event.offset_us)]
        tiers.append(_interval_tier(lane.name + PHASE, parts, end))
        if any(event.note for event in rows):
            noted = [(*_extent(event), event.note) for event in rows if event.note]
            tiers.append(_interval_tier(lane.name + NOTE, noted, end))
    for lane in lanes([event for event in layer.events if event.onset_us == event.offset_us], _point_extent):
        points = [(event.onset_us, f"{event} {event.note}".strip()) for event in lane.events]
        tiers.append(_point_tier(lane.name + _MOMENTS, points, end))
    if layer.spans:
        tiers.append(_interval_tier(SPANS, [(*span, "coded") for span in layer.spans], end))
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {seconds_text(end)}",
    ]
    lines += ["tiers? <exists>", f"size = {len(tiers)}", "item []:"] if tiers else ["tiers? <absent>"]
    for number, tier in enumerate(tiers, 1):
        lines += [f"    item [{number}]:", *tier]
    return ("\n".join(lines) + "\n").encode()


class _Tokens:
    """Praat's values one after the other; the wrong kind of value is a damaged file."""

    def __init__(self, text: str) -> None:
        self._matches = _TOKEN.finditer(text)
        self._text = text

    def _next(self, group: int, what: str) -> str:
        match = next(self._matches, None)
        if match is None or match[group] is None:
            at = self._text.count("\n", 0, match.start()) + 1 if match else self._text.count("\n") + 1
            raise ExchangeError(f"The TextGrid is damaged at line {at}: {what} was expected. Nothing was read.")
        return match[group]

    def string(self) -> str:
        return self._next(1, "a text in quotes").replace('""', '"')

    def time(self) -> int:
        return microseconds(float(self._next(2, "a time")))

    def count(self) -> int:
        number = float(self._next(2, "a number"))
        if not 0 <= number <= 1_000_000:
            raise ExchangeError("The TextGrid is damaged: it counts what cannot be. Nothing was read.")
        return int(number)

    def flag(self) -> str:
        return self._next(3, "<exists> or <absent>")


def _tiers(text: str) -> dict[str, tuple[bool, list[Interval]]]:
    """Tier → whether it has intervals, and the annotations that are not empty."""
    tokens = _Tokens(text)
    if tokens.string() != "ooTextFile" or tokens.string() != "TextGrid":
        raise ExchangeError("This is not a Praat TextGrid in a text format. Nothing was read.")
    tokens.time(), tokens.time()
    out: dict[str, tuple[bool, list[Interval]]] = {}
    for _ in range(tokens.count() if tokens.flag() == "<exists>" else 0):
        kind, name = tokens.string(), tokens.string()
        tokens.time(), tokens.time()
        rows: list[Interval] = []
        for _ in range(tokens.count()):
            start = tokens.time()
            end = tokens.time() if kind == "IntervalTier" else start
            if value := tokens.string().strip():
                rows.append((start, end, value))
        while name in out:  # Praat allows two tiers of one name
            name += " "
        out[name] = (kind == "IntervalTier", rows)
    return out


def read(data: bytes, options: Options | None = None) -> Reading:
    """Read a TextGrid, our own or another's.

    Raises
    ------
    ExchangeError
        Not a TextGrid in a text format, or damaged.
    """
    gathered = Gathered(options or Options())
    tiers = _tiers(decoded(data))
    spans: list[tuple[int, int]] = []
    for name, (intervals, rows) in tiers.items():
        if is_child(name, tiers) and name not in gathered.options.mapping:
            continue
        if name == SPANS:
            spans = [row[:2] for row in rows]
        elif not intervals and name.endswith(_MOMENTS):
            gather(name.removesuffix(_MOMENTS), [_moment(name, row) for row in rows], gathered)
        elif rows:
            notes = {row[0]: row[2] for row in tiers.get(name + NOTE, (True, []))[1]}
            marks = [
                Mark(f"tier “{name}” at {a / 1e6:.3f} s", a, b, value, notes.get(a, ""), None if b > a else a)
                for a, b, value in rows
            ]
            gather(name, with_apexes(marks, tiers.get(name + PHASE, (True, []))[1]), gathered)
    return gathered.reading("textgrid", spans=spans)


def _moment(tier: str, row: Interval) -> Mark:
    value, _, note = row[2].partition(" ")
    return Mark(f"tier “{tier}” at {row[0] / 1e6:.3f} s", row[0], row[0], value, note, row[0])
