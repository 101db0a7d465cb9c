"""What counts as the same, and over what figures are resampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

#: FACS certification asks for this index at least (Ekman, Friesen & Hager 2002, Investigator's Guide).
CERTIFIED: Final = 0.70
#: From here on agreement is usually called reliable.
RELIABLE: Final = 0.80

Over = Literal["auto", "participants", "segments"]
MatchBy = Literal["overlap", "onset"]


@dataclass(frozen=True, slots=True)
class Options:
    """How two codings are compared.

    Attributes
    ----------
    codes : tuple of str, optional
        Codes that count. When not given, every code of which a coder has an event in the time that both coded.
        Give the codes that both were asked for, above all where one is the machine: it cannot propose every code.
    faces : tuple of int, optional
        Faces that count. When not given, every face of which a coder has an event.
    sides_apart : bool
        False: a code is there when any side of it is. True: the left and the right of sided codes have rows of
        their own; ``both`` is one event on each side. What a coder marked ``unilateral`` is then unknown on both
        sides: its frames and the other coder's events that overlap it are left out.
    match_by : {"overlap", "onset"}
        Two events of a code are the same when they overlap in time or the gap between them is at most
        ``tolerance_us``; or when their onsets are at most ``tolerance_us`` apart.
    tolerance_us : int
        Half a second is the widest window of Sayette et al. (2001).
    min_overlap : float
        Matched events must share at least this part of their union, 0–1 (EasyDIAg asks for 0.6). Above 0 it is
        asked for in addition.
    frame_us : int
        Step of the frame clock where no clock is given.
    over : {"auto", "participants", "segments"}
        What is drawn with replacement: participants where there are at least two, else segments of the recordings.
    segment_us : int
        Length of a segment. It should be longer than the events are.
    resamples : int
        0 leaves intervals out.
    level : float
        Of the intervals, 0–1.
    seed : int

    Raises
    ------
    ValueError
        A value is out of its range; the message says which.
    """

    codes: tuple[str, ...] | None = None
    faces: tuple[int, ...] | None = None
    sides_apart: bool = False
    match_by: MatchBy = "overlap"
    tolerance_us: int = 500_000
    min_overlap: float = 0.0
    frame_us: int = 40_000
    over: Over = "auto"
    segment_us: int = 10_000_000
    resamples: int = 1000
    level: float = 0.95
    seed: int = 1

    def __post_init__(self) -> None:
        if self.tolerance_us < 0 or self.frame_us <= 0 or self.segment_us <= 0:
            raise ValueError("tolerance, frame step and segment length cannot be negative; the last two not 0")
        if not 0 <= self.min_overlap <= 1 or not 0 < self.level < 1 or self.resamples < 0:
            raise ValueError("overlap and level lie between 0 and 1, and there is no negative number of resamples")
