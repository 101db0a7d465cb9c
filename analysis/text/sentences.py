"""Cuts pieces into sentences and shares a piece's time out among them by their length.

Subtitles break sentences over cues, and "I am not" apart from "happy" would read as its opposite: pieces of one
speaker that follow each other without an end of a sentence between them are joined first.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from analysis.text.units import Piece, Unit

JOIN_GAP_US: Final = 1_500_000
"""Pieces further apart are not joined: a pause of this length seldom lies inside a sentence. A choice of ours."""
JOIN_CHARACTERS: Final = 240
"""No longer than this by joining (some 45 words): automatic captions have no full stops at all."""
_END: Final = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)|[。！？]+[」』”]*")
_ENDS: Final = re.compile(r"[.!?…。！？][\"'”’)\]」』]*$")
_SHORT: Final = frozenset(
    {"mr", "mrs", "ms", "dr", "prof", "st", "vs", "etc", "e.g", "i.e", "approx", "dept", "fig", "al", "inc", "ltd"}
    | {"co", "u.s", "u.k", "a.m", "p.m", "ca", "bzw", "z.b"}
)
_OPENS: Final = re.compile(r"[\"'“‘(\[¿¡-]*\s*[^\s\W_a-zß-öø-ÿ]")


def boundaries(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence of a text, in characters.

    A full stop ends a sentence when what follows does not begin in lower case and what precedes it is no common
    abbreviation or initial.
    """
    found: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        if _is_end(text, match):
            found.append((start, match.end()))
            start = match.end()
    found.append((start, len(text)))
    trimmed = ((a + len(text[a:b]) - len(text[a:b].lstrip()), a + len(text[a:b].rstrip())) for a, b in found)
    return [(a, b) for a, b in trimmed if a < b]


def _is_end(text: str, match: re.Match[str]) -> bool:
    mark = match.group()
    if mark[0] in "。！？":
        return True
    follows = text[match.end() :].lstrip()
    if "!" not in mark and "?" not in mark and follows and not _OPENS.match(follows):
        return False
    if mark != ".":
        return True
    words = text[max(0, match.start() - 12) : match.start()].split()
    word = words[-1].lower().lstrip("(\"'“") if words else ""
    return word not in _SHORT and not (len(word) == 1 and word.isalpha() and word != "i")


def units(pieces: Sequence[Piece]) -> list[Unit]:
    """Sentences of pieces in their order; a sentence's times are those of its first and last character.

    Inside a piece time is taken to pass evenly over its characters. That is a guess: nothing in the file says when
    each word was spoken.
    """
    return [unit for group in _joined(pieces) for unit in _cut(group)]


def _joined(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    group: list[Piece] = []
    for piece in pieces:
        if group and not _continues(group, piece):
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def _continues(group: list[Piece], piece: Piece) -> bool:
    last = group[-1]
    if last.end_us is None or piece.start_us is None or piece.speaker != last.speaker:
        return False  # a line or paragraph without times stands for itself
    if not 0 <= piece.start_us - last.end_us <= JOIN_GAP_US or _ENDS.search(last.text):
        return False
    return sum(len(part.text) + 1 for part in group) + len(piece.text) <= JOIN_CHARACTERS


def _cut(group: list[Piece]) -> Iterator[Unit]:
    text = " ".join(piece.text for piece in group)
    offsets = [0]
    for piece in group:
        offsets.append(offsets[-1] + len(piece.text) + 1)
    for start, end in boundaries(text):
        yield Unit(
            _time(group, offsets, start, at_end=False), _time(group, offsets, end, at_end=True),
            group[0].speaker, text[start:end],
        )  # fmt: skip


def _time(group: list[Piece], offsets: list[int], place: int, *, at_end: bool) -> int | None:
    number = max(0, (bisect_left if at_end else bisect_right)(offsets[:-1], place) - 1)
    piece = group[number]
    if piece.start_us is None or piece.end_us is None:
        return None
    share = min(1.0, max(0, place - offsets[number]) / len(piece.text))
    return round(piece.start_us + share * (piece.end_us - piece.start_us))
