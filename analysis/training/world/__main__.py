"""Command line of the training world: ``python -m analysis.training.world prepare|render|clip``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from analysis.training.world import hands, rigs
from analysis.training.world.sources import MissingSourcesError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m analysis.training.world", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    prepare = commands.add_parser("prepare", help="build the rigs' files from their sources")
    prepare.add_argument("sources", type=Path, help="folder with the repositories that sources.py names")
    prepare.add_argument("--out", type=Path, required=True, help="folder for the built files")
    prepare.add_argument("--rig", choices=rigs.RIGS, help="only this one")
    pictures = commands.add_parser(
        "render", help="render labelled pictures; started again it goes on where it stopped"
    )
    pictures.add_argument("world", type=Path, help="folder that `prepare` filled")
    pictures.add_argument("--rig", choices=rigs.RIGS, required=True)
    pictures.add_argument("--identities", type=int, nargs=2, required=True, metavar=("FIRST", "END"))
    pictures.add_argument(
        "--pictures", type=int, default=24, help="for each identity, the three neutral ones included"
    )
    pictures.add_argument("--seed", type=int, default=0)
    pictures.add_argument("--size", type=int, default=384, help="side of a picture in pixels")
    pictures.add_argument("--out", type=Path, required=True)
    clips = commands.add_parser("clip", help="render a clip whose frames and events are labelled")
    clips.add_argument("world", type=Path, help="folder that `prepare` filled")
    clips.add_argument("--rig", choices=rigs.RIGS, required=True)
    clips.add_argument("--identity", type=int, required=True)
    clips.add_argument("--seconds", type=float, default=16.0)
    clips.add_argument("--rate", type=int, default=25, help="frames a second")
    clips.add_argument("--seed", type=int, default=0, help="of the screenplay, the room and the camera")
    clips.add_argument("--size", type=_even, default=384, help="side of the pictures in pixels")
    clips.add_argument("--out", type=Path, required=True)
    return parser


def _even(text: str) -> int:
    value = int(text)
    if value < 64 or value % 2:
        raise argparse.ArgumentTypeError("expected an even number from 64 on")
    return value


def _clip(options: argparse.Namespace) -> None:
    from analysis.training.world import clip

    what = clip.Clip(
        options.world, options.rig, options.identity, options.seconds, options.seed, options.rate, options.size
    )

    def report(done: int, total: int) -> None:
        if done % options.rate == 0 or done == total:
            sys.stderr.write(f"{done} of {total} frames\n")

    sys.stderr.write(f"wrote {clip.write(what, options.out, report)}\n")


def _render(options: argparse.Namespace) -> None:
    from analysis.training.world.generate import Job, render

    started = time.monotonic()

    def report(identity: int, made: int) -> None:
        rate = made / (time.monotonic() - started)
        sys.stderr.write(f"identity {identity}: {made} pictures, {rate:.1f} a second\n")

    identities = range(*options.identities)
    job = Job(options.world, options.rig, identities, options.pictures, options.seed, options.out, options.size)
    render(job, report)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 on success, 2 with a message where something is missing."""
    options = _parser().parse_args(arguments)
    say = sys.stderr.write
    try:
        if options.command == "prepare":
            for path in rigs.prepare(options.sources, options.out, options.rig):
                say(f"built {path}\n")
            if options.rig != "ict":
                say(f"built {hands.build(options.sources, options.out)}\n")
            return 0
        if options.command == "clip":
            _clip(options)
            return 0
        _render(options)
    except (MissingSourcesError, FileNotFoundError, ValueError) as error:
        say(f"{error}\n")
        return 2
    except ModuleNotFoundError as error:
        say(f"{error.name} is not installed, and rendering needs it: pip install {error.name}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
