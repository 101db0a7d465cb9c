"""The command ``python -m analysis live``: how far live numbers lie from those of the analysis."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analysis.console import progress, say, say_json


def add_parser(commands: Any) -> None:
    """Add the command to the parser of ``python -m analysis``."""
    live = commands.add_parser("live", help="compare what a live session says of videos with their analysis")
    live.add_argument("videos", type=Path, nargs="+", metavar="VIDEO", help="each with one face")
    live.add_argument("--rate", type=float, default=15.0, help="pictures a second of the live session (15)")
    live.add_argument("--json", action="store_true", help="print the result as JSON, without a progress bar")
    live.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compare and print.

    Raises
    ------
    AnalysisError
        A video cannot be read.
    """
    from analysis.live.compare import compare, table

    with progress(quiet=options.json) as hook:
        found = compare(options.videos, options.rate, hook)
    if options.json:
        say_json([asdict(one) for one in found])
    else:
        say(table(found))
    return 0
