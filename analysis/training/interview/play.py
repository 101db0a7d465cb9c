"""Reads ``play.toml``: who says what when, what the face does meanwhile, and what is marked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from analysis.training.world.screenplay import Act

PLAY: Final = Path(__file__).with_name("play.toml")


@dataclass(frozen=True)
class Line:
    """Something said.

    Attributes
    ----------
    at_s : float
        Where it begins.
    voice : str
        Name of the synthesiser's voice.
    pitch, stretch : float
        Factors on the voice's own pitch and on the length of its sounds.
    level_db : float
        Against the other lines.
    """

    at_s: float
    who: str
    voice: str
    text: str
    pitch: float = 1.0
    stretch: float = 1.0
    level_db: float = 0.0


@dataclass(frozen=True)
class Marker:
    """A task, question or scene; seconds."""

    name: str
    kind: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Play:
    """The whole of it; `identity` and `seed` are the figure's and those of the room around it."""

    seconds: float
    rate: int
    size: int
    identity: int
    seed: int
    lines: tuple[Line, ...]
    acts: tuple[Act, ...]
    markers: tuple[Marker, ...]

    def __post_init__(self) -> None:
        if any(later.at_s <= earlier.at_s for earlier, later in zip(self.lines, self.lines[1:], strict=False)):
            raise ValueError("lines follow one another")


def read(path: Path = PLAY) -> Play:
    """Read a play.

    Raises
    ------
    KeyError, TypeError, ValueError
        The file is not as ``play.toml`` is.
    """
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    voices = told["voices"]
    return Play(
        seconds=told["seconds"],
        rate=told["rate"],
        size=told["size"],
        identity=told["figure"]["identity"],
        seed=told["figure"]["seed"],
        lines=tuple(Line(at_s=one.pop("at"), voice=voices[one["who"]], **one) for one in map(dict, told["line"])),
        acts=tuple(_act(one) for one in told["act"]),
        markers=tuple(Marker(one["name"], one["kind"], *one["times"]) for one in told["marker"]),
    )


def _act(told: Mapping[str, Any]) -> Act:
    return Act({code: (strength, strength) for code, strength in told["units"].items()}, *told["times"])
