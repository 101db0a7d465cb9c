"""Reads a transcript or document, whatever its form, into units."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Final

from analysis.text import cues, documents, lines, sentences
from analysis.text.units import MAX_CHARACTERS, MAX_UNITS, Piece, Transcript
from analysis.types import AnalysisError

SUFFIXES: Final = (".vtt", ".srt", ".txt", ".docx", ".pdf")
MAX_BYTES: Final = 20 << 20


def read(path: Path) -> Transcript:
    """Read a file.

    Raises
    ------
    AnalysisError
        It is not there, too large, of another kind, damaged, or without words. The message says what to do.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise AnalysisError(f"{path.name} cannot be read: {error.strerror}.") from error
    return read_bytes(content, path.name)


def read_bytes(content: bytes, name: str) -> Transcript:
    """Read a file's content; its kind is that of its name."""
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise AnalysisError(f"{name} is of no kind that is read here. Use {', '.join(SUFFIXES)}.")
    if len(content) > MAX_BYTES:
        raise AnalysisError(f"{name} is larger than {MAX_BYTES >> 20} MB, more than a transcript takes. Split it.")
    if suffix == ".docx":
        found, warnings = lines.pieces(documents.docx_lines(content, name))
    elif suffix == ".pdf":
        found, warnings = lines.pieces(documents.pdf_lines(content, name))
    else:
        text, warnings = decoded(content, name)
        found, remarks = _pieces_of_text(text, suffix, name)
        warnings += remarks
    return _transcript(suffix[1:], found, warnings, name)


def read_typed(text: str) -> Transcript:
    """Read words typed into a page: lines as in a text file."""
    found, warnings = lines.pieces(text.splitlines())
    return _transcript("typed", found, warnings, "The text")


def _pieces_of_text(text: str, suffix: str, name: str) -> tuple[list[Piece], list[str]]:
    if suffix == ".txt" and "-->" not in text:
        return lines.pieces(text.splitlines())
    found, warnings = cues.pieces(text)
    if not found and suffix == ".txt":
        return lines.pieces(text.splitlines())
    if not found:
        raise AnalysisError(f"{name} holds no cue, that is a line like 00:01.000 --> 00:03.500 with words below.")
    return lines.speakers(found), warnings


def _transcript(kind: str, found: list[Piece], warnings: list[str], name: str) -> Transcript:
    if sum(len(piece.text) for piece in found) > MAX_CHARACTERS:
        raise AnalysisError(f"{name} has more than {MAX_CHARACTERS:,} characters. Split it.")
    units = sentences.units([piece for piece in found if piece.text.strip()])
    if not units:
        raise AnalysisError(f"{name} has no words.")
    if len(units) > MAX_UNITS:
        raise AnalysisError(f"{name} has {len(units):,} sentences; at most {MAX_UNITS:,} are read. Split it.")
    return Transcript(kind, tuple(units), tuple(warnings))


def decoded(content: bytes, name: str) -> tuple[str, list[str]]:
    """Text of a file and a remark where its encoding was guessed.

    Raises
    ------
    AnalysisError
        It is not text.
    """
    warnings: list[str] = []
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif content[:400].count(0) * 5 > len(content[:400]) * 2:  # every other byte of plain UTF-16 is 0
        encoding = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    else:
        encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8-sig":
            raise AnalysisError(f"{name} is damaged, or no text. Save it as UTF-8.") from error
        text = content.decode("cp1252", errors="replace")
        warnings.append("The file is not in UTF-8 and was read as Western European (Windows-1252).")
    odd = sum((unicodedata.category(c) == "Cc" and c not in "\t\n\r\f\v\x85") or c == "\ufffd" for c in text)
    if odd * 100 > len(text):
        raise AnalysisError(f"{name} is no text, whatever its name says. Save it as UTF-8.")
    return "".join(c for c in text if c in "\t\n\r" or unicodedata.category(c) != "Cc"), warnings
