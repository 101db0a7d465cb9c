"""The command ``python -m analysis agree``: its arguments.

What it does is in `analysis.agreement.command`, which is loaded when it runs.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(commands: Any) -> None:
    """Add the command to the parser of ``python -m analysis``."""
    parser = commands.add_parser(
        "agree",
        help="agreement of two or more codings",
        description="Agreement of two or more coders, people or the machine: events.csv, ELAN, JSON or any other "
        "file that facsweb reads. Folders are compared file by file of the same name.",
    )
    parser.add_argument(
        "codings", type=Path, nargs="+", metavar="FILE", help="one for each coder; the first leads"
    )
    parser.add_argument("--seconds", type=float, metavar="S", help="length of the recording that was coded")
    parser.add_argument("--codes", metavar="1,2,12", help="codes that count; all that somebody used")
    parser.add_argument("--sides", action="store_true", help="count left and right apart")
    parser.add_argument("--tolerance-ms", type=float, default=500.0, metavar="T", help="gap between events (500)")
    parser.add_argument("--resamples", type=int, default=1000, metavar="N", help="of the bootstrap (1000)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write agreement.csv, .json, disagreements.csv")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from analysis.agreement import command

    return command.run(options)
