"""What travels between a coding and a file: what the file is about, what was read, and what was not understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np

from analysis.coded import CodedEvent
from analysis.facs.series import Int64
from analysis.types import AnalysisError

#: Largest file that is read; a coding of hours has a few hundred kilobytes, per-frame tables some megabytes.
MAX_BYTES: Final = 20_000_000
#: More events than anybody codes in one recording: such a file is something else.
MAX_EVENTS: Final = 50_000
#: Rows of an event table and elements of an XML file that are looked at; more would only fill the memory.
MAX_ROWS: Final = 200_000
MAX_ELEMENTS: Final = 600_000
#: Remarks that are kept word by word; what is beyond is counted.
MAX_REMARKS: Final = 10_000
#: In a mapping: the tier's values are FACS notation, such as ``1+2+12B``.
NOTATION: Final = "notation"
#: Units of time that a table may use.
UNITS: Final = ("s", "ms", "us", "frames")


class ExchangeError(AnalysisError):
    """The file is not what it claims or cannot be read; nothing was imported, and the message says why."""


def _no_times() -> Int64:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class About:
    """What a file says about the recording and the layer besides the events.

    Attributes
    ----------
    media : str
        File name of the video, as the importing program looks for it.
    duration_us : int
        Length of the recording; 0 where it is not known.
    frame_times : int64, shape (n,)
        Media time of every frame, ascending; empty where it is not known.
    title, layer : str
        Names of the recording and of the layer.
    when : str
        Date and time of the export, ISO 8601 with its offset; empty: now.
    """

    media: str = ""
    duration_us: int = 0
    frame_times: Int64 = field(default_factory=_no_times, compare=False)
    title: str = ""
    layer: str = ""
    when: str = ""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a per-frame column is an event.

    Attributes
    ----------
    enter : float or None
        Least value that starts an event: 0–5, or 0–1 where the columns are probabilities. None: 1 or 0.5.
    leave : float or None
        An event lasts while the value is at least this; None: the same as ``enter``.
    least_us : int
        Shorter events are left out, and counted.
    join_us : int
        Events nearer together than this become one.
    presence : bool
        Where a presence column stands beside the intensity (OpenFace ``AU12_c``), it alone decides.
    """

    enter: float | None = None
    leave: float | None = None
    least_us: int = 0
    join_us: int = 0
    presence: bool = True


@dataclass(frozen=True, slots=True)
class Options:
    """How to read a file.

    Attributes
    ----------
    mapping : mapping of str to str
        Tier, code or column as the file calls it → key of the catalogue, `NOTATION`, or empty to leave it out.
    fps : float or None
        Frames a second, for files that count frames.
    offset_us : int
        Added to every time.
    face : int or None
        Every event belongs to this face; None: as the file says, else face 0.
    unit : str
        One of `UNITS` for columns whose header does not say it; empty: guessed, and said.
    duration_us : int
        Length of the recording; what lies outside of it is cut or left out, and said. 0: not checked.
    thresholds : Thresholds
    """

    mapping: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    fps: float | None = None
    offset_us: int = 0
    face: int | None = None
    unit: str = ""
    duration_us: int = 0
    thresholds: Thresholds = Thresholds()


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that was not understood or had to be changed, and where: ``line 12``, ``tier Gesture``."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place[:1].upper()}{self.place[1:]}: {self.text}"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds.

    Attributes
    ----------
    format : str
        Key of the format that it turned out to be.
    events : tuple of CodedEvent
        By onset; rejected ones too, where the file has them.
    warnings : tuple of Remark
        Everything that did not become an event as it stands in the file.
    unmatched : mapping of str to int
        Tiers, codes or columns that no FACS code could be found for → how many annotations they hold.
    spans : tuple of (int, int)
        Coded stretches, where the file says them.
    coder, media : str
        Where the file says them.
    """

    format: str
    events: tuple[CodedEvent, ...]
    warnings: tuple[Remark, ...] = ()
    unmatched: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    spans: tuple[tuple[int, int], ...] = ()
    coder: str = ""
    media: str = ""
