"""Everything that one result folder says of a session, read once."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.facs.evidence import Evidence, evidence_of_run, faces_of_run
from analysis.facs.series import Float64, Int64
from analysis.types import AnalysisError

#: Names under which one person stands in the voice and in the words.
Names = frozenset[str]
_VALUES: Final = ("value", "low", "high")
_STATE_COLUMNS: Final = ("face", "start_us", "end_us", "state", *_VALUES)


@dataclass(frozen=True)
class Curve:
    """Values in windows.

    Attributes
    ----------
    start_us, end_us : int64, shape (n,)
    value, low, high : float64, shape (n,)
        NaN where there is none; ends of the 90 % interval as far as known.
    """

    start_us: Int64
    end_us: Int64
    value: Float64
    low: Float64
    high: Float64

    def __post_init__(self) -> None:
        sizes = {len(array) for array in (self.start_us, self.end_us, self.value, self.low, self.high)}
        if len(sizes) != 1:
            raise ValueError("a curve's arrays differ in length")

    @property
    def middle_us(self) -> Int64:
        """Middle of every window, microseconds."""
        return (self.start_us + self.end_us) // 2

    def within(self, start_us: int, end_us: int) -> Curve:
        """The windows whose middle is in a stretch and that have a value."""
        kept = (self.middle_us >= start_us) & (self.middle_us < end_us) & np.isfinite(self.value)
        return self.at(kept)

    def at(self, rows: NDArray[np.bool_]) -> Curve:
        """Some of the windows."""
        return Curve(self.start_us[rows], self.end_us[rows], self.value[rows], self.low[rows], self.high[rows])


@dataclass(frozen=True, slots=True)
class Stretch:
    """One stretch in which a combination stands."""

    id: str
    start_us: int
    end_us: int
    confidence: float


@dataclass(frozen=True)
class FaceTrack:
    """One face over the session.

    Attributes
    ----------
    evidence : Evidence
    yaw_deg, pitch_deg : float64, shape (n,)
        NaN where the face was not seen.
    combinations : tuple of Stretch or None
        None where combinations were not computed.
    states : mapping of str to Curve or None
        None where states were not computed.
    """

    evidence: Evidence
    yaw_deg: Float64
    pitch_deg: Float64
    combinations: tuple[Stretch, ...] | None = None
    states: Mapping[str, Curve] | None = None

    @property
    def face(self) -> int:
        return self.evidence.face


@dataclass(frozen=True)
class Voice:
    """What the voice files say: ``about`` is voice.json, ``windows`` the columns of voice.parquet."""

    about: Mapping[str, Any]
    windows: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Any) -> Voice:
        """From what `analysis.voice` hands out, without its files."""
        return cls(found.about(), found.windows)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the speakers, in the order of their first segment."""
        return tuple(dict.fromkeys(str(one.get("speaker") or "") for one in self.about.get("segments", ())))

    def of_speaker(self, names: Names) -> Voice:
        """Speech and windows of the speaker of these names alone."""
        segments = [one for one in self.about.get("segments", ()) if str(one.get("speaker") or "") in names]
        windows = self.windows
        if "speaker" in windows:
            kept = np.array([str(name or "") in names for name in windows["speaker"]], bool)
            rows = np.flatnonzero(kept)
            windows = {
                name: [values[row] for row in rows] if name == "speaker" else np.asarray(values)[rows]
                for name, values in windows.items()
            }
        return Voice({**self.about, "segments": segments}, windows)

    def speech(self) -> list[tuple[int, int]]:
        """Stretches of speech."""
        return [(int(one["start_us"]), int(one["end_us"])) for one in self.about.get("segments", ())]

    def curve(self, column: str) -> Curve | None:
        """A column of the windows as a curve; None where there is no such column."""
        if column not in self.windows:
            return None
        start, end = (np.asarray(self.windows[name], np.int64) for name in ("start_us", "end_us"))
        value = np.asarray(self.windows[column], np.float64)
        low = np.asarray(self.windows.get(f"{column}_low", value), np.float64)
        high = np.asarray(self.windows.get(f"{column}_high", value), np.float64)
        return Curve(start, end, value, low, high)


