"""``python -m analysis.training SOURCES WORK``: from the rigs' files to a scorer and its card, in one command.

Everything made on the way stays in WORK; started again, it goes on with what is missing. Needs the optional group
``training`` and, for some thousand pictures a rig, hours of a processor.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from analysis.training.world.rigs import RIGS, held_out
from analysis.training.world.types import RigName

#: Training identities start here; the held-out ones are far above (``world/holdout.json``).
_FIRST: Final = 1000


@dataclass(frozen=True)
class Size:
    """How much is made and fitted.

    Attributes
    ----------
    identities, pictures : int
        Training identities of each rig, and pictures of each.
    held, held_pictures : int
        Likewise of the held-out identities.
    side : int
        Of a picture, pixels.
    passes : int
        Over all training pictures.
    """

    identities: int = 600
    pictures: int = 15
    held: int = 60
    held_pictures: int = 10
    side: int = 320
    passes: int = 16


_SIZES: Final = {
    "identities": "training identities of each rig",
    "pictures": "of each of them",
    "held": "held-out identities of each rig",
    "held_pictures": "of each of them",
    "side": "of a picture, pixels",
    "passes": "over all training pictures",
}


def _module(name: str, *arguments: str | Path) -> None:
    """Run a module of this project in a process of its own; its failure ends the command."""
    subprocess.run([sys.executable, "-m", name, *map(str, arguments)], check=True)


def _shard(work: Path, kind: str, rig: RigName, size: Size) -> tuple[Path, Path]:
    """Folder of a set's pictures and its shard, which is of so many pictures and no other."""
    number, each = (size.identities, size.pictures) if kind == "train" else (size.held, size.held_pictures)
    return work / f"{kind}_{rig}", work / f"{kind}_{rig}_{number}x{each}.npz"


def _measured(work: Path, kind: str, rig: RigName, size: Size) -> Path:
    """Render and measure one set; its shard."""
    seeds = range(_FIRST, _FIRST + size.identities) if kind == "train" else held_out(rig)[: size.held]
    folder, shard = _shard(work, kind, rig, size)
    _module(
        "analysis.training.world", "render", work / "world", "--rig", rig,
        "--identities", str(seeds[0]), str(seeds[-1] + 1),
        "--pictures", str(size.pictures if kind == "train" else size.held_pictures),
        "--size", str(size.side), "--out", folder,
    )  # fmt: skip
    if not shard.exists():
        _module("analysis.training.scorer", "extract", folder, "--out", shard)
    return shard


def run(sources: Path, work: Path, *, version: str, size: Size, threads: int = 1) -> None:
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
    train = {rig: _measured(work, "train", rig, size) for rig in RIGS}
    held = {rig: _measured(work, "held", rig, size) for rig in RIGS}
    common = ("--passes", str(size.passes), "--threads", str(threads))
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
    parser.add_argument("--threads", type=int, default=1)
    whole = Size()
    for name, what in _SIZES.items():
        default = getattr(whole, name)
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default, help=f"{what} ({default})")
    given = vars(parser.parse_args())
    size = Size(**{name: given.pop(name) for name in _SIZES})
    try:
        run(**given, size=size)
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)  # the step has said why


if __name__ == "__main__":
    main()
