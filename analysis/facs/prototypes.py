"""Which Action Units belong to the prototype of an emotion: a list to choose rows by, nothing is inferred.

It is drawn from the catalogue of combinations (`combinations.toml`): its entries of the Investigator's Guide.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from analysis.facs.combinations import catalogue

_SOURCE: Final = "guide"
_WORDS: Final = "AUs of the prototypes: FACS Investigator’s Guide (Ekman, Friesen & Hager 2002)"


@dataclass(frozen=True, slots=True)
class Prototype:
    """One emotion's entry.

    Attributes
    ----------
    name : str
        Of the emotion, as the source calls it.
    codes : tuple of str
        Every code of its prototypes and their major variants, ascending; all are in the catalogue.
    formulas : tuple of str
        The prototypes: ``[ ]`` marks what may be there or not, ``/`` alternatives.
    """

    name: str
    codes: tuple[str, ...]
    formulas: tuple[str, ...]


@lru_cache(maxsize=1)
def prototypes() -> tuple[str, tuple[Prototype, ...]]:
    """Where the list is from, in words, and its entries."""
    return _WORDS, tuple(
        Prototype(
            entry.group,
            tuple(sorted(entry.codes, key=int)),
            tuple(dict.fromkeys(variant.formula for variant in entry.variants if variant.rank == "prototype")),
        )
        for entry in catalogue()
        if [source.key for source in entry.citation] == [_SOURCE]
    )
