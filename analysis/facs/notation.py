"""FACS notation: ``1+L2+12B`` to and from values, and the letters A–E to and from 0–5.

A scored unit is an optional prefix, a code and an optional intensity letter. Prefixes: U, L, R unilateral
(U: the side is not said); T, B top or bottom lip; A asymmetric; V–Z and G–K graded dominance of the left or
the right side; M movement. Sides are the subject's. Suffixes: A trace, B slight, C marked or pronounced,
D severe or extreme, E maximum. Source: the scoring conventions of FACS (Ekman, Friesen & Hager 2002).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from analysis.facs.codes import CATALOGUE

LETTERS: Final = "ABCDE"
LETTER_NAMES: Final = {
    "A": "trace",
    "B": "slight",
    "C": "marked or pronounced",
    "D": "severe or extreme",
    "E": "maximum",
}
PREFIXES: Final = "ULRTBAVWXYZGHIJKM"
_UNILATERAL: Final = "ULR"
_PAIRABLE: Final = (frozenset("LR"), frozenset("TB"))
_TOKEN: Final = re.compile(r"(?P<prefix>[A-Z]*)(?P<number>\d+)(?P<suffix>[A-Z]*)")


class NotationError(ValueError):
    """The text is not FACS notation; the message says which part and why."""


@dataclass(frozen=True, slots=True)
class ScoredUnit:
    """One code as scored.

    Attributes
    ----------
    code : str
        Key of the catalogue, for example ``"12"`` or ``"M55"``.
    prefix : str
        One letter of `PREFIXES`, or empty.
    intensity : str
        A–E, or empty where none was given.
    """

    code: str
    prefix: str = ""
    intensity: str = ""

    def __post_init__(self) -> None:
        entry = CATALOGUE.get(self.code)
        if entry is None:
            raise NotationError(f"{self.code!r} is not a FACS code.")
        if self.prefix and (len(self.prefix) != 1 or self.prefix not in PREFIXES):
            raise NotationError(f"{self.prefix!r} before {self.code} is not a FACS prefix.")
        if self.prefix and self.code.startswith("M"):
            raise NotationError(f"{self.code} is a movement code already and takes no prefix.")
        if self.prefix == "M" and (entry.group not in {"head", "eyes"}):
            raise NotationError(f"M (movement) does not go with {self.code}, only with head and eye codes.")
        if self.prefix and self.prefix in _UNILATERAL and not entry.sided:
            raise NotationError(
                f"{self.code} ({entry.name.lower()}) has no side, so {self.prefix} cannot go with it."
            )
        if self.intensity and (len(self.intensity) != 1 or self.intensity not in LETTERS):
            raise NotationError(f"{self.intensity!r} after {self.code} is not an intensity; use one of A to E.")
        if self.intensity and not entry.has_intensity:
            raise NotationError(f"{self.code} ({entry.name.lower()}) is scored without an intensity.")

    @property
    def side(self) -> str:
        """``left``, ``right``, ``unilateral`` (U), ``both`` (a sided code without L, R or U) or empty."""
        if self.prefix and self.prefix in _UNILATERAL:
            return {"L": "left", "R": "right", "U": "unilateral"}[self.prefix]
        return "both" if CATALOGUE[self.code].sided else ""

    def __str__(self) -> str:
        return f"{self.prefix}{self.code}{self.intensity}"


def _unit(token: str) -> ScoredUnit:
    match = _TOKEN.fullmatch(token.upper().removeprefix("AU").strip())
    if match is None:
        raise NotationError(
            f"{token!r} is not a code; write a number with an optional letter before and after, like L12B."
        )
    prefix, number, suffix = match["prefix"], match["number"].lstrip("0"), match["suffix"]
    if prefix == "M" and f"M{number}" in CATALOGUE:
        prefix, number = "", f"M{number}"
    return ScoredUnit(number, prefix, suffix)


def check(units: Iterable[ScoredUnit]) -> tuple[ScoredUnit, ...]:
    """Raise `NotationError` for a code scored twice or for two codes that exclude each other.

    The two sides (L and R) and the two lips (T and B) may be scored separately; opposite sides never exclude
    each other.
    """
    seen: list[ScoredUnit] = []
    for unit in units:
        for other in seen:
            apart = frozenset((unit.prefix, other.prefix)) in _PAIRABLE
            if unit.code == other.code and not apart:
                raise NotationError(f"{unit.code} is scored twice ({other} and {unit}).")
            if unit.code in CATALOGUE[other.code].exclusive_with and not apart:
                raise NotationError(f"{other.code} and {unit.code} exclude each other.")
        seen.append(unit)
    return tuple(seen)


def parse(text: str) -> tuple[ScoredUnit, ...]:
    """Read a combination such as ``1+L2+12B``.

    Parameters
    ----------
    text : str
        Units joined by ``+``; blanks and an ``AU`` before a number are allowed, small letters too.

    Returns
    -------
    tuple of ScoredUnit
        In the order written; empty for empty text.

    Raises
    ------
    NotationError
        Unknown code, impossible prefix or letter, a code twice, or an exclusive pair.
    """
    if not text.strip():
        return ()
    return check(_unit(token.strip()) for token in text.split("+"))


def _numeric(unit: ScoredUnit) -> tuple[int, bool, str]:
    return int(unit.code.removeprefix("M")), unit.code.startswith("M"), unit.prefix


def format_codes(units: Iterable[ScoredUnit]) -> str:
    """Write units as FACS notation in ascending order of the code; raises `NotationError` as `parse` does."""
    return "+".join(str(unit) for unit in sorted(check(units), key=_numeric))


def letter(value: float) -> str:
    """Intensity letter of a value 0–5: the ceiling (0–1 A, above 1 to 2 B … above 4 E); empty for 0 and NaN.

    The cuts at whole numbers are this project's convention; a FACS coder decides by the criteria of each AU.
    """
    if not value > 0:
        return ""
    return LETTERS[min(math.ceil(value), 5) - 1]


def value(intensity: str) -> float:
    """Upper end, 1–5, of the interval that a letter stands for; 0 for the empty string.

    Raises
    ------
    NotationError
        Not one of A–E.
    """
    if intensity == "":
        return 0.0
    if len(intensity) != 1 or intensity not in LETTERS:
        raise NotationError(f"{intensity!r} is not an intensity; use one of A to E.")
    return float(LETTERS.index(intensity) + 1)
