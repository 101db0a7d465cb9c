"""``python -m analysis states DIR``: states of every face of an interpreted recording, written beside it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.emotion.figures import States


def add_parser(commands: Any) -> None:
    """Add the command to the parser of ``python -m analysis``."""
    parser = commands.add_parser(
        "states",
        help="states of a face with intervals, from its Action Units",
        description="Computes from signals.parquet and events.csv to what share each face moves as the literature "
        "lists for joy, sadness, anger and others, with 90 % intervals; writes states.parquet and states.json. "
        "No figure is a probability that a person feels something.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="results of `analyze` or `interpret`")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the draws (0)")
    parser.add_argument("--json", action="store_true", help="print states.json")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compute, write, print.

    Raises
    ------
    AnalysisError
        The folder holds no results, or cannot be written.
    """
    from analysis.console import say, say_json
    from analysis.emotion.estimate import states
    from analysis.emotion.files import TOLD, write
    from analysis.facs.evidence import evidence_of_run, faces_of_run

    folder: Path = options.folder
    speech = _speech(folder)
    found = [
        states(evidence_of_run(folder, face), speech=speech, seed=options.seed) for face in faces_of_run(folder)
    ]
    write(folder, found)
    if options.json:
        say_json(json.loads((folder / TOLD).read_text(encoding="utf-8")))
        return 0
    for one in found:
        say(table(one))
    say(f"Results: {folder / 'states.parquet'}, states.json")
    return 0


def _speech(folder: Path) -> list[tuple[int, int]]:
    """Stretches of speech, where the voice was analysed."""
    try:
        told = json.loads((folder / "voice.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [(int(one["start_us"]), int(one["end_us"])) for one in told.get("segments", [])]


def table(one: States) -> str:
    """A face's session and episodes as lines of text."""
    lines = [f"Face {one.face}: {one.measured_s:.1f} s measured; share 0–1 with its 90 % interval"]
    order = sorted(one.session, key=lambda name: -(one.session[name].value or 0.0))
    silent = [name for name in order if one.session[name].value is None]
    for name in order:
        level = one.session[name]
        if level.value is not None and level.high is not None and level.high >= 0.005:
            lines.append(f"  {name:<10} {level.value:6.2f} [{level.low:.2f}, {level.high:.2f}]")
    if silent:
        lines.append(f"  no value: {', '.join(silent)}")
    for episode in one.episodes:
        told = ", ".join(
            f"{each.state} {each.value:.2f} [{each.low:.2f}, {each.high:.2f}]"
            + (f" ({'+'.join(each.codes)})" if each.codes else "")
            for each in episode.candidates
        )
        lines.append(f"  {episode.start_us / 1e6:7.2f}–{episode.end_us / 1e6:.2f} s: {told}")
    return "\n".join(lines)
