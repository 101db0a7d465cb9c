"""The command ``python -m analysis bench``: speed and memory on this machine."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from analysis.console import positive, progress, say, say_json

_PARTS: Final = ("face", "voice", "words", "meaning")


def add_parser(commands: Any) -> None:
    """Add the command to the parser of ``python -m analysis``."""
    bench = commands.add_parser("bench", help="measure speed and memory on this machine")
    bench.add_argument("video", type=Path)
    bench.add_argument("--one-core", action="store_true", help="keep this process on one processor core")
    bench.add_argument("--scale", type=_size, metavar="WxH", help="scale the video first, e.g. 1280x720")
    bench.add_argument("--minutes", type=_minutes, metavar="N", help="repeat the video to this length first")
    bench.add_argument(
        "--fps", type=positive, metavar="N", help="with --segments: thin the video to N pictures a second first"
    )
    bench.add_argument(
        "--segments", type=positive, metavar="JOBS", help="compare with segments measured by so many processes"
    )
    bench.add_argument(
        "--segment-s", type=positive, default=300, metavar="S", help="with --segments: a segment's length (300)"
    )
    bench.add_argument("--max-faces", type=positive, default=4, metavar="N")
    bench.add_argument(
        "--against",
        metavar="COMMAND",
        help="compare with another program on the same file, e.g. 'peer -f {video}'",
    )
    bench.add_argument(
        "--meaning",
        action="store_true",
        help="measure instead what voice, words and meaning add to the face; VIDEO has sound and a transcript",
    )
    bench.add_argument(
        "--transcript", type=Path, metavar="FILE", help="of VIDEO, for --meaning; else the VTT or SRT beside it"
    )
    bench.add_argument("--only", action="append", choices=_PARTS, help="of --meaning this part; repeatable")
    bench.add_argument("--json", action="store_true", help="print the result as JSON, without a progress bar")
    bench.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure what was asked for and print it.

    Raises
    ------
    AnalysisError
        The video cannot be read or lacks what is to be measured.
    """
    with progress(quiet=options.json or options.against is not None) as hook:
        found = _found(options, hook)
    if options.json:
        say_json(asdict(found) | ({"added": found.added} if options.meaning else {}))
    else:
        say(found.table())
    return 0


def _found(options: argparse.Namespace, hook: Any) -> Any:
    from analysis import against, bench, bench_meaning

    if options.segments:
        from analysis.segments import bench as segments

        length = {"minutes": options.minutes, "fps": options.fps, "part_us": options.segment_s * 1_000_000}
        return segments.compare(options.video, jobs=options.segments, hook=hook, **length)
    if options.meaning:
        return bench_meaning.bench(
            options.video,
            transcript=options.transcript,
            minutes=options.minutes,
            only=options.only or _PARTS,
            hook=hook,
        )
    if options.against is not None:
        return against.compare(options.video, options.against)
    return bench.bench(
        options.video,
        one_core=options.one_core,
        scale=options.scale,
        minutes=options.minutes,
        max_faces=options.max_faces,
        hook=hook,
    )


def _minutes(text: str) -> float:
    value = float(text)
    if not 0 < value <= 600:
        raise argparse.ArgumentTypeError(f"expected more than 0 and at most 600, got {text}")
    return value


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a size like 1280x720, got {text!r}") from None
    if width < 16 or height < 16 or width % 2 or height % 2:
        raise argparse.ArgumentTypeError("width and height must be even and at least 16")
    return width, height
