"""The command ``python -m analysis voice``: its arguments and what it prints."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(commands: Any) -> None:
    """Add the command to the parser of ``python -m analysis``."""
    parser = commands.add_parser(
        "voice",
        help="measure the voices of a recording",
        description="When somebody speaks, how high, loud, fast and clear, and the arousal tone against the "
        "speaker's own usual voice. Writes voice.parquet, voice.json and pitch.parquet.",
    )
    parser.add_argument("video", type=Path)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    parser.add_argument(
        "--speakers",
        type=Path,
        metavar="FILE.json",
        help='who speaks when, by hand: [{"start_us": 0, "end_us": 2000000, "speaker": "A"}, …]',
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON, without a progress bar")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from analysis.console import progress, say, say_json
    from analysis.types import AnalysisError
    from analysis.voice.pipeline import analyse_voice
    from analysis.voice.speakers import read_marks
    from analysis.voice.store import NO_SOUND

    marks = None if options.speakers is None else read_marks(options.speakers)
    with progress(quiet=options.json) as hook:
        found = analyse_voice(options.video, options.out, speakers=marks, hook=hook)
    if not found.sound:
        raise AnalysisError(NO_SOUND)
    if options.json:
        say_json(found.about())
        return 0
    seconds = sum(end - start for start, end in found.speech()) / 1e6
    say(f"{found.seconds:.1f} s of sound, {seconds:.1f} s of speech, {len(found.pauses)} pauses")
    for name in found.speakers:
        own = found.baseline[name]
        usual = own["usual"]
        said = f"Speaker {name}: {own['seconds']:.1f} s of speech"
        if "pitch_hz" in usual:
            said += f", usual pitch {usual['pitch_hz']['median']:.0f} Hz"
        if "rate_per_s" in usual:
            said += f", {usual['rate_per_s']['median']:.1f} syllables a second"
        say(said)
    for warning in found.warnings:
        say(f"Note: {warning}")
    say(f"Results: {options.out / 'voice.parquet'}, voice.json, pitch.parquet")
    return 0
