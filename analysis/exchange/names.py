"""What other programs call codes, sides and intensities: ``AU 12``, ``Lip Corner Puller``, ``L12C``, ``C``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from analysis.exchange.gathering import side_of
from analysis.facs.codes import ACTION_UNITS, CATALOGUE
from analysis.facs.notation import LETTERS

#: Tiers of this name hold FACS notation for whatever happens at a time.
_NOTATION_TIERS: Final = {
    "facs",
    "facscodes",
    "facscode",
    "facscoding",
    "au",
    "aus",
    "actionunit",
    "actionunits",
    "codes",
}
_NUMBERED: Final = re.compile(
    r"(?:action\s*unit|action\s*descriptor|au|ad|em|facs)?[\s_\-:.#]*"
    r"(?P<prefix>[lru](?=\d))?(?P<code>m?0*\d{1,3})(?P<suffix>[lr])?(?:[\s_\-:.]+(?P<rest>.*))?",
    re.IGNORECASE,
)
_ENDING: Final = re.compile(
    r"(?P<base>.*?)(?:\s+face\s+(?P<face>\d{1,4}))?(?:\s+\((?P<lane>\d{1,4})\))?", re.IGNORECASE
)
_UNIT: Final = re.compile(
    r"(?:AU|AD)?\s*(?P<prefix>[ULRTBAVWXYZGHIJK]?)\s*(?P<code>M?0*\d+)\s*(?P<letter>[A-E]?)", re.IGNORECASE
)
_SIDE_PREFIX: Final = {"": "", "L": "left", "R": "right", "U": "unilateral"}


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


#: Code 50 is left out: a tier called “speech” is somebody's transcript.
_BY_NAME: Final = {_plain(code.name): code.code for code in CATALOGUE.values() if code.code != "50"}


@dataclass(frozen=True, slots=True)
class Named:
    """What a tier or column is called after: a code, perhaps a side, and a face (from 0; None: not said)."""

    code: str
    side: str = ""
    face: int | None = None


def tier_name(code: str, face: int, lane: int) -> str:
    """``AU12``, ``51 Head turn left``; with the face as pages count it, from 1, and the number of the lane.

    Parameters
    ----------
    code : str
    face : int
        From 0; the first is not named.
    lane : int
        From 0; the first is not named.
    """
    base = f"AU{code}" if code in ACTION_UNITS else f"{code} {CATALOGUE[code].name}"
    return f"{base}{f' face {face + 1}' if face else ''}{f' ({lane + 1})' if lane else ''}"


def _number(text: str) -> str:
    upper = text.upper()
    moved = "M" if upper.startswith("M") else ""
    return f"{moved}{upper.removeprefix('M').lstrip('0')}"


def code_of(text: str) -> Named | None:
    """The code that a name means, with a side where the name has one; None where it means none.

    ``12``, ``AU12``, ``AU 12``, ``au_12_l``, ``L12``, ``AU12 left``, ``12 Lip corner puller``, or the
    name alone.
    """
    ending = _ENDING.fullmatch(text.strip())
    assert ending is not None  # every part of the pattern may be missing
    base = ending["base"].strip()
    face = int(ending["face"]) - 1 if ending["face"] else None
    if by_name := _BY_NAME.get(_plain(base)):
        return Named(by_name, face=face)
    match = _NUMBERED.fullmatch(base)
    if match is None or (code := _number(match["code"])) not in CATALOGUE:
        return None
    side = side_of((match["prefix"] or match["suffix"] or "").strip())
    if rest := (match["rest"] or "").strip():
        if (said := side_of(rest)) is not None:
            side = said
        elif _plain(rest) != _plain(CATALOGUE[code].name):
            return None
    return Named(code, side or "", face)


def is_notation(tier: str) -> bool:
    """Whether a tier's name says that its values are FACS notation."""
    return _plain(tier) in _NOTATION_TIERS


@dataclass(frozen=True, slots=True)
class Scored:
    """One unit of an annotation's value; ``unsure`` says what had to be guessed or dropped."""

    code: str
    side: str = ""
    intensity: str = ""
    unsure: str = ""


def _short(token: str, code: str) -> Scored | None:
    """A value without a code: ``C``, ``L``, ``LC``, ``left C``, ``3``."""
    parts = re.fullmatch(r"(left|right|both|bilateral|unilateral|[LRU])?[\s,]*([A-E1-5])?", token, re.IGNORECASE)
    if parts is None or not token:
        return None
    side, letter = side_of(parts[1] or "") or "", (parts[2] or "").upper()
    if letter.isdigit():
        letter = LETTERS[int(letter) - 1]
        return Scored(code, side, letter, f"“{token}” was taken for the intensity {letter}")
    return Scored(code, side, letter)


def units_of(value: str, code: str = "") -> list[Scored] | None:
    """What an annotation says, on a tier of ``code`` or, where that is empty, of notation.

    Parameters
    ----------
    value : str
        ``12C``, ``L12``, ``C``, ``L``, ``1+2+12B``, or empty on a tier of a code.
    code : str

    Returns
    -------
    list of Scored or None
        None where the value is not understood.
    """
    text = value.strip()
    if not text:
        return [Scored(code)] if code else None
    found = [unit for token in text.split("+") if (unit := _scored(token.strip())) is not None]
    whole = len(found) == text.count("+") + 1
    if code and not (whole and any(unit.code == code for unit in found)):
        short = _short(text, code)  # a bare 4 on the tier of 12 is an intensity, on the tier of 4 the code
        if short is not None:
            return [short]
    return found if whole else None


def _scored(token: str) -> Scored | None:
    match = _UNIT.fullmatch(token)
    if match is None:
        return None
    prefix, number = match["prefix"].upper(), _number(match["code"])
    if number not in CATALOGUE:
        return None
    unsure = "" if prefix in _SIDE_PREFIX else f"{prefix} before {number} is not kept here"
    return Scored(number, _SIDE_PREFIX.get(prefix, ""), match["letter"].upper(), unsure)
