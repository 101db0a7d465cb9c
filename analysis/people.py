"""Who is who by hand: ``people.json`` beside a measurement says which tracks, or parts of them, are which person.

The measurement is never changed: its ``face`` is what was found, its ``track`` what a join can be undone to.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from analysis.types import AnalysisError

PEOPLE: Final = "people.json"
NOBODY: Final = -1
_SCHEMA: Final = 1
_COLUMNS: Final = ("frame", "time_us", "face", "track")
Int64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Piece:
    """A track, or the part of it from ``start_us`` until before ``end_us`` (None: to its end), microseconds."""

    track: int
    start_us: int = 0
    end_us: int | None = None

    def __post_init__(self) -> None:
        if self.track < 0 or self.start_us < 0 or (self.end_us is not None and self.end_us <= self.start_us):
            raise ValueError(f"not a piece of a track: {self}")


@dataclass(frozen=True, slots=True)
class Person:
    """One person of a recording; ``left_out`` ones are measured but not read."""

    pieces: tuple[Piece, ...]
    left_out: bool = False


@dataclass(frozen=True, slots=True)
class Sightings:
    """Rows of a measurement in which a face is seen.

    Attributes
    ----------
    frame, time_us, face, track : int64, shape (n,)
        Frame number, media time in microseconds, person as measured, track.
    """

    frame: Int64
    time_us: Int64
    face: Int64
    track: Int64

    def person(self, people: Sequence[Person]) -> Int64:
        """Position in ``people`` of every row's person, shape (n,); −1 for nobody's."""
        return _persons(self.track, self.time_us, people)

    def as_measured(self) -> list[Person]:
        """The people that the measurement found, by number."""
        own = np.unique(np.stack([self.face, self.track], axis=1), axis=0)
        count = int(own[:, 0].max()) + 1 if len(own) else 0
        return [
            Person(tuple(Piece(int(track)) for face, track in own if face == number)) for number in range(count)
        ]


def sightings(folder: Path) -> Sightings:
    """Read where faces are seen; measurements from before tracks were stored have one track a face.

    Raises
    ------
    AnalysisError
        No readable measurement.
    """
    try:
        with pq.ParquetFile(folder / "measurement.parquet") as file:
            known = [name for name in _COLUMNS if name in file.schema_arrow.names]
            table = file.read(columns=known)
        columns = {name: table[name].to_numpy().astype(np.int64) for name in known}
        columns.setdefault("track", columns["face"])
    except (OSError, KeyError, pa.ArrowException) as error:
        raise AnalysisError("No readable measurement: measure the video first.") from error
    seen = columns["face"] >= 0
    return Sightings(**{name: values[seen] for name, values in columns.items()})


def _persons(track: Int64, time_us: Int64, people: Sequence[Person]) -> Int64:
    out = np.full(len(track), NOBODY, np.int64)
    for number, person in enumerate(people):
        for piece in person.pieces:
            here = (track == piece.track) & (time_us >= piece.start_us)
            if piece.end_us is not None:
                here &= time_us < piece.end_us
            out[here] = number
    return out


def write(folder: Path, people: Sequence[Person]) -> None:
    """Write ``people.json``; the next `analysis.interpretation.interpret` of the folder goes by it."""
    content = {"schema": _SCHEMA, "people": [asdict(person) for person in people]}
    (folder / PEOPLE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def read(folder: Path) -> list[Person] | None:
    """Read ``people.json``; None where there is none.

    Raises
    ------
    AnalysisError
        The file is not what `write` writes.
    """
    try:
        content = json.loads((folder / PEOPLE).read_text(encoding="utf-8"))
        return [person(found) for found in content["people"]]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AnalysisError(f"{PEOPLE} cannot be read: read the people again, or remove it.") from error


def person(found: dict[str, Any]) -> Person:
    """A person from plain values, as ``people.json`` holds them."""
    pieces = tuple(Piece(int(p["track"]), int(p["start_us"]), p["end_us"]) for p in found["pieces"])
    return Person(pieces, bool(found["left_out"]))


def faces_by_hand(folder: Path, face: Int64) -> Int64 | None:
    """The face of every row as ``people.json`` says, shape (n,); None where there is no such file.

    Parameters
    ----------
    folder : Path
        Holds the measurement.
    face : int64, shape (n,)
        As measured.

    Returns
    -------
    int64, shape (n,), or None
        Position of the person in ``people.json``; −1 for nobody and for people who are left out.

    Raises
    ------
    AnalysisError
        ``people.json`` or the measurement cannot be read.
    """
    people = read(folder)
    if people is None:
        return None
    out = np.full(len(face), NOBODY, np.int64)
    found = sightings(folder)
    number = found.person(people)
    left_out = [place for place, one in enumerate(people) if one.left_out]
    out[face >= 0] = np.where(np.isin(number, left_out), NOBODY, number)
    return out
