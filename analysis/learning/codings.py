"""What people coded, as it is handed over to training: one signed reading of one face by one coder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from analysis.facs.codes import CATALOGUE
from analysis.facs.notation import LETTERS
from analysis.facs.tables import replacing
from analysis.types import AnalysisError

SCHEMA: Final = 1
_SIDES: Final = ("both", "left", "right", "")


@dataclass(frozen=True, slots=True)
class CodedEvent:
    """One decision of a coder.

    Attributes
    ----------
    code : str
        Bare FACS number, such as ``12``.
    side : str
        ``both``, ``left``, ``right`` (the subject's), or empty for codes without sides.
    intensity : str
        ``A``–``E``; empty where the code has none.
    onset_us, apex_us, offset_us : int
        Media time, microseconds.
    rejected : bool
        The machine proposed it and the coder deleted it: the code was not there then.
    """

    code: str
    side: str
    intensity: str
    onset_us: int
    apex_us: int
    offset_us: int
    rejected: bool = False

    def __post_init__(self) -> None:
        if self.code not in CATALOGUE:
            raise ValueError(f"there is no code {self.code!r}")
        if self.side not in _SIDES:
            raise ValueError(f"there is no side {self.side!r}")
        if self.intensity and (len(self.intensity) != 1 or self.intensity not in LETTERS):
            raise ValueError(f"{self.intensity!r} is not an intensity A–E")
        if not 0 <= self.onset_us <= self.apex_us <= self.offset_us:
            raise ValueError(f"code {self.code}: onset, apex and offset are not in order")


@dataclass(frozen=True, slots=True)
class Coding:
    """One coder's signed reading of one face.

    Attributes
    ----------
    folder : Path
        Result folder of the run that was coded (``measurement.parquet``, ``measurement.json``, ``neutral.json``).
    face : int
    participant, coder, run : str
        Pseudonymous ids; figures are cross-validated by participant.
    events : tuple of CodedEvent
    """

    folder: Path
    face: int
    participant: str
    coder: str
    run: str
    events: tuple[CodedEvent, ...]

    @property
    def codes(self) -> frozenset[str]:
        """Codes about which the coder decided anything: only these count as coded, the others are unknown."""
        return frozenset(event.code for event in self.events)


def write_codings(codings: Iterable[Coding], path: Path) -> None:
    """Write a file for `read_codings`; it holds ids and codes, no names.

    Raises
    ------
    OSError
        It cannot be written.
    """
    content = {
        "schema": SCHEMA,
        "codings": [{**asdict(coding), "folder": str(coding.folder)} for coding in codings],
    }
    with replacing(path) as partial:
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_codings(path: Path) -> list[Coding]:
    """Read what `write_codings` wrote.

    Raises
    ------
    AnalysisError
        The file is not there, not of this version, or says something impossible.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA:
            raise AnalysisError(f"{path.name} was written by another version; write it again.")
        return [_coding(stored) for stored in content["codings"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AnalysisError(f"{path.name} holds no readable codings: {error}.") from error


def _coding(stored: dict[str, Any]) -> Coding:
    events = tuple(CodedEvent(**event) for event in stored["events"])
    return Coding(
        Path(stored["folder"]),
        int(stored["face"]),
        str(stored["participant"]),
        str(stored["coder"]),
        str(stored["run"]),
        events,
    )
