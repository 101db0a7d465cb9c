"""``python -m analysis meaning DIR``: all that follows from a recording's codes, voice and words, at once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from analysis.indicate import add_speaker


def add_parser(commands: Any) -> None:
    """Add the command to the parser of ``python -m analysis``."""
    parser = commands.add_parser(
        "meaning",
        help="combinations, states, voice, words, engagement and indicators of an analysed recording",
        description="Runs what `combinations`, `states`, `voice`, `text` and `indicators` do one by one. "
        "No figure says what a person felt; results are supportive indicators, never a diagnosis.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="results of `analyze` or `interpret`")
    parser.add_argument("--video", type=Path, metavar="FILE", help="the recording, for its sound")
    parser.add_argument("--text", type=Path, metavar="FILE", help="transcript: VTT, SRT, TXT, DOCX or PDF")
    parser.add_argument("--own", type=Path, metavar="FILE", help="your own combinations, TOML")
    parser.add_argument(
        "--consent", metavar="SCOPES", help="what the participant agreed to, such as video,emotion,audio,text"
    )
    parser.add_argument("--purpose", help="setting of the study, such as research; indicators need it")
    add_speaker(parser)
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the draws (0)")
    parser.add_argument("--json", action="store_true", help="print meaning.json")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compute, write, print.

    Raises
    ------
    AnalysisError
        The folder holds no results, a file cannot be read, or nothing can be written.
    """
    from analysis import meaning
    from analysis.console import progress, say, say_json
    from analysis.facs.combination_run import read_own, with_own
    from analysis.indicators.permission import Allowed
    from analysis.indicators.speaking import parse

    speakers = parse(options.speaker)
    own = () if options.own is None else read_own(options.own)
    with_own(own)  # an id that is taken is told before the work
    allowed = None
    if options.consent is not None or options.purpose is not None:
        scopes = frozenset(part.strip() for part in (options.consent or "").split(",") if part.strip())
        allowed = Allowed(scopes, options.purpose or "")
    with progress(quiet=options.json) as hook:
        if options.video is not None and (allowed is None or "audio" in allowed.scopes):
            from analysis.voice.pipeline import analyse_voice

            analyse_voice(options.video, options.folder, hook=hook)
        if options.text is not None and (allowed is None or "text" in allowed.scopes):
            _words(options.text, options.folder)
        found = meaning.derive(
            options.folder,
            options.folder,
            allowed=allowed,
            own=own,
            speakers=speakers,
            seed=options.seed,
            hook=hook,
        )
    if options.json:
        say_json(found)
        return 0
    for one in found["faces"]:
        say(f"Face {one['face']}: moments to look at, the clearest and rarest first")
        for moment in one["moments"]:
            say(f"  {moment['at_us'] / 1e6:9.2f} s  {moment['words']}")
        if not one["moments"]:
            say("  none")
    say(f"Results: {options.folder / meaning.ABOUT} and beside it")
    return 0


def _words(path: Path, folder: Path) -> None:
    from analysis.text.reading import read
    from analysis.text.result import result, write

    write(folder, result(read(path)))
