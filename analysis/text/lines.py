"""Lines of a text file, paragraphs of a document: optional times and speakers in front of the words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from analysis.text.units import Piece

CHARACTERS_PER_SECOND: Final = 15
"""How long a line is taken to last whose end no later line gives: a choice of ours, about 170 words a minute."""
_CLOCK: Final = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})(?:[.,](\d{1,3}))?"
_BRACKETED: Final = re.compile(rf"^\s*[\[(<]\s*{_CLOCK}\s*[\])>]\s*[-–—]?\s*")
_BARE: Final = re.compile(rf"^\s*{_CLOCK}(?:\s*[-–—]\s*|\s+|$)")
_HEADER: Final = re.compile(rf"^\s*([^\W\d_][\w .'’-]{{0,39}}?)\s+[\[(]?\s*{_CLOCK}\s*[\])]?\s*:?\s*$")
"""A name and a time above the words, as some transcription services write it."""
_BARE_SHARE: Final = 0.3
_SPEAKER: Final = re.compile(r"^(?:[-–—>]+\s*)?([^\W_](?:[\w.'’-]| (?=\S)){0,39}?)\s*:\s+(?=\S)")
_MOST_WORDS: Final = 4
_SPACES: Final = re.compile(r"\s+")


def pieces(lines: Sequence[str]) -> tuple[list[Piece], list[str]]:
    """Pieces of lines, and what was guessed.

    A line may begin with ``[hh:mm:ss]``, ``[mm:ss]`` or the like and with ``Name:``, or a line ``Name 0:05`` may
    stand above the words. In a file with times a line without one belongs to the line above. A line lasts until
    the next begins, or as long as its words take to say if that is shorter.
    """
    found: list[tuple[int | None, str]] = []
    for start, words in _timed(lines):
        if start is None and not words:
            continue
        if start is None and found and found[-1][0] is not None:
            found[-1] = (found[-1][0], f"{found[-1][1]} {words}".strip())
        else:
            found.append((start, words))
    timed = [row for row in found if row[0] is not None]
    warnings = []
    if timed and len(timed) < len(found):
        warnings.append("The lines before the first time in the file were left out.")
    ordered = sorted(timed, key=lambda row: row[0] or 0) if timed else found
    if ordered != (timed or found):
        warnings.append("The lines were not in the order of their times and were sorted.")
    return speakers(_with_ends(ordered)), warnings


def _timed(lines: Sequence[str]) -> list[tuple[int | None, str]]:
    """Each line's time and words.

    Times without brackets count only where nearly a third of the filled lines begin so: "10:30 we met" in a report
    is a time of day.
    """
    filled = sum(bool(line.strip()) for line in lines)
    bare = sum(_BARE.match(line) is not None or _HEADER.match(line) is not None for line in lines)
    patterns = [_BRACKETED, *([_BARE] if bare >= max(1, _BARE_SHARE * filled) else [])]
    headed = len(patterns) > 1
    rows: list[tuple[int | None, str]] = []
    for line in lines:
        match = next((found for pattern in patterns if (found := pattern.match(line))), None)
        if match is not None:
            rows.append((_microseconds(match.groups()), _SPACES.sub(" ", line[match.end() :]).strip()))
        elif headed and (match := _HEADER.match(line)):
            rows.append((_microseconds(match.groups()[1:]), f"{_SPACES.sub(' ', match.group(1))}:"))
        else:
            rows.append((None, _SPACES.sub(" ", line).strip()))
    return rows


def _microseconds(parts: Sequence[str | None]) -> int:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1_000_000 + int(fraction.ljust(6, "0"))


def _with_ends(rows: Sequence[tuple[int | None, str]]) -> list[Piece]:
    found = []
    for number, (start, words) in enumerate(rows):
        if not words:
            continue
        end = None
        if start is not None:
            end = start + max(1, len(words) // CHARACTERS_PER_SECOND) * 1_000_000
            later = [row[0] for row in rows[number + 1 : number + 2] if row[0] is not None]
            end = min([end, *later])
        found.append(Piece(start, end, "", words))
    return found


def speakers(found: Sequence[Piece]) -> list[Piece]:
    """Take ``Name:`` off the words of pieces that have no speaker yet.

    It counts as a name when it stands before at least two pieces, or when a third of all pieces begin so; else
    "Note: …" once in a text would become a person.
    """
    matches = [_SPEAKER.match(piece.text) if not piece.speaker else None for piece in found]
    names = [match.group(1) if match and len(match.group(1).split()) <= _MOST_WORDS else None for match in matches]
    often = Counter(name for name in names if name)
    many = 3 * sum(often.values()) >= len(found)
    return [
        replace(piece, speaker=name, text=piece.text[match.end() :])
        if name and match and (many or often[name] > 1)
        else piece
        for piece, match, name in zip(found, matches, names, strict=True)
    ]