@dataclass(frozen=True)
class Session:
    """One result folder.

    Attributes
    ----------
    name : str
        The folder's.
    start_us, end_us : int
        From the first frame to the end of the last, microseconds.
    faces : tuple of FaceTrack
    voice : Voice or None
    text : mapping or None
        Content of text.json.
    """

    name: str
    start_us: int
    end_us: int
    faces: tuple[FaceTrack, ...]
    voice: Voice | None = None
    text: Mapping[str, Any] | None = None


def read(folder: Path, *, voice: Voice | None = None, text: Mapping[str, Any] | None = None) -> Session:
    """A result folder; files of other parts are optional.

    Parameters
    ----------
    folder : Path
    voice, text : optional
        Take the place of the folder's own files.

    Raises
    ------
    AnalysisError
        The folder holds no results, or a file in it is not readable.
    """
    folder = Path(folder)
    numbers = faces_of_run(folder)
    combinations, states = _combinations(folder / "combinations.csv"), read_states(folder / "states.parquet")
    faces = tuple(_face(folder, number, combinations, states) for number in numbers)
    times = [track.evidence.time_us for track in faces if len(track.evidence)]
    start = min((int(time[0]) for time in times), default=0)
    end = max((int(track.evidence.time_us[-1] + track.evidence.interval_us) for track in faces), default=0)
    text = text if text is not None else _json(folder / "text.json")
    return Session(folder.name, start, end, faces, voice or _voice(folder), text)


def _face(
    folder: Path,
    number: int,
    combinations: Mapping[int, list[Stretch]] | None,
    states: Mapping[int, dict[str, Curve]] | None,
) -> FaceTrack:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    evidence = evidence_of_run(folder, number)
    columns = ["yaw_deg", "pitch_deg"]
    table = pq.read_table(
        folder / "signals.parquet", columns=[*columns, "face"], filters=pc.field("face") == number
    )
    yaw, pitch = (np.asarray(table[name].to_numpy(zero_copy_only=False), np.float64) for name in columns)
    return FaceTrack(
        evidence,
        yaw,
        pitch,
        None if combinations is None else tuple(combinations.get(number, ())),
        None if states is None else states.get(number, {}),
    )


def _combinations(path: Path) -> dict[int, list[Stretch]] | None:
    if not path.is_file():
        return None
    found: dict[int, list[Stretch]] = {}
    try:
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
            one = Stretch(
                row["id"],
                int(row["onset_us"]),
                int(row["offset_us"]),
                float(row["confidence"] or 1.0),
            )
            found.setdefault(int(row["face"]), []).append(one)
    except (KeyError, ValueError, TypeError) as error:
        raise AnalysisError(f"{path.name} is not readable: compute the combinations again.") from error
    return found


def read_states(path: Path) -> dict[int, dict[str, Curve]] | None:
    """States of every face as curves by name; None where the file is not there."""
    if not path.is_file():
        return None
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, columns=list(_STATE_COLUMNS))
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise AnalysisError(f"{path.name} is not readable: compute the states again.") from error
    face = np.asarray(table["face"].to_numpy(), np.int64)
    # as numbers of a dictionary: comparing texts row by row would take most of the time
    encoded = table["state"].combine_chunks().cast(pa.string()).dictionary_encode()
    state = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), np.int64)
    times = [np.asarray(table[name].to_numpy(), np.int64) for name in ("start_us", "end_us")]
    values = [np.asarray(table[name].to_numpy(zero_copy_only=False), np.float64) for name in _VALUES]
    curve = Curve(times[0], times[1], values[0], values[1], values[2])
    found: dict[int, dict[str, Curve]] = {}
    for number in np.unique(face).tolist():
        for code, name in enumerate(encoded.dictionary.to_pylist()):
            rows = (face == number) & (state == code)
            if rows.any():
                found.setdefault(number, {})[name] = curve.at(rows)
    return found


def _voice(folder: Path) -> Voice | None:
    about = _json(folder / "voice.json")
    if about is None:
        return None
    path = folder / "voice.parquet"
    if not path.is_file():
        return Voice(about)
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise AnalysisError(f"{path.name} is not readable: analyse the voice again.") from error
    columns: dict[str, Any] = {name: table[name].to_pylist() for name in table.column_names if name == "speaker"}
    columns |= {
        name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names if name != "speaker"
    }
    return Voice(about, columns)


def _json(path: Path) -> Mapping[str, Any] | None:
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AnalysisError(f"{path.name} is not readable: compute it again.") from error
    if not isinstance(found, dict):
        raise AnalysisError(f"{path.name} is not readable: compute it again.")
    return found
