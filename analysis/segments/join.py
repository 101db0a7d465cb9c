"""Joins segments to what one measurement in one go would have given.

A segment is entered at a mark at which the one before it stands exactly alike: the same crops, the same rhythm
of the detector, the same pictures for seconds. From there on both would do the same, so the later one's rows are
taken, with its numbers of frames, tracks and pieces turned into the recording's. Where no mark is alike, the
earlier one goes on, measured here, until one is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count as numbers
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from analysis.face.identity import Identity
from analysis.measurement import NO_FACE, PARQUET, SCHEMA
from analysis.measuring import picture_sum
from analysis.media.decode import Frame, FrameReader
from analysis.segments.part import ROWS, Part, measure_stretch, read_part
from analysis.segments.plan import Plan
from analysis.types import AnalysisError, Hook, MediaError, ShouldStop

Mark = Mapping[str, Any]
_ROW_GROUP: Final = 2048


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Turns a segment's own numbers of one kind into the recording's."""

    known: Mapping[int, int]
    added: int = 0

    def __call__(self, own: int) -> int:
        return self.known.get(own, own + self.added)


@dataclass(frozen=True, slots=True)
class _Source:
    """A segment, or a stretch that was measured for joining, from one mark on."""

    part: Part
    number: int = 0  # the newest segment that was entered
    entered: Mark | None = None
    before: int = 0  # frames of the recording before its first
    tracks: _Numbers = _Numbers({})
    pieces: _Numbers = _Numbers({})
    shots: int = 0

    @property
    def since_us(self) -> int:
        return -1 if self.entered is None else int(self.entered["time_us"])

    @property
    def own_marks(self) -> list[Mark]:
        return [mark for mark in self.part.marks if mark["time_us"] > self.since_us]

    def written(self) -> Iterator[Mapping[str, Any]]:
        """What was seen of every piece, in the order of time."""
        for mark in self.own_marks:
            yield from mark["written"]
        if self.part.ended:
            yield from self.part.written

    def skipped(self) -> int:
        """Damaged packets of its own stretch."""
        until = self.part.marks[-1]["time_us"] if not self.part.ended else None
        own = [at for at in self.part.skipped_us if at > self.since_us and (until is None or at <= until)]
        return len(own)


@dataclass(frozen=True, slots=True)
class Joined:
    """What `join` made.

    Attributes
    ----------
    frames, skipped_packets : int
    persons : list of int
        The person of every track.
    seconds : dict of str to float
        Processor seconds by stage, of all segments.
    again : int
        Frames that were measured here because segments did not stand alike.
    """

    frames: int
    persons: list[int]
    skipped_packets: int
    seconds: dict[str, float]
    again: int


def join(
    video: Path,
    plan: Plan,
    folders: Sequence[Path],
    parquet: Path,
    aside: Path,
    *,
    max_faces: int = 4,
    scorer: str | None = None,
    hook: Hook | None = None,
    should_stop: ShouldStop | None = None,
) -> Joined:
    """Join the segments that `measure_part` left in ``folders`` (in their order).

    Parameters
    ----------
    video : Path
    plan : Plan
    folders : sequence of Path
    parquet : Path
        Where the rows go.
    aside : Path
        Folder for stretches that must be measured again.
    max_faces, scorer, hook, should_stop
        As the segments were measured.

    Raises
    ------
    AnalysisError
        A segment is missing, or a stretch cannot be measured.
    """
    try:
        parts = [read_part(folder) for folder in folders]
    except FileNotFoundError as error:
        raise AnalysisError("A segment of the recording is missing. Try the analysis again.") from error
    sources, again = [_Source(parts[0])], 0
    for number in numbers():
        here = sources[-1]
        if here.part.ended:
            break
        entered = _entered(here, here.part.marks[-1], parts)
        if entered is None:
            entered = _between(video, plan, here, parts, aside / str(number), max_faces, scorer, hook, should_stop)
            again += entered.part.frames
        sources.append(entered)
    identity = Identity()
    for source in sources:
        for entry in source.written():
            identity.adopt(entry, source.pieces, source.shots)
    persons = _write(sources, identity, parquet)
    seconds: dict[str, float] = {}
    for part in {id(one): one for one in [*parts, *(source.part for source in sources)]}.values():
        for stage, spent in part.seconds.items():
            seconds[stage] = seconds.get(stage, 0.0) + spent
    frames = sources[-1].before + sources[-1].part.frames
    return Joined(frames, persons, sum(source.skipped() for source in sources), seconds, again)


def _entered(here: _Source, mark: Mark, parts: Sequence[Part]) -> _Source | None:
    """The segment that stands at one of its marks as ``here`` does at this one, from there on."""
    for number in range(here.number + 1, len(parts)):
        for own in parts[number].marks:
            if own["time_us"] == mark["time_us"] and own["alike"] == mark["alike"]:
                found = _continued(here, mark, number, parts[number], own)
                if found is not None:
                    return found
    return None


def _continued(here: _Source, mark: Mark, number: int, part: Part, own: Mark) -> _Source | None:
    described = list(zip(own["tracks"], mark["tracks"], strict=True))
    tracks = {theirs: here.tracks(ours) for (theirs, _), (ours, _) in described}
    pieces = {
        theirs: here.pieces(ours)
        for (_, theirs), (_, ours) in described
        if theirs is not None and ours is not None
    }
    next_track, next_piece = own["next"]
    found = _Source(
        part,
        number,
        own,
        here.before + mark["frame"] - own["frame"],
        _Numbers(tracks, here.tracks(mark["next"][0]) - next_track),
        _Numbers(pieces, here.pieces(mark["next"][1]) - next_piece),
        here.shots + mark["shot"] - own["shot"],
    )
    # Of two tracks on one face the older stays; which one that is may be known only to who saw the beginning.
    slid = [pair for one in found.own_marks for pair in one["slid"]] + list(part.slid)
    return None if any(found.tracks(older) > found.tracks(younger) for older, younger in slid) else found


