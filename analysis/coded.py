"""What one coder coded of one recording, as plain values: the currency of agreement, exchange and learning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from analysis.facs.codes import CATALOGUE
from analysis.facs.notation import LETTERS

#: Both sides, the subject's left or right, one side that is not said (prefix U), none for codes without sides.
SIDES: Final = ("both", "left", "right", "unilateral", "")
#: FACS prefix of a side.
PREFIXES: Final = {"both": "", "left": "L", "right": "R", "unilateral": "U", "": ""}


@dataclass(frozen=True, slots=True)
class CodedEvent:
    """One event as a coder (or the machine) coded it.

    Attributes
    ----------
    code : str
        Key of the catalogue, such as ``12`` or ``M55``.
    side : str
        One of `SIDES`; empty for codes without sides. Left and right are the subject's.
    intensity : str
        ``A``–``E``; empty where none is scored.
    onset_us, apex_us, offset_us : int
        Media time in microseconds, in this order.
    rejected : bool
        The machine proposed it and the coder deleted it: the code was not there then.
    face : int
        Number of the face in the run, from 0.
    note : str
        Free words.
    confidence : float or None
        The machine's, 0–1; None where a person wrote the event.

    Raises
    ------
    ValueError
        A value that is not one of these; the message says which.
    """

    code: str
    side: str
    intensity: str
    onset_us: int
    apex_us: int
    offset_us: int
    rejected: bool = False
    face: int = 0
    note: str = ""
    confidence: float | None = None

    def __post_init__(self) -> None:
        if self.code not in CATALOGUE:
            raise ValueError(f"there is no code {self.code!r}")
        if self.side not in SIDES:
            raise ValueError(f"there is no side {self.side!r}")
        if self.intensity and (len(self.intensity) != 1 or self.intensity not in LETTERS):
            raise ValueError(f"{self.intensity!r} is not an intensity A–E")
        if not 0 <= self.onset_us <= self.apex_us <= self.offset_us:
            raise ValueError(f"code {self.code}: onset, apex and offset are not in order")

    def __str__(self) -> str:
        return f"{PREFIXES[self.side]}{self.code}{self.intensity}"


@dataclass(frozen=True, slots=True)
class CodedLayer:
    """One layer of one recording.

    Attributes
    ----------
    coder : str
        Who coded, as figures and files may call them.
    events : tuple of CodedEvent
        Events that stand, by onset.
    spans : tuple of (int, int)
        Stretches of the recording that were coded, microseconds, ascending and disjoint, each from its first up to
        but not including its last microsecond. Outside of them nothing is known, not even that a code was absent.
    participant, recording : str
        Pseudonymous names; agreement is resampled over participants.

    Raises
    ------
    ValueError
        Spans that are empty, overlap or are not in order.
    """

    coder: str
    events: tuple[CodedEvent, ...]
    spans: tuple[tuple[int, int], ...]
    participant: str = ""
    recording: str = ""

    def __post_init__(self) -> None:
        if any(not 0 <= start < end for start, end in self.spans):
            raise ValueError("a coded stretch ends after it begins, and does not begin before 0")
        if any(first[1] > second[0] for first, second in pairwise(self.spans)):
            raise ValueError("coded stretches overlap or are not in order")

    @property
    def codes(self) -> frozenset[str]:
        """Codes with an event that stands."""
        return frozenset(event.code for event in self.events if not event.rejected)


def clipped(events: Iterable[CodedEvent], spans: Iterable[tuple[int, int]]) -> tuple[CodedEvent, ...]:
    """Events that lie in the stretches at least in part, unchanged, by onset and then code.

    An event without length counts where its moment lies in a stretch.
    """
    stretches = tuple(spans)
    kept = (
        event
        for event in events
        if any(
            event.onset_us < end and max(event.offset_us, event.onset_us + 1) > start for start, end in stretches
        )
    )
    return tuple(sorted(kept, key=lambda event: (event.onset_us, CATALOGUE[event.code].order, event.side)))
