"""The card of every code: where it shows, what one sees, what it is confused with, what grows from A to E.

The words are data (``cards.toml`` beside this module) and our own; the FACS manual decides.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from analysis.facs.codes import CATALOGUE

#: Parts of the drawing that a card can mark.
PLACES: Final = ("forehead", "brows", "eyes", "nose", "cheeks", "mouth", "chin", "neck", "head")


class Sight(NamedTuple):
    """Where something changes, and how."""

    place: str
    change: str


class Alike(NamedTuple):
    """A code that this one is confused with, and how to tell them apart."""

    code: str
    difference: str


class Growth(NamedTuple):
    """What grows with the intensity, and how A, C and E look; B and D lie between."""

    what: str
    trace: str
    clear: str
    most: str


class Source(NamedTuple):
    """What the cards rest on, and for what."""

    title: str
    gives: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a coder looks up about one code.

    Attributes
    ----------
    code : str
        As in the catalogue.
    where : tuple of str
        Of `PLACES`.
    see : tuple of Sight
        At least one.
    alike : tuple of Alike
        At least one; codes of the catalogue.
    growth : Growth or None
        None for codes that are not graded.
    still : str
        What a single picture cannot tell; empty where it tells all.
    """

    code: str
    where: tuple[str, ...]
    see: tuple[Sight, ...]
    alike: tuple[Alike, ...]
    growth: Growth | None
    still: str


def _card(row: Mapping[str, Any]) -> Card:
    graded = CATALOGUE[row["code"]].has_intensity
    if graded != ("grows" in row):
        raise ValueError(f"card {row['code']}: what grows belongs to graded codes, and to all of them")
    card = Card(
        code=row["code"],
        where=tuple(row["where"]),
        see=tuple(Sight(*pair) for pair in row["see"]),
        alike=tuple(Alike(*pair) for pair in row["alike"]),
        growth=Growth(row["grows"], row["trace"], row["clear"], row["most"]) if graded else None,
        still=row.get("still", ""),
    )
    if unknown := {*card.where} - {*PLACES}:
        raise ValueError(f"card {card.code}: unknown places {sorted(unknown)}")
    if unknown := {other.code for other in card.alike} - CATALOGUE.keys():
        raise ValueError(f"card {card.code}: unknown codes {sorted(unknown)}")
    return card


def _load() -> tuple[Mapping[str, Card], Mapping[str, Any]]:
    stored = tomllib.loads(Path(__file__).with_name("cards.toml").read_text(encoding="utf-8"))
    cards = {row["code"]: _card(row) for row in stored["card"]}
    return MappingProxyType({code: cards[code] for code in CATALOGUE if code in cards}), stored


_LOADED: Final = _load()
#: The card of every code of the catalogue, in its order.
CARDS: Final[Mapping[str, Card]] = _LOADED[0]
#: Whose word counts, and what the letters mean.
MANUAL: Final[str] = _LOADED[1]["manual"]
SCALE: Final[str] = _LOADED[1]["scale"]
SOURCES: Final[tuple[Source, ...]] = tuple(Source(row["title"], row["gives"]) for row in _LOADED[1]["source"])
