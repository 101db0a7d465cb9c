"""Cuts text into the word pieces of the model's vocabulary, in plain Python.

Lower-cased, accents stripped, Chinese characters and punctuation apart, then greedily the longest piece that the
vocabulary holds (Wu et al. 2016, arXiv:1609.08144; Devlin et al. 2019, arXiv:1810.04805). A few dozen lines take
the place of a library, and of onnxruntime-extensions' operator, which ends a text at a NUL and leaves Hangul and
combined Indic and Thai marks together, so that its ids differ from those the encoder was trained on.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

_LONGEST_WORD: Final = 100
_CHINESE: Final = (
    range(0x4E00, 0xA000),
    range(0x3400, 0x4DC0),
    range(0x20000, 0x2A6E0),
    range(0x2A700, 0x2B740),
    range(0x2B740, 0x2B820),
    range(0x2B820, 0x2CEB0),
    range(0xF900, 0xFB00),
    range(0x2F800, 0x2FA20),
)

MAX_TOKENS: Final = 128
"""Pieces read of a text, start and end among them; what follows is not read."""


class WordPieces:
    """Text to ids of a vocabulary.

    Parameters
    ----------
    vocabulary : sequence of str
        Pieces in the order of their ids; must hold ``[UNK]``, ``[CLS]`` and ``[SEP]``.
    """

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._ids = {piece: number for number, piece in enumerate(vocabulary)}
        # Talk repeats its words: looking each up once spares a quarter of the time here.
        self._known = lru_cache(maxsize=20_000)(self._pieces)
        self.unknown, self.start, self.end = (self._ids[piece] for piece in ("[UNK]", "[CLS]", "[SEP]"))

    def encode(self, text: str, most: int) -> list[int]:
        """Ids with the start and end piece, at most ``most`` of them."""
        ids: list[int] = []
        for word in _words(text):
            ids += self._known(word)
            if len(ids) >= most - 2:
                break
        return [self.start, *ids[: most - 2], self.end]

    def _pieces(self, word: str) -> list[int]:
        if len(word) > _LONGEST_WORD:
            return [self.unknown]
        ids: list[int] = []
        at = 0
        while at < len(word):
            for end in range(len(word), at, -1):
                found = self._ids.get(word[at:end] if at == 0 else f"##{word[at:end]}")
                if found is not None:
                    break
            else:
                return [self.unknown]
            ids.append(found)
            at = end
        return ids


def _words(text: str) -> Iterator[str]:
    cleaned = "".join(_spaced(character) for character in text)
    stripped = (c for c in unicodedata.normalize("NFD", cleaned) if unicodedata.category(c) != "Mn")
    plain = "".join(c.lower() for c in stripped)  # one by one: a word's last Greek sigma is no other letter here
    word = ""
    for character in plain:
        if character.isspace() or _is_punctuation(character):
            if word:
                yield word
            word = ""
            if not character.isspace():
                yield character
        else:
            word += character
    if word:
        yield word


def _spaced(character: str) -> str:
    point = ord(character)
    if character in "\t\n\r" or unicodedata.category(character) == "Zs":
        return " "
    if point in (0, 0xFFFD) or unicodedata.category(character).startswith("C"):
        return ""
    return f" {character} " if any(point in block for block in _CHINESE) else character


def _is_punctuation(character: str) -> bool:
    point = ord(character)
    if 33 <= point <= 47 or 58 <= point <= 64 or 91 <= point <= 96 or 123 <= point <= 126:
        return True
    return unicodedata.category(character).startswith("P")