def _between(
    video: Path,
    plan: Plan,
    here: _Source,
    parts: Sequence[Part],
    folder: Path,
    max_faces: int,
    scorer: str | None,
    hook: Hook | None,
    should_stop: ShouldStop | None,
) -> _Source:
    """Go on measuring where a segment ended, until a later one stands alike, or to the end."""
    mark = here.part.marks[-1]
    stretch = _Source(
        here.part, here.number, mark, here.before + mark["frame"] + 1, here.tracks, here.pieces, here.shots
    )

    def meets(own: Mark) -> bool:
        return _entered(stretch, own, parts) is not None

    at = int(mark["time_us"])
    nearest = max((one for one in plan.keyframes_us if one <= at), default=0)
    for keyframe in dict.fromkeys([nearest, 0]):
        reader = FrameReader(video)
        frames = _after(reader, keyframe, mark)
        how = {"max_faces": max_faces, "scorer": scorer, "hook": hook, "should_stop": should_stop}
        try:
            measure_stretch(video, folder, reader, frames, meets, after=mark, **how)  # type: ignore[arg-type]
        except _ElsewhereError:
            continue
        part = read_part(folder)
        return _Source(part, here.number, None, stretch.before, here.tracks, here.pieces, here.shots)
    raise MediaError("This recording gives other pictures each time it is read; it may be damaged.")


class _ElsewhereError(MediaError):
    """Decoding does not lead to the picture where a segment ended."""


def _after(reader: FrameReader, keyframe_us: int, mark: Mark) -> Iterator[Frame]:
    """The pictures after a mark, numbered from 0, if those before it are the ones that the segment saw."""
    found, first = None, 0
    try:
        for frame in reader.from_keyframe(keyframe_us):
            if frame.time_us <= mark["time_us"]:
                found = frame
                continue
            if found is not None:
                _check(found, mark)
                first, found = frame.index, None
            yield Frame(frame.index - first, frame.time_us, frame.rgb)
        if found is not None:
            _check(found, mark)
    except MediaError as error:
        raise _ElsewhereError(str(error)) from error


def _check(frame: Frame, mark: Mark) -> None:
    if frame.time_us != mark["time_us"] or picture_sum(frame.rgb) != mark["picture"]:
        raise _ElsewhereError("Another picture is there.")


# Writing


def _write(sources: Sequence[_Source], identity: Identity, parquet: Path) -> list[int]:
    """Write all rows with the recording's numbers; return the person of every track."""
    order: dict[int, int] = {}
    lookups = [_Lookup(source) for source in sources]
    for lookup in lookups:
        for table in lookup.tables(["frame", "track"]):
            for piece in table["track"].to_numpy().tolist():
                if piece != NO_FACE:
                    order.setdefault(piece, len(order))
    persons = identity.persons(order)
    keys = np.array([*order, NO_FACE], np.int64)
    by_key = np.argsort(keys)
    found = np.array([*order.values(), NO_FACE], np.int32)
    faces = np.array([*persons, NO_FACE], np.int16)
    with pq.ParquetWriter(parquet, SCHEMA, **PARQUET) as file:
        for lookup in lookups:
            for table in lookup.tables(None):
                pieces = table["track"].to_numpy()
                tracks = found[by_key[np.searchsorted(keys[by_key], pieces)]]
                table = _with(_with(table, "track", tracks), "face", faces[tracks])
                file.write_table(table, row_group_size=_ROW_GROUP)
    return persons


class _Lookup:
    """Reads a source's rows with the recording's numbers of frames and pieces, tracks in the recording's order."""

    def __init__(self, source: _Source) -> None:
        self._source = source
        known = {int(entry["key"]): int(entry["track"]) for entry in source.written()}
        own = np.array(sorted(known), np.int64)
        self._own = np.concatenate([[NO_FACE], own])
        self._piece = np.array([NO_FACE, *(source.pieces(int(key)) for key in own)], np.int64)
        self._track = np.array([NO_FACE, *(source.tracks(known[int(key)]) for key in own)], np.int64)

    def tables(self, columns: list[str] | None) -> Iterator[pa.Table]:
        """Yield whole frames, in order; ``track`` holds the piece."""
        held: pa.Table | None = None
        with pq.ParquetFile(self._source.part.folder / ROWS) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=columns)
                table = table if held is None else pa.concat_tables([held, table])
                frames = table["frame"].to_numpy()
                whole = int(np.searchsorted(frames, frames[-1])) if len(frames) else 0
                held = table.slice(whole)
                yield self._numbered(table.slice(0, whole))
        if held is not None:
            yield self._numbered(held)

    def _numbered(self, table: pa.Table) -> pa.Table:
        entered = self._source.entered
        if entered is not None:
            table = table.filter(pa.array(table["frame"].to_numpy() > entered["frame"]))
        frames: NDArray[np.int32] = table["frame"].to_numpy()
        places = np.searchsorted(self._own, table["track"].to_numpy())
        order = np.lexsort((self._track[places], frames))
        table = _with(table, "frame", (frames + self._source.before).astype(np.int32))
        return _with(table, "track", self._piece[places].astype(np.int32)).take(pa.array(order))


def _with(table: pa.Table, name: str, values: NDArray[Any]) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), SCHEMA.field(name), pa.array(values))
