"""The catalogue of combinations, as data (``combinations.toml`` beside this module), and what is done with them.

A combination is a configuration of Action Units that a source ties to an emotion, a kind of smile or something
else. That it stands says what a face does. docs/combinations.md explains fields, grades, strength, confidence.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Final

from analysis.facs.combination_describing import Found
from analysis.facs.combination_files import COMBINATION_COLUMNS, read_combinations, write_combinations
from analysis.facs.combination_finding import find
from analysis.facs.combination_model import (
    CHECKS,
    GRADES,
    GROUPS,
    KINDS,
    MICRO,
    Combination,
    CombinationError,
    Source,
    Unit,
    Variant,
)
from analysis.facs.combination_presence import membership
from analysis.facs.combination_reading import parse, parse_all, read_sources

__all__ = [
    "CHECKS",
    "COMBINATION_COLUMNS",
    "GRADES",
    "GROUPS",
    "KINDS",
    "MICRO",
    "Combination",
    "CombinationError",
    "Found",
    "Source",
    "Unit",
    "Variant",
    "catalogue",
    "find",
    "membership",
    "parse",
    "parse_all",
    "read_combinations",
    "sources",
    "write_combinations",
]

_FILE: Final = Path(__file__).with_name("combinations.toml")


@lru_cache(maxsize=1)
def sources() -> dict[str, Source]:
    """References of the catalogue by key.

    Raises
    ------
    CombinationError
        The file is damaged.
    """
    return read_sources(tomllib.loads(_FILE.read_text(encoding="utf-8"))["source"])


@lru_cache(maxsize=1)
def catalogue() -> tuple[Combination, ...]:
    """The combinations that come with the product, validated, in the file's order.

    Raises
    ------
    CombinationError
        The file is damaged: an entry without a source, an unknown code, a contradiction, an id that stands twice.
    """
    found = parse_all(_FILE.read_text(encoding="utf-8"), sources())
    ids = {one.id for one in found}
    for one in found:
        for other in one.yields_to:
            if other not in ids:
                raise CombinationError(f"combination {one.id!r}: yields_to: there is no combination {other!r}.")
    return found
