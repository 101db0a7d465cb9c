"""The cohorts that a new installation starts with, from ``cohorts.toml`` beside this module."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).with_name("cohorts.toml")
_ID: Final = re.compile(r"[a-z]{2}(-[a-z0-9]+)+")


@dataclass(frozen=True, slots=True)
class StarterCohort:
    """One cohort as it ships.

    Attributes
    ----------
    id : str
        Country and language in small letters, such as ``de-tr``; stays when the words change.
    country : str
        ISO 3166-1 alpha-2.
    country_name, language, name, description : str

    Raises
    ------
    ValueError
        An id that is none, or one that names another country, or empty words.
    """

    id: str
    country: str
    country_name: str
    language: str
    name: str
    description: str

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id) or self.id[:2].upper() != self.country:
            raise ValueError(f"{self.id!r} is no id of a cohort in {self.country}")
        if not all((self.country_name, self.language, self.name, self.description)):
            raise ValueError(f"{self.id}: country, language, name and description have to be told")


@lru_cache(maxsize=1)
def starter_cohorts() -> tuple[StarterCohort, ...]:
    """All of them, in the file's order.

    Raises
    ------
    ValueError
        The file says something impossible, or an id twice.
    """
    told = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    made = tuple(StarterCohort(**entry) for entry in told["cohort"])
    if len({one.id for one in made}) != len(made):
        raise ValueError(f"{_FILE.name}: an id is there twice")
    return made


@lru_cache(maxsize=1)
def membership() -> str:
    """How somebody comes to be in a cohort, as pages say it."""
    told: str = tomllib.loads(_FILE.read_text(encoding="utf-8"))["membership"]
    return told
