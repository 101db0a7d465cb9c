"""What is done to a text before it is cut into word pieces: the same in training and in use."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_QUOTES: Final = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "“": '"', "”": '"', "…": "..."})
_JOINERS: Final = frozenset({0x200D, 0xFE0E, 0xFE0F, 0x20E3})
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)
_GENDERS: Final = frozenset({0x2640, 0x2642})
_SPACES: Final = re.compile(r"\s+")
_RUNS: Final = re.compile(r"(.)\1{3,}", re.DOTALL)

MAX_CHARACTERS: Final = 2000
"""Longer units are cut: the model reads :data:`analysis.text.tokens.MAX_TOKENS` word pieces at most anyway."""


def prepare(text: str) -> str:
    """Make a text ready for the word-piece vocabulary, which knows no emoji and no typographic quotes.

    Emoji become their Unicode names, once per run of the same ("😂😂" is "face with tears of joy"), since the
    vocabulary would turn all of them into one unknown word; skin tones and gender signs are dropped. Curly quotes
    become straight, and a character standing more than three times in a row is written three times.

    Returns
    -------
    str
        At most :data:`MAX_CHARACTERS` characters of the input are read; white space is single.
    """
    parts: list[str] = []
    last = ""
    for character in text[:MAX_CHARACTERS].translate(_QUOTES):
        point = ord(character)
        if point in _JOINERS or point in _SKIN_TONES or point in _GENDERS:
            continue
        if point >= 0x2190 and unicodedata.category(character) == "So":
            if character != last:
                parts.append(f" {unicodedata.name(character, 'symbol').lower()} ")
        else:
            parts.append(character)
        last = character
    return _SPACES.sub(" ", _RUNS.sub(r"\1\1\1", "".join(parts))).strip()
