"""``python -m analysis.training.interview WORLD WORK --out FOLDER``: makes the demonstration's interview again.

WORLD is what ``analysis.training.world prepare`` made; WORK keeps the pictures, so that it may be stopped.
Needs the optional group ``training`` and flite. Writes ``interview.mp4``, its transcript ``interview.vtt`` and
``interview.json``: who speaks when, and what is marked.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from analysis.training.interview import acting, film, play, voices
from analysis.training.world.types import UInt8
from analysis.types import AnalysisError

NAME: Final = "interview"
FIGURE: Final = "Performer"


def rendered(world: Path, work: Path, what: play.Play, spoken: Sequence[voices.Spoken]) -> None:
    """Render the pictures that WORK lacks."""
    studio = film.studio_of(world, what)
    part = acting.cast(what, spoken, FIGURE, studio.rig.codes)
    work.mkdir(parents=True, exist_ok=True)
    total = round(what.seconds * what.rate)
    unmade = [number for number in range(total) if not _path(work, number).exists()]
    for number, picture in zip(unmade, film.pictures(what, studio, part, unmade), strict=True):
        partial = _path(work, number).with_suffix(".part.png")
        cv2.imwrite(str(partial), picture)
        partial.replace(_path(work, number))
        if number % what.rate == 0:
            sys.stderr.write(f"{number} of {total} pictures\n")


def _path(work: Path, number: int) -> Path:
    return work / f"{number:05}.png"


def _pictures(work: Path, what: play.Play) -> Iterator[UInt8]:
    for number in range(round(what.seconds * what.rate)):
        yield np.asarray(cv2.imread(str(_path(work, number))), np.uint8)


def transcript(spoken: Sequence[voices.Spoken]) -> str:
    """What is said, as WebVTT."""
    lines = [
        "WEBVTT",
        "",
        "NOTE Invented words: nobody said them. The face is rendered, the voices are synthesised.",
        "",
    ]
    for one in spoken:
        lines += [f"{_clock(one.start_s)} --> {_clock(one.end_s)}", f"<v {one.line.who}>{one.line.text}", ""]
    return "\n".join(lines)


def marks(what: play.Play, spoken: Sequence[voices.Spoken]) -> dict[str, list[dict[str, str | int]]]:
    """Markers and speakers in the form in which the product stores them; microseconds."""
    return {
        "markers": [
            {"name": one.name, "kind": one.kind, "start_us": _us(one.start_s), "end_us": _us(one.end_s)}
            for one in what.markers
        ],
        "speakers": [
            {"speaker": one.line.who, "start_us": _us(one.start_s), "end_us": _us(one.end_s)} for one in spoken
        ],
    }


def _us(seconds: float) -> int:
    return round(seconds * 1000) * 1000


def _clock(seconds: float) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 60_000:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m analysis.training.interview", description=__doc__)
    parser.add_argument("world", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    what = play.read()
    try:
        spoken = tuple(voices.speak(line) for line in what.lines)
        sound = voices.mixed(spoken, what.seconds)
        rendered(options.world, options.work, what, spoken)
    except (AnalysisError, FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    film.write(options.out / f"{NAME}.mp4", what, _pictures(options.work, what), sound)
    (options.out / f"{NAME}.vtt").write_text(transcript(spoken), encoding="utf-8")
    told = json.dumps(marks(what, spoken), indent=1) + "\n"
    (options.out / f"{NAME}.json").write_text(told, encoding="utf-8")


if __name__ == "__main__":
    main()
