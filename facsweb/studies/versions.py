"""What differs between two versions of a text."""

from __future__ import annotations

import difflib
import re
from typing import Literal, NamedTuple


class Piece(NamedTuple):
    """A stretch of text that both versions have, or only one."""

    kind: Literal["same", "added", "removed"]
    text: str


def difference(old: str, new: str) -> list[Piece]:
    """The new text as pieces, word by word, with what was removed in its place.

    Joining the same and added pieces gives ``new``, joining the same and removed pieces gives ``old``.
    """
    before, after = (re.findall(r"\s+|[^\s]+", text) for text in (old, new))
    pieces: list[Piece] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(before[i:j])))
            continue
        if i < j:
            pieces.append(Piece("removed", "".join(before[i:j])))
        if k < m:
            pieces.append(Piece("added", "".join(after[k:m])))
    return pieces
