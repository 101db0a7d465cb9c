"""The command ``python -m analysis text``: a transcript or document in, ``text.json`` and a table out."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import Any, Final

from analysis.console import say, say_json
from analysis.types import AnalysisError

_SHOWN: Final = 6


def add_parser(commands: Any) -> None:
    """Add the command to the parser of ``python -m analysis``."""
    parser = commands.add_parser(
        "text",
        help="what readers would take from the words of a transcript",
        description="Reads a transcript (VTT, SRT, TXT) or document (DOCX, PDF) and says sentence by sentence "
        "which of GoEmotions' labels readers would give its wording. English only; other languages get no score.",
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write text.json into this folder")
    parser.add_argument("--language", default="", metavar="xx", help="its language, if not to be detected")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Read, score, print, and write what was asked for.

    Raises
    ------
    AnalysisError
        The file cannot be read, or the language is no code.
    """
    from analysis.text import reading
    from analysis.text.result import result, write

    language = options.language.strip()
    if language and not (language.replace("-", "").isalpha() and 2 <= len(language.split("-")[0]) <= 3):
        raise AnalysisError(f"{language!r} is no language code. Give two letters, such as en or de.")
    found = result(reading.read(options.file), language=language)
    if options.out is not None:
        write(options.out, found)
    if options.json:
        say_json(found)
        return 0
    for line in table(found):
        say(line)
    return 0


def table(found: dict[str, Any]) -> list[str]:
    """Lines for reading: units with their labels, then the session's strongest means."""
    lines = [f"{'time':>9}  {'speaker':<12}  {'labels':<38}  words"]
    for unit in found["units"]:
        scores = unit["scores"]
        labels = ", ".join(f"{label} {scores[label]:.2f}" for label in unit["top"][:3]) if scores else "no score"
        words = textwrap.shorten(unit["text"], 70, placeholder=" …")
        lines.append(f"{_clock(unit['start_us']):>9}  {unit['speaker'][:12]:<12}  {labels or '–':<38}  {words}")
    session = found["session"]
    if session["scored"]:
        lines += ["", f"Mean of {session['scored']} sentences, 90 % interval:"]
        ordered = sorted(session["labels"].items(), key=lambda row: -row[1]["mean"])[:_SHOWN]
        lines += [f"  {label:<16} {_interval(figures)}" for label, figures in ordered]
        lines.append(f"  {'valence (−1…1)':<16} {_interval(session['valence'])}")
        lines.append(session["covers"])
    return [*lines, *(f"Note: {warning}" for warning in found["warnings"])]


def _interval(figures: dict[str, float | None]) -> str:
    if figures["low"] is None:
        return f"{figures['mean']:.2f} (too few sentences for an interval)"
    return f"{figures['mean']:.2f} ({figures['low']:.2f} – {figures['high']:.2f})"


def _clock(time_us: int | None) -> str:
    if time_us is None:
        return "–"
    seconds = time_us // 1_000_000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
