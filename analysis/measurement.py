"""Stores raw measurements while they are made: rows in, Parquet row groups out, memory constant."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from analysis.face.geometry import GEOMETRY_COLUMNS, geometry
from analysis.face.identity import Identity
from analysis.face.mesh import face_box
from analysis.face.pose import align
from analysis.face.texture import TEXTURE_COLUMNS
from analysis.face.tracker import Standing, State
from analysis.facs.regions import REGIONS
from analysis.scoring.code import CODE_COLUMNS, PICTURE_CODE, in_view, picture_code, point_code
from analysis.scoring.package import Package
from analysis.stages import Stages
from analysis.types import Float32, InnerMaps, Observation

NO_FACE: Final = -1
BOX_COLUMNS: Final = ("box_x", "box_y", "box_w", "box_h")
VISIBLE_COLUMNS: Final = tuple(f"visible_{region}" for region in REGIONS)
VALUE_COLUMNS: Final = ("presence", *BOX_COLUMNS, *GEOMETRY_COLUMNS, *TEXTURE_COLUMNS, *VISIBLE_COLUMNS)
SCHEMA: Final = pa.schema(
    [
        ("frame", pa.int32()),
        ("time_us", pa.int64()),
        ("face", pa.int16()),
        ("track", pa.int32()),
        *((name, pa.float32()) for name in VALUE_COLUMNS),
        *((name, pa.float16()) for name in CODE_COLUMNS),
    ]
)
_BATCH: Final = 64  # faces; geometry of fewer at a time is dearer
_ENCODED: Final = 16  # faces; more at a time are no faster, and what the mesh saw of one is 170 kB
#: Floats have no repeated values and nobody searches by them: neither dictionaries nor statistics.
PARQUET: Final = {"compression": "zstd", "use_dictionary": False, "write_statistics": False}
_MOST: Final = 32_767
_ROW_GROUP: Final = 1024  # writing one takes some fifteen times its size for a moment


@dataclass(slots=True)
class Row:
    """One face in one frame, or a frame without a face (``track`` −1, the rest None).

    ``piece`` is `analysis.face.identity.Identity`'s number of the track, ``track`` the stored one.
    """

    frame: int
    time_us: int
    piece: int = NO_FACE
    track: int = NO_FACE
    observation: Observation | None = None
    texture: Float32 | None = None
    code: Float32 | None = None
    """What the encoder made of the observation's maps, which are let go of then."""
    visible: Float32 | None = None


@dataclass(slots=True)
class _Pending:
    frame: int
    time_us: int
    rows: list[Row]


@dataclass(slots=True)
class Confirmation:
    """Holds frames back until their tracks are believed or dropped (about a quarter of a second).

    Tracks are numbered from 0 in the order of their first appearance; dropped ones get no number.
    """

    identity: Identity
    _standing: Standing = field(default_factory=Standing)
    _waiting: deque[_Pending] = field(default_factory=deque)
    _tracks: dict[int, int] = field(default_factory=dict)

    def persons(self) -> list[int]:
        """The person of every track that was let through, by track number."""
        return self.identity.persons(self._tracks)

    def add(
        self,
        frame: int,
        time_us: int,
        pieces: list[int],
        seen: list[tuple[Observation, Float32]],
        standing: Standing,
    ) -> Iterator[Row]:
        """Take the next frame in, and what the tracker thinks after it; yield the rows of all settled frames."""
        self._standing = standing
        rows = [
            Row(frame, time_us, piece, NO_FACE, observation, texture)
            for piece, (observation, texture) in zip(pieces, seen, strict=True)
        ]
        self._waiting.append(_Pending(frame, time_us, rows))
        while self._waiting and self._is_settled(self._waiting[0]):
            yield from self._released(self._waiting.popleft(), keep_tentative=False)

    def finish(self, *, keep_tentative: bool) -> Iterator[Row]:
        """Yield what is left at the end of the video."""
        while self._waiting:
            yield from self._released(self._waiting.popleft(), keep_tentative=keep_tentative)

    def _state(self, row: Row) -> State:
        assert row.observation is not None
        return self._standing.state(row.observation.track)

    def _is_settled(self, pending: _Pending) -> bool:
        return all(self._state(row) is not State.TENTATIVE for row in pending.rows)

    def _released(self, pending: _Pending, *, keep_tentative: bool) -> Iterator[Row]:
        accepted = {State.CONFIRMED, State.TENTATIVE} if keep_tentative else {State.CONFIRMED}
        rows = [row for row in pending.rows if self._state(row) in accepted]
        for row in pending.rows:
            if row not in rows:
                self.identity.forget(row.piece)
        for row in rows:
            row.track = self._tracks.setdefault(row.piece, len(self._tracks))
            yield row
        if not rows:
            yield Row(pending.frame, pending.time_us)


