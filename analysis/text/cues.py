"""WebVTT and SubRip: cues with times, their markup taken off and their voices kept."""

from __future__ import annotations

import html
import re
from itertools import pairwise
from typing import Final

from analysis.text.units import Piece

_STAMP: Final = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_TIMES: Final = re.compile(rf"^\s*{_STAMP}\s*-->\s*{_STAMP}(?:\s.*)?$")
_VOICE: Final = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]{1,200})>", re.IGNORECASE)
_TAG: Final = re.compile(r"</?(?:[a-zA-Z][^<>]{0,200}|\d{1,3}:\d{2}[\d:.,]{0,12})?>|\{\\[^{}]{0,100}\}")
_BLOCKS: Final = ("NOTE", "STYLE", "REGION")
_SPACES: Final = re.compile(r"\s+")


def pieces(text: str) -> tuple[list[Piece], list[str]]:
    """Cues in the order of their times, and what was wrong with some.

    Both formats are read alike: a line of two times, then lines up to an empty one. Comments, styles, cue numbers
    and settings are left out. A cue with several voices becomes as many pieces that share its time by length.
    """
    found: list[Piece] = []
    backward = 0
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = block.split("\n")
        if lines[0].strip().split(" ")[0] in _BLOCKS:
            continue
        at = next((n for n, line in enumerate(lines) if _TIMES.match(line)), None)
        while at is not None:
            after = next((n for n in range(at + 1, len(lines)) if _TIMES.match(lines[n])), None)
            body = lines[at + 1 : after]
            if after is not None and body and body[-1].strip().isdigit():
                body = body[:-1]  # the number of a cue that follows without an empty line
            start, end = _times(lines[at])
            backward += end < start
            found += _voices("\n".join(body), start, max(start, end))
            at = after
    warnings = []
    if backward:
        warnings.append(f"{_count(backward)} ended before beginning and {_were(backward)} given no length.")
    ordered = sorted(found, key=lambda piece: (piece.start_us or 0, piece.end_us or 0))
    if ordered != found:
        warnings.append("The cues were not in the order of their times and were sorted.")
    kept, repeated = _once(ordered)
    if repeated:
        warnings.append(f"{_count(repeated)} only repeated the one before and {_were(repeated)} left out.")
    if any(a.end_us is not None and b.start_us is not None and b.start_us < a.end_us for a, b in pairwise(kept)):
        warnings.append("Some cues overlap; they keep their own times.")
    return kept, warnings


def _count(number: int) -> str:
    return "One cue" if number == 1 else f"{number} cues"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _times(line: str) -> tuple[int, int]:
    match = _TIMES.match(line)
    assert match is not None
    stamps = match.groups()
    return _microseconds(stamps[:4]), _microseconds(stamps[4:])


def _microseconds(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1_000_000 + int(fraction.ljust(6, "0"))


def plain(text: str) -> str:
    """A cue's words without markup, entities resolved."""
    return _SPACES.sub(" ", html.unescape(_TAG.sub("", text))).strip()


def _voices(body: str, start: int, end: int) -> list[Piece]:
    parts = _VOICE.split(body)
    spoken = [("", parts[0]), *zip(parts[1::2], parts[2::2], strict=True)]
    said = [(html.unescape(name).strip()[:80], plain(words)) for name, words in spoken]
    said = [(name, words) for name, words in said if words]
    total = sum(len(words) for _, words in said)
    found, done = [], 0
    for name, words in said:
        first = start + (end - start) * done // total
        done += len(words)
        found.append(Piece(first, start + (end - start) * done // total, name, words))
    return found


def _once(ordered: list[Piece]) -> tuple[list[Piece], int]:
    """Roll-up captions show a line again below the next: what a cue repeats of its predecessor is cut."""
    kept: list[Piece] = []
    repeated = 0
    for piece in ordered:
        last = kept[-1] if kept else None
        if last is None or last.end_us is None or piece.start_us is None or piece.start_us > last.end_us + 100_000:
            kept.append(piece)
            continue
        if piece.text == last.text and piece.speaker == last.speaker:
            repeated += 1
        elif piece.text.startswith(f"{last.text} ") and len(last.text.split()) >= 3:
            kept.append(Piece(piece.start_us, piece.end_us, piece.speaker, piece.text[len(last.text) + 1 :]))
        else:
            kept.append(piece)
    return kept, repeated
