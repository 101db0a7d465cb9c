"""Which Action Units belong to the prototype of an emotion: a list to look things up in, nothing is inferred."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from analysis.facs.codes import CATALOGUE

_FILE: Final = Path(__file__).with_name("prototypes.toml")


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
    """Where the list is from, in words, and its entries.

    Raises
    ------
    ValueError
        The file names a code that the catalogue does not know.
    """
    told = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    found = tuple(
        Prototype(entry["name"], tuple(entry["codes"]), tuple(entry["formulas"])) for entry in told["prototype"]
    )
    unknown = {code for prototype in found for code in prototype.codes} - set(CATALOGUE)
    if unknown:
        raise ValueError(f"{_FILE.name} names codes that are not in the catalogue: {', '.join(sorted(unknown))}")
    return told["source"], found
