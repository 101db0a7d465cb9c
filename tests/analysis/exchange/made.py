"""Codings to send out and to take back."""

from __future__ import annotations

import random

import numpy as np

from analysis.coded import CodedEvent, CodedLayer
from analysis.exchange.formats import FORMATS, Layout
from analysis.exchange.values import About
from analysis.facs.codes import CATALOGUE

FRAMES = np.arange(251, dtype=np.int64) * 40_000
WHEN = "2026-11-21T17:00:00+00:00"
ABOUT = About("Interview 1 äß.mp4", 10_000_000, FRAMES, "Interview 1", "My coding", WHEN)
HARD_NOTE = "=1+1;\"quoted\", <b>&amp;\nsecond line 'ü' — 表情"


def layer(*events: CodedEvent, spans: tuple[tuple[int, int], ...] = ((0, 10_000_000),)) -> CodedLayer:
    return CodedLayer("Ana Coder", tuple(sorted(events, key=lambda e: e.onset_us)), spans, "P-001", "Interview 1")


def everything() -> CodedLayer:
    """Sides, overlaps of one code, touching events, no letter, one moment, head, eyes, visibility, two faces."""
    return layer(
        CodedEvent("12", "both", "C", 1_000_123, 1_400_456, 2_000_789, note=HARD_NOTE),
        CodedEvent("12", "left", "B", 1_500_000, 1_700_000, 2_500_000),
        CodedEvent("12", "right", "A", 1_600_000, 1_600_000, 2_600_000),
        CodedEvent("12", "unilateral", "", 2_000_789, 3_000_000, 3_000_000, note="-1 apex at the end"),
        CodedEvent("6", "both", "E", 1_000_123, 1_500_000, 2_000_789, confidence=0.8125),
        CodedEvent("45", "both", "", 4_000_000, 4_000_000, 4_000_000),
        CodedEvent("M55", "", "", 5_000_000, 5_200_000, 5_600_000),
        CodedEvent("51", "", "B", 5_000_000, 5_200_000, 5_600_000),
        CodedEvent("61", "", "", 6_000_000, 6_100_000, 6_200_000),
        CodedEvent("73", "", "", 7_000_000, 7_500_000, 8_000_000),
        CodedEvent("80", "", "", 8_000_000, 8_100_000, 8_200_000),
        CodedEvent("4", "both", "D", 1_234_567, 1_345_678, 1_456_789, face=1, note="other person"),
        spans=((0, 4_500_000), (5_000_000, 10_000_000)),
    )


def random_layer(seed: int, count: int = 60) -> CodedLayer:
    """Any events that FACS allows, of any length, overlapping as they like."""
    chance = random.Random(seed)
    events = []
    for _ in range(count):
        code = CATALOGUE[chance.choice(list(CATALOGUE))]
        times = sorted(chance.choice((chance.randrange(10**7), chance.randrange(100) * 10**5)) for _ in "abc")
        events.append(
            CodedEvent(
                code.code,
                chance.choice(("both", "left", "right", "unilateral")) if code.sided else "",
                chance.choice(("", *"ABCDE")) if code.has_intensity else "",
                *times,
                face=chance.choice((0, 0, 0, 1, 2)),
                note=chance.choice(("", "", "@home", "'=x", '“quoted” "note"', "two\nlines", "12C")),
            )
        )
    return layer(*events)


def sent(key: str, coding: CodedLayer, about: About = ABOUT, layout: Layout | None = None) -> bytes:
    """The file that a format makes of a coding."""
    return b"".join(FORMATS[key].writes(coding, about, layout or Layout()))


def rounded(event: CodedEvent) -> tuple[object, ...]:
    """What ELAN keeps of an event, times in milliseconds."""
    times = ((us + 500) // 1000 for us in (event.onset_us, event.apex_us, event.offset_us))
    return (event.code, event.side, event.intensity, *times, event.face, event.note)


def said(event: CodedEvent) -> tuple[object, ...]:
    """Everything of an event but the machine's confidence."""
    times = (event.onset_us, event.apex_us, event.offset_us)
    return (event.code, event.side, event.intensity, *times, event.face, event.note, event.rejected)