class Writer:
    """Writes rows to a Parquet file; geometry is computed here, in batches, because that is cheaper.

    Parameters
    ----------
    path : Path
    width, height : int
        Size of the upright picture, pixels.
    stages : Stages
        Where the time goes.
    package : Package
        Whose encoder makes the code of every face.
    """

    def __init__(self, path: Path, width: int, height: int, stages: Stages, package: Package) -> None:
        self._path = path
        self._size = (width, height)
        self._stages = stages
        self._package = package
        self._rows: list[Row] = []
        self._unread: list[tuple[Row, InnerMaps]] = []
        self._batches: list[pa.RecordBatch] = []
        self._count = 0
        self._file = pq.ParquetWriter(path, SCHEMA, **PARQUET)

    def add(self, row: Row) -> None:
        self._rows.append(row)
        if row.observation is not None and row.observation.maps is not None:
            self._unread.append((row, row.observation.maps))
            row.observation = replace(row.observation, maps=None)
            if len(self._unread) >= _ENCODED:
                self._encode()
        if len(self._rows) >= _BATCH:
            self._measure()

    def settle(self) -> None:
        """Measure what came so far: what is computed in one batch lies between two marks
        (`analysis.measuring`)."""
        self._measure()

    def close(self, persons: list[int]) -> None:
        """Write what is left, and the person of every track (by track number) as the face of its rows."""
        self._measure()
        with self._stages("write"):
            self._flush()
            self._file.close()
            if persons != list(range(len(persons))):
                write_faces(self._path, persons)

    def abandon(self) -> None:
        """Close the file without writing what is left."""
        self._file.close()

    def _measure(self) -> None:
        if not self._rows:
            return
        self._encode()
        rows, self._rows = self._rows, []
        values = np.full((len(rows), len(VALUE_COLUMNS)), np.nan, np.float32)
        code = np.full((len(rows), len(CODE_COLUMNS)), np.nan, np.float16)
        self._fill(values, code, rows)
        with self._stages("write"):
            columns = [
                pa.array([row.frame for row in rows], pa.int32()),
                pa.array([row.time_us for row in rows], pa.int64()),
                pa.array([min(row.track, _MOST) for row in rows], pa.int16()),  # until it is known who is who
                pa.array([row.track for row in rows], pa.int32()),
                *(pa.array(column) for column in np.ascontiguousarray(values.T)),
                *(pa.array(column) for column in np.ascontiguousarray(code.T)),
            ]
            self._batches.append(pa.RecordBatch.from_arrays(columns, schema=SCHEMA))
            self._count += len(rows)
            if self._count >= _ROW_GROUP:
                self._flush()

    def _encode(self) -> None:
        """Read what the mesh saw of the newest rows, and forget it."""
        if not self._unread:
            return
        with self._stages("code"):
            maps = [seen for _, seen in self._unread]
            read, visible = picture_code(self._package, maps), in_view(self._package, maps)
            for number, (row, _) in enumerate(self._unread):
                row.code, row.visible = read[number], visible[number]
        self._unread = []

    def _fill(self, values: Float32, code: NDArray[np.float16], rows: list[Row]) -> None:
        places = [i for i, row in enumerate(rows) if row.observation is not None]
        if not places:
            return
        seen = [row for row in rows if row.observation is not None and row.texture is not None]
        observations = [row.observation for row in seen if row.observation is not None]
        with self._stages("geometry"):
            landmarks = np.stack([observation.landmarks for observation in observations])
            boxes = np.stack([face_box(points) for points in landmarks])
            boxes[:, 2:] -= boxes[:, :2]
            presence = np.array([[observation.presence] for observation in observations], np.float32)
            texture = np.stack([row.texture for row in seen if row.texture is not None])
            aligned = align(landmarks)
            measures = geometry(landmarks, *self._size, aligned=aligned)
            found = np.concatenate([presence, boxes, measures, texture], axis=1)
            values[places, : found.shape[1]] = found
        with self._stages("code"):
            points = point_code(self._package, aligned.points)
            for number, (place, row) in enumerate(zip(places, seen, strict=True)):
                if row.code is not None and row.visible is not None:
                    code[place, :PICTURE_CODE] = row.code
                    code[place, PICTURE_CODE:] = points[number]
                    values[place, -len(VISIBLE_COLUMNS) :] = row.visible

    def _flush(self) -> None:
        if self._batches:
            self._file.write_table(pa.Table.from_batches(self._batches, SCHEMA), row_group_size=_ROW_GROUP * 2)
        self._batches, self._count = [], 0


def write_faces(path: Path, persons: list[int]) -> None:
    """Write a finished file again with ``face`` by track, a row group at a time."""
    by_track = np.array([*persons, NO_FACE], np.int16)  # the last one is what −1 points at
    draft = path.with_name(f"{path.name}.draft")
    with pq.ParquetFile(path) as stored, pq.ParquetWriter(draft, SCHEMA, **PARQUET) as file:
        for group in range(stored.num_row_groups):
            table = stored.read_row_group(group)
            faces = pa.array(by_track[table["track"].to_numpy()])
            table = table.set_column(SCHEMA.get_field_index("face"), SCHEMA.field("face"), faces)
            file.write_table(table, row_group_size=_ROW_GROUP * 2)
    draft.replace(path)
