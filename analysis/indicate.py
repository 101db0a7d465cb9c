"""The command ``python -m analysis indicators``: its arguments.

What it does is in `analysis.indicators.command`, which is loaded when it runs.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(commands: Any) -> None:
    """Add the command to the parser of ``python -m analysis``."""
    parser = commands.add_parser(
        "indicators",
        help="engagement, agreement of channels and exploratory indicators of a result folder",
        description="Engagement, agreement of face, voice and words, and exploratory indicators, each with its "
        "interval and what it is made of. Without consent and purpose no indicator has a value.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--formulas", type=Path, metavar="FILE.toml", help="own formulas (docs/indicators.md)")
    parser.add_argument("--consent", metavar="video,emotion,audio,text", help="what the participant agreed to")
    parser.add_argument("--purpose", metavar="PURPOSE", help="setting of the study, such as research")
    parser.add_argument(
        "--override",
        nargs=4,
        metavar=("GROUND", "REASON", "BY", "DATE"),
        help="a recorded exception: medical or safety, why, who, when",
    )
    parser.add_argument("--markers", type=Path, metavar="FILE.json", help="stimulus markers")
    add_speaker(parser)
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the draws (0)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from analysis.indicators import command

    return command.run(options)


def add_speaker(parser: argparse.ArgumentParser) -> None:
    """Add ``--speaker``, which `analysis.indicators.speaking.parse` reads."""
    parser.add_argument(
        "--speaker",
        action="append",
        default=[],
        metavar="FACE=NAME",
        help="which speaker of the voice and the words a face is, such as 0=Anna; nobody=Ben is in no picture",
    )
