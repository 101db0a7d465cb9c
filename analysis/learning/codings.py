"""What people coded, as it is handed over to training: one signed reading of one face by one coder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from analysis.coded import CodedEvent
from analysis.facs.tables import replacing
from analysis.types import AnalysisError

SCHEMA: Final = 1


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
