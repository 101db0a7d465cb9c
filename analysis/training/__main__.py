"""``python -m analysis.training SOURCES WORK``: from the rigs' files to a scorer and its card, in one command.

Everything made on the way stays in WORK; started again, it goes on with what is missing. Needs the optional group
``training`` and, for some thousand pictures a rig, hours of a processor.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from analysis.training.world.rigs import RIGS, held_out

#: Training identities start here; the held-out ones are far above (``world/holdout.json``).
_FIRST: Final = 1000
_HELD_PICTURES: Final = 10


def _module(name: str, *arguments: str | Path) -> None:
    """Run a module of this project in a process of its own; its failure ends the command."""
    subprocess.run([sys.executable, "-m", name, *map(str, arguments)], check=True)


def _sets(work: Path, identities: int, pictures: int) -> Iterator[tuple[str, Path, int, int, int]]:
    """Of every set of pictures: rig, folder, first and last identity (exclusive), pictures of each."""
    for rig in RIGS:
        yield rig, work / f"train_{rig}", _FIRST, _FIRST + identities, pictures
        seeds = held_out(rig)
        yield rig, work / f"held_{rig}", seeds[0], seeds[-1] + 1, _HELD_PICTURES


def run(
    sources: Path, work: Path, *, version: str, identities: int, pictures: int, passes: int, threads: int
) -> None:
    """Prepare, render, extract, fit, measure on the other rig, write the card.

    Raises
    ------
    subprocess.CalledProcessError
        A step failed; it has said why.
    """
    work.mkdir(parents=True, exist_ok=True)
    world, package = work / "world", work / "package"
    if not all((world / f"{rig}.npz").exists() for rig in RIGS):
        _module("analysis.training.world", "prepare", sources, "--out", world)
    for rig, folder, first, end, each in _sets(work, identities, pictures):
        _module(
            "analysis.training.world", "render", world, "--rig", rig, "--identities", str(first), str(end),
            "--pictures", str(each), "--size", "320", "--out", folder,
        )  # fmt: skip
        if not folder.with_suffix(".npz").exists():
            _module("analysis.training.scorer", "extract", folder, "--out", folder.with_suffix(".npz"))
    train = {rig: work / f"train_{rig}.npz" for rig in RIGS}
    held = {rig: work / f"held_{rig}.npz" for rig in RIGS}
    common = ("--passes", str(passes), "--threads", str(threads))
    _module(
        "analysis.training.scorer", "fit", *train.values(), "--holdout", *held.values(), "--version", version,
        "--out", package, *common,
    )  # fmt: skip
    crossed = work / "cross.json"
    for own, other in (RIGS, RIGS[::-1]):
        _module("analysis.training.scorer", "cross", train[own], "--on", held[other], "--name", f"{own} → {other}",
                "--out", crossed, *common)  # fmt: skip
    _module("analysis.training.scorer", "card", package, "--cross", crossed, "--out", work / "au-nets.md")


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m analysis.training", description=__doc__)
    parser.add_argument(
        "sources", type=Path, help="folder of the rigs' files (analysis/training/world/sources.py)"
    )
    parser.add_argument("work", type=Path, help="folder for everything that is made")
    parser.add_argument("--version", required=True, help="of the scorer, such as 1.1.0")
    parser.add_argument("--identities", type=int, default=600, help="of each rig (600)")
    parser.add_argument("--pictures", type=int, default=15, help="of each identity (15)")
    parser.add_argument("--passes", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    run(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
