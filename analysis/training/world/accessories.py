"""What a person wears and what is in front of the face, drawn for an identity and for a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from numpy.random import Generator

from analysis.training.world import glasses, hair, things
from analysis.training.world.hands import Hand
from analysis.training.world.shot import Prop
from analysis.training.world.types import Appearance, Float32, Identity, Rig

#: What may be in front of a face and how often, among the pictures that have something there.
THINGS: Final[dict[str, float]] = {
    "hand-mouth": 0.14,
    "hand-chin": 0.12,
    "hand-cheek": 0.12,
    "hand-eye": 0.10,
    "hand-brow": 0.08,
    "hand-nose": 0.08,
    "cup": 0.10,
    "microphone": 0.10,
    "telephone": 0.08,
    "mask": 0.08,
}


@dataclass(frozen=True)
class Outfit:
    """What an identity wears in all of a run's pictures: names for the table and props in the head's frame."""

    glasses: str
    hair: str
    props: tuple[Prop, ...]


@dataclass(frozen=True)
class Thing:
    """What is in front of the face in one picture; `name` is ``none`` or one of `THINGS`."""

    name: str
    props: tuple[Prop, ...]


class Wardrobe:
    """All there is to wear and to hold for a rig; hands only where the world has them."""

    def __init__(self, rig: Rig, world: Path) -> None:
        self._surface = rig.surface
        self._hand = Hand.load(world)

    @property
    def names(self) -> list[str]:
        """Things that can be drawn."""
        return [name for name in THINGS if self._hand is not None or not name.startswith("hand")]

    def dress(self, rng: Generator, identity: Identity, neutral: Float32, with_glasses: bool) -> Outfit:
        """Dress an identity whose neutral face is `neutral` (V, 3)."""
        look = identity.appearance
        props: tuple[Prop, ...] = ()
        style, kind = "cropped", "none"
        if not look.cropped:
            style = hair.choose(rng, look.sex)
            props = (hair.grow(rng, self._surface, neutral, style, look.hair),)
        if with_glasses:
            kind, worn = glasses.fit(rng, self._surface, neutral)
            props += worn
        return Outfit(kind, style, props)

    def thing(self, rng: Generator, vertices: Float32, appearance: Appearance, name: str | None = None) -> Thing:
        """Draw what is in front of a posed face (V, 3); `name` fixes what.

        Raises
        ------
        ValueError
            There is no such thing, or it needs a hand and there is none.
        """
        if name is None:
            weight = [THINGS[one] for one in self.names]
            name = str(rng.choice(self.names, p=[w / sum(weight) for w in weight]))
        if name not in self.names:
            raise ValueError(f"nothing called {name!r} here")
        face = things.Face.of(self._surface, vertices, appearance)
        if name.startswith("hand-"):
            assert self._hand is not None
            props = things.hand(rng, face, self._hand, name.removeprefix("hand-"))
        elif name == "mask":
            props = things.mask(rng, face)
        else:
            make = {"cup": things.cup, "microphone": things.microphone, "telephone": things.telephone}[name]
            props = make(rng, face, self._hand)
        return Thing(name, props)
