"""The command ``python -m analysis combinations``. What it needs is loaded when it runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.facs.combinations import Found


def add_parser(commands: Any) -> None:
    """Add the command to the parser of ``python -m analysis``."""
    parser = commands.add_parser(
        "combinations",
        help="combinations of Action Units in a result folder",
        description="Finds the catalogue's combinations in a result folder and writes combinations.csv there.",
    )
    parser.add_argument("folder", type=Path, nargs="?", metavar="DIR", help="folder of results")
    parser.add_argument("--own", type=Path, metavar="FILE.toml", help="look for these as well")
    parser.add_argument(
        "--speech", type=Path, metavar="voice.json", help="speaking segments; the folder's own when left out"
    )
    parser.add_argument("--list", action="store_true", help="print the catalogue instead, as Markdown")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from analysis.console import say, say_json
    from analysis.facs import combination_run, combination_table
    from analysis.types import AnalysisError

    if options.list:
        say(combination_table.markdown())
        return 0
    if options.folder is None:
        raise AnalysisError("Name a folder of results, or use --list to see the catalogue.")
    own = combination_run.read_own(options.own) if options.own else ()
    speech = combination_run.read_speech(options.speech) if options.speech else None
    found = combination_run.combine(options.folder, own=own, speech=speech)
    if options.json:
        say_json([asdict(one) for one in found])
        return 0
    for one in found:
        say(_line(one))
    say(f"{len(found)} finds: {options.folder / 'combinations.csv'}")
    say("They say what a face did. The same combination has several meanings; docs/combinations.md names some.")
    return 0


def _line(one: Found) -> str:
    words = [
        f"face {one.face}  {one.onset_us / 1e6:9.3f}–{one.offset_us / 1e6:<9.3f} {one.name}: {one.codes}",
        f"strength {one.strength:.1f}, confidence {one.confidence:.2f}",
    ]
    if one.micro:
        words.append("half a second or less")
    if one.speech:
        words.append(f"{one.speech:.0%} during speech")
    if one.unscored:
        words.append(f"not excluded, because nobody scored it: {', '.join(one.unscored)}")
    return "; ".join(words)
