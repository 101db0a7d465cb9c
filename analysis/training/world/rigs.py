"""The rigs by name: building their files from the sources, loading them, and which identities are held out."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Final

from analysis.training.world import ict_build, makehuman_build
from analysis.training.world.ict import IctRig
from analysis.training.world.makehuman import MakeHumanRig
from analysis.training.world.types import Rig, RigName

RIGS: Final[tuple[RigName, ...]] = ("mh", "ict")


def prepare(sources: Path, world: Path, rig: RigName | None = None) -> list[Path]:
    """Build the rigs' files in the folder `world` from the folder of sources; `rig` None is both.

    Raises
    ------
    MissingSourcesError
        Something is missing in `sources`; the message lists it.
    """
    made = []
    for name in RIGS if rig is None else (rig,):
        path = world / f"{name}.npz"
        (makehuman_build if name == "mh" else ict_build).build(sources, path)
        made.append(path)
    return made


def load(world: Path, name: RigName) -> Rig:
    """Load a rig from the folder that `prepare` filled.

    Raises
    ------
    FileNotFoundError
        It was not prepared.
    """
    path = world / f"{name}.npz"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: run `python -m analysis.training.world prepare` first")
    return MakeHumanRig(path) if name == "mh" else IctRig(path)


@cache
def _held_out() -> dict[str, frozenset[int]]:
    stored = json.loads(Path(__file__).with_name("holdout.json").read_text(encoding="utf-8"))
    return {rig: frozenset(seeds) for rig, seeds in stored["seeds"].items()}


def held_out(rig: RigName) -> list[int]:
    """Seeds of the identities that no training ever sees, sorted."""
    return sorted(_held_out()[rig])


def is_held_out(rig: RigName, seed: int) -> bool:
    """Whether identity `seed` of `rig` is kept for measuring (``holdout.json``)."""
    return seed in _held_out()[rig]
