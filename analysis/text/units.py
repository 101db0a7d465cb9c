"""What a transcript or document consists of: units of wording, with times where the file has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_UNITS: Final = 20_000
MAX_CHARACTERS: Final = 2_000_000
"""Of one document: an hour of speech has some 55,000, so this is over a day. A choice of ours, like all limits."""


@dataclass(frozen=True)
class Unit:
    """A sentence, or what stands for one.

    Attributes
    ----------
    start_us, end_us : int or None
        Media time in microseconds; both or neither.
    speaker : str
        As the file names them; empty when it does not.
    text : str
        Not empty, white space single.
    """

    start_us: int | None
    end_us: int | None
    speaker: str
    text: str

    def __post_init__(self) -> None:
        if (self.start_us is None) != (self.end_us is None):
            raise ValueError("a unit has both times or none")
        if self.start_us is not None and self.end_us is not None and not 0 <= self.start_us <= self.end_us:
            raise ValueError("a unit's times ascend from zero")
        if not self.text.strip():
            raise ValueError("a unit has words")


@dataclass(frozen=True)
class Transcript:
    """A file's units in the order of their times, or of the file where it has none.

    Attributes
    ----------
    kind : str
        ``vtt``, ``srt``, ``txt``, ``docx``, ``pdf``, ``typed`` or ``speech``.
    units : tuple of Unit
    warnings : tuple of str
        Sentences for the reader: what was left out or guessed.
    """

    kind: str
    units: tuple[Unit, ...]
    warnings: tuple[str, ...] = ()

    @property
    def timed(self) -> bool:
        """Whether the units have times."""
        return bool(self.units) and all(unit.start_us is not None for unit in self.units)


@dataclass(frozen=True)
class Piece:
    """A stretch of wording before it is cut into sentences: a cue, a line, a paragraph."""

    start_us: int | None
    end_us: int | None
    speaker: str
    text: str
