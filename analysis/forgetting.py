"""Taking one person out of stored results: what was measured, scored and proposed of them goes, all else stays.

A frame stays a frame: where nobody else is seen, a row without a face is left, and a face of which only a part was
theirs has a gap there. Every file takes the place of the former one whole or not at all; doing it twice is once.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from analysis.facs.neutral_store import FILE as NEUTRAL
from analysis.facs.tables import replacing
from analysis.measurement import NO_FACE
from analysis.people import Int64, Person, Sightings, sightings
from analysis.types import AnalysisError

MEASUREMENT: Final = "measurement.parquet"
#: Files that may be written again.
WRITTEN: Final = (MEASUREMENT, "signals.parquet", "events.csv", "summary.json", NEUTRAL)
_KEPT: Final = ("frame", "time_us")
_INDEX: Final = ("time_us", "face")


@dataclass(frozen=True, slots=True)
class Gone:
    """What of one face of a result was the person.

    Attributes
    ----------
    times_us : int64, shape (n,)
        Times at which it was, microseconds, ascending.
    whole : bool
        The face was nobody else at any time.
    """

    times_us: Int64
    whole: bool

    def covers(self, from_us: int, to_us: int) -> bool:
        """Whether it was the person at any time from ``from_us`` to ``to_us``, both included."""
        first = int(np.searchsorted(self.times_us, from_us))
        return self.whole or (first < len(self.times_us) and int(self.times_us[first]) <= to_us)


def shown(seen: Sightings, people: Sequence[Person] | None, person: Person) -> dict[int, Gone]:
    """Which faces of a result are a person, wholly or for a time.

    Parameters
    ----------
    seen : Sightings
        Of the measurement that the result was read from.
    people : sequence of Person, optional
        By which the result was read (`analysis.people.read`); None: as measured.
    person : Person
        Whose pieces are meant, left out or not.
    """
    mine = seen.person([Person(person.pieces)]) == 0
    face = seen.face if people is None else seen.person([Person(() if p.left_out else p.pieces) for p in people])
    return {
        int(number): Gone(np.unique(seen.time_us[mine & (face == number)]), bool(mine[face == number].all()))
        for number in np.unique(face[mine])
        if number != NO_FACE
    }


def forget_measurement(folder: Path, person: Person) -> bool:
    """Take a person's rows out of ``measurement.parquet``; False where there are none.

    Raises
    ------
    AnalysisError
        No readable measurement.
    """
    seen = sightings(folder)
    mine = seen.person([Person(person.pieces)]) == 0
    if not mine.any():
        return False
    others = np.unique(seen.frame[~mine])
    left: set[int] = set()
    with _rewritten(folder / MEASUREMENT) as (file, writer):
        done = 0
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            is_face = table["face"].to_numpy() >= 0
            count = int(is_face.sum())
            out = np.zeros(len(is_face), bool)
            out[is_face] = mine[done : done + count]
            done += count
            writer.write_table(_without(table, out, others, left))
    return True


@contextmanager
def _rewritten(path: Path) -> Iterator[tuple[pq.ParquetFile, pq.ParquetWriter]]:
    """A table to read and one to write that takes its place when all went well."""
    with (
        replacing(path) as partial,
        pq.ParquetFile(path) as file,
        pq.ParquetWriter(partial, file.schema_arrow, compression="zstd", write_statistics=False) as writer,
    ):
        yield file, writer


def _without(table: pa.Table, out: NDArray[np.bool_], others: Int64, left: set[int]) -> pa.Table:
    """Rows without those that go; a frame that shows nobody else keeps one row without a face."""
    frame = table["frame"].to_numpy()
    empty = np.zeros(len(out), bool)
    for row in np.flatnonzero(out & ~np.isin(frame, others)):
        if int(frame[row]) not in left:
            left.add(int(frame[row]))
            empty[row] = True
    columns = []
    for field in table.schema:
        column = table[field.name]
        if field.name not in _KEPT:
            nothing = pa.scalar(NO_FACE if field.name in ("face", "track") else None, field.type)
            column = pc.if_else(pa.array(empty), nothing, column)
        columns.append(column)
    kept = pa.table(columns, schema=table.schema)
    return kept.filter(pa.array(~out | empty))


def forget_results(folder: Path, gone: Mapping[int, Gone]) -> None:
    """Take faces, or their stretches, out of signals, events, summary and neutral faces.

    Raises
    ------
    AnalysisError
        A file cannot be read or written.
    """
    try:
        _signals(folder / "signals.parquet", gone)
        _events(folder / "events.csv", gone)
        _summary(folder / "summary.json", gone)
        if (folder / NEUTRAL).is_file():
            _neutrals(folder / NEUTRAL, gone)
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise AnalysisError(f"A face cannot be taken out of the results in {folder.name}: {error}") from error


def _signals(path: Path, gone: Mapping[int, Gone]) -> None:
    with _rewritten(path) as (file, writer):
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            face, times = table["face"].to_numpy(), table["time_us"].to_numpy()
            out, blank = np.zeros(len(face), bool), np.zeros(len(face), bool)
            for number, one in gone.items():
                rows = face == number
                out |= rows & one.whole
                blank |= rows & np.isin(times, one.times_us)
            columns = [
                _blanked(table[field.name], field.type, blank) if field.name not in _INDEX else table[field.name]
                for field in table.schema
            ]
            writer.write_table(pa.table(columns, schema=table.schema).filter(pa.array(~out)))


def _blanked(column: pa.ChunkedArray, kind: pa.DataType, blank: NDArray[np.bool_]) -> pa.ChunkedArray:
    """A gap where ``blank`` says: NaN, and no reason."""
    if not blank.any():
        return column
    if pa.types.is_dictionary(kind):
        return pc.if_else(pa.array(blank), pa.scalar(""), column.cast(pa.string())).cast(kind)
    return pc.if_else(pa.array(blank), pa.scalar(float("nan"), kind), column)


def _events(path: Path, gone: Mapping[int, Gone]) -> None:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    head = rows[0]
    face, onset, offset = (head.index(name) for name in ("face", "onset_us", "offset_us"))

    def stays(row: list[str]) -> bool:
        one = gone.get(int(row[face] or 0))
        return one is None or not one.covers(int(row[onset]), int(row[offset]))

    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([head, *filter(stays, rows[1:])])
    with replacing(path) as partial:
        partial.write_text(text.getvalue(), encoding="utf-8")


def _summary(path: Path, gone: Mapping[int, Gone]) -> None:
    said = json.loads(path.read_text(encoding="utf-8"))
    faces = [one for one in said["faces"] if (found := gone.get(one["face"])) is None or not found.whole]
    for one in faces:
        if one["face"] in gone:  # figures over all of its time; where it is still seen, the signals say
            one["aus"] = {}
            for name in ("neutral", "micro", "gates"):
                one.pop(name, None)
    said["faces"] = faces
    if "neutral" in said and 0 in gone:
        said["neutral"] = faces[0].get("neutral") if faces else None
    prefixes = tuple(f"Face {number}{end}" for number in gone for end in (":", " "))
    said["warnings"] = [one for one in said.get("warnings", []) if not one.startswith(prefixes)]
    _write(path, said)


def summary_of(folder: Path) -> dict[str, Any]:
    """What ``summary.json`` says."""
    said: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return said


def _neutrals(path: Path, gone: Mapping[int, Gone]) -> None:
    said = json.loads(path.read_text(encoding="utf-8"))
    said["faces"] = [one for one in said["faces"] if int(one["face"]) not in gone]
    _write(path, said)


def _write(path: Path, said: Any) -> None:
    with replacing(path) as partial:
        partial.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
