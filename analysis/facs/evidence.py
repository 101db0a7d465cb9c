"""One face's codes over time with their uncertainty: what combinations, states and indicators are computed from.

It comes from a run's files or from what a person coded, and looks the same to those who read it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.coded import CodedEvent, clipped
from analysis.facs.codes import ACTION_UNITS, CATALOGUE, EYE_CODES, HEAD_CODES
from analysis.facs.intensity import sided_units
from analysis.facs.notation import LETTERS
from analysis.facs.regions import regions_of
from analysis.facs.series import Float64, Int64
from analysis.types import AnalysisError

#: Names of a side in events and the suffix of its column.
SUFFIXES: Final = {"left": "_L", "right": "_R"}
#: Codes that a frame can show more or less of; visibility and gross behaviour are only events.
GRADED: Final = (*ACTION_UNITS, *HEAD_CODES, *EYE_CODES)
#: Intensity of a code that people code without a letter (head and eye positions): marked, the middle of the scale.
_UNGRADED: Final = (0.0, 2.5, 5.0)
#: Visibility codes that hide everything, and the parts that the others hide.
_WHOLE_FACE: Final = frozenset({"73", "74"})
_HIDES: Final = {
    "70": frozenset({"brows"}),
    "71": frozenset({"eye_L", "eye_R"}),
    "72": frozenset({"mouth", "chin"}),
}
#: A step between frames longer than this many usual ones is a pause in which nothing was seen.
_LONGEST_STEP: Final = 4.0


@dataclass(frozen=True)
class Evidence:
    """One face over time, from a machine or from a person.

    Attributes
    ----------
    face : int
    time_us : int64, shape (n,)
        Media time of the frames in microseconds, ascending.
    interval_us : float
        Usual time between two frames, microseconds.
    values : mapping of str to float64, shape (n,)
        Intensity 0–5 by code; NaN where it was not scored. ``"12"`` is the larger side, ``"12_L"`` and ``"12_R"``
        are the subject's left and right; head and eye codes are ``"51"`` to ``"66"``.
    low, high : mapping of str to float64, shape (n,)
        Ends of the 90 % interval of ``values``, for the codes whose interval is known.
    events : tuple of CodedEvent
        This face's events that stand, by onset.
    quality : float64, shape (n,)
        0–1; NaN where the face was not seen. 1 for what a person coded.
    origin : str
        ``machine`` or ``coder``.
    tiers : mapping of str to str
        What each code's figure is worth, as in ``summary.json``.

    Raises
    ------
    ValueError
        Arrays of another shape, times that do not ascend, ends in the wrong order.
    """

    face: int
    time_us: Int64
    interval_us: float
    values: Mapping[str, Float64]
    low: Mapping[str, Float64]
    high: Mapping[str, Float64]
    events: tuple[CodedEvent, ...]
    quality: Float64
    origin: str = "machine"
    tiers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = self.time_us.shape
        if len(shape) != 1 or (np.diff(self.time_us) <= 0).any():
            raise ValueError("time_us: expected ascending times, shape (n,)")
        if self.interval_us <= 0:
            raise ValueError(f"interval_us: expected more than 0, got {self.interval_us}")
        if self.origin not in {"machine", "coder"}:
            raise ValueError(f"origin: expected machine or coder, got {self.origin!r}")
        for name, arrays in (("values", self.values), ("low", self.low), ("high", self.high)):
            for key, array in arrays.items():
                if array.shape != shape:
                    raise ValueError(f"{name}[{key!r}]: expected shape {shape}, got {array.shape}")
        if self.quality.shape != shape:
            raise ValueError(f"quality: expected shape {shape}, got {self.quality.shape}")
        if self.low.keys() != self.high.keys() or not self.low.keys() <= self.values.keys():
            raise ValueError("low and high: expected the same codes, all of them among the values")
        for key in self.low:
            if (self.low[key] > self.high[key]).any():
                raise ValueError(f"{key}: the lower end of an interval lies above its upper end")

    def __len__(self) -> int:
        return len(self.time_us)

    def __getitem__(self, key: str) -> Float64:
        """Intensities of a code, shape (n,); NaN everywhere for one that was not scored at all."""
        found = self.values.get(key)
        return np.full(len(self), np.nan) if found is None else found

    def durations_s(self) -> Float64:
        """How long every frame stands, seconds, shape (n,): to the next one, or the usual time before a pause."""
        if not len(self):
            return np.zeros(0)
        steps = np.append(np.diff(self.time_us), self.interval_us).astype(np.float64)
        steps[steps > _LONGEST_STEP * self.interval_us] = self.interval_us
        return steps / 1e6


def faces_of_run(folder: Path) -> tuple[int, ...]:
    """Numbers of the faces in a result folder, ascending; empty when there is none."""
    return tuple(entry["face"] for entry in _summary(folder)["faces"])


def evidence_of_run(folder: Path, face: int) -> Evidence:
    """A face of a run: its signals, their intervals and its events.

    Codes whose tier is ``human-coded only`` are left out: the machine does not know them well enough to build on.

    Raises
    ------
    AnalysisError
        The folder holds no results, or not of this face.
    """
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    summary = _summary(folder)
    tiers: dict[str, str] = summary["tiers"]
    known = {code for code in GRADED if tiers.get(code) != "human-coded only"}
    path = folder / "signals.parquet"
    if not path.is_file():
        raise AnalysisError(
            f"{folder.name} holds no signals.parquet: analyse the recording, or interpret it again."
        )
    there = set(pq.read_schema(path).names)
    keys = [*GRADED, *(f"{code}_{side}" for code in sided_units() for side in "LR")]
    keys = [key for key in keys if key.split("_")[0] in known and f"AU{key}" in there]
    ends = [f"AU{key}_{end}" for key in keys for end in ("low", "high") if f"AU{key}_{end}" in there]
    names = ["time_us", "face", "quality", *(f"AU{key}" for key in keys), *ends]
    table = pq.read_table(path, columns=names, filters=pc.field("face") == face)
    if not table.num_rows:
        raise AnalysisError(f"There is no face {face} in {folder.name}.")

    def column(name: str) -> Float64:
        return np.asarray(table[name].to_numpy(zero_copy_only=False), np.float64)

    time_us = np.asarray(table["time_us"].to_numpy(), np.int64)
    values = {key: column(f"AU{key}") for key in keys}
    values = {key: array for key, array in values.items() if np.isfinite(array).any()}
    spread = {key: (column(f"AU{key}_low"), column(f"AU{key}_high")) for key in values if f"AU{key}_low" in ends}
    spread = {key: both for key, both in spread.items() if np.isfinite(both[0]).any()}
    return Evidence(
        face,
        time_us,
        float(np.median(np.diff(time_us))) if len(time_us) > 1 else 40_000.0,
        values,
        {key: low for key, (low, _) in spread.items()},
        {key: high for key, (_, high) in spread.items()},
        events_of_run(folder, face),
        column("quality"),
        "machine",
        tiers,
    )


def events_of_run(folder: Path, face: int) -> tuple[CodedEvent, ...]:
    """The machine's events of a face, by onset; codes that only people code well are not among them."""
    try:
        text = (folder / "events.csv").read_text(encoding="utf-8")
    except OSError as error:
        raise AnalysisError(f"{folder.name} holds no events.csv: interpret the recording again.") from error
    found = [_event(row) for row in csv.DictReader(text.splitlines()) if int(row["face"]) == face]
    return tuple(sorted(found, key=lambda event: (event.onset_us, CATALOGUE[event.code].order, event.side)))


def _event(row: Mapping[str, str]) -> CodedEvent:
    times = (int(row["onset_us"]), int(row["apex_us"]), int(row["offset_us"]))
    confidence = float(row["confidence"]) if row["confidence"] else None
    face = int(row["face"])
    return CodedEvent(row["code"], row["side"], row["intensity"], *times, face=face, confidence=confidence)


def _summary(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AnalysisError(
            f"{folder.name} holds no readable summary.json: analyse the recording, or interpret it again."
        ) from error
    return found


def evidence_of_layer(
    events: Iterable[CodedEvent],
    spans: Sequence[tuple[int, int]],
    *,
    face: int = 0,
    step_us: int = 40_000,
) -> Evidence:
    """What a person coded, as if it were frames.

    Inside the coded stretches a code without an event was not there (0, without an interval: the coder looked);
    outside nothing is known. A letter says a fifth of the scale: its middle is the value and its ends are the
    interval. While 70, 71, 72 or 73 stands nothing is known of the codes that need the hidden part, and while 74
    stands nothing of any. An event of one side says 0 of the other; U (a side that is not said) leaves both sides
    unknown.

    Parameters
    ----------
    events : iterable of CodedEvent
        Of any face; rejected ones count for nothing.
    spans : sequence of (int, int)
        Coded stretches, microseconds, ascending and disjoint.
    face : int
        Whose events are taken.
    step_us : int
        Distance of the frames, microseconds.
    """
    times = [np.arange(start, end, step_us, dtype=np.int64) for start, end in spans]
    time_us = np.concatenate(times) if times else np.zeros(0, np.int64)
    own = clipped((event for event in events if event.face == face and not event.rejected), spans)
    sided = frozenset(sided_units())
    keys = [*GRADED, *(f"{code}_{side}" for code in GRADED if code in sided for side in "LR")]
    unknown: dict[str, list[slice]] = {}
    acting: dict[str, list[tuple[slice, tuple[float, float, float]]]] = {}
    quality = np.ones(len(time_us))
    for event in own:
        rows = slice(*np.searchsorted(time_us, (event.onset_us, event.offset_us + 1)).tolist())
        for key in _unknown_keys(event, keys):
            unknown.setdefault(key, []).append(rows)
        for key in _keys_of(event, sided):
            acting.setdefault(key, []).append((rows, _bin(event)))
        if event.code in _WHOLE_FACE:
            quality[rows] = np.nan
    low, middle, high = (_filled(len(time_us), keys, acting, unknown, end) for end in range(3))
    tiers = dict.fromkeys(GRADED, "human-coded")
    return Evidence(face, time_us, float(step_us), middle, low, high, own, quality, "coder", tiers)


def _filled(
    count: int,
    keys: Sequence[str],
    acting: Mapping[str, Sequence[tuple[slice, tuple[float, float, float]]]],
    unknown: Mapping[str, Sequence[slice]],
    end: int,
) -> dict[str, Float64]:
    """One end of every key's interval; keys without an event share their arrays, which an hour has room for."""
    shared: dict[tuple[tuple[int, int], ...], Float64] = {}
    out = {}
    for key in keys:
        hidden = tuple((rows.start, rows.stop) for rows in unknown.get(key, ()))
        if key not in acting and hidden in shared:
            out[key] = shared[hidden]
            continue
        array = np.zeros(count)
        for rows, ends in acting.get(key, ()):
            np.maximum(array[rows], ends[end], out=array[rows])
        for first, stop in hidden:
            array[first:stop] = np.nan
        array.flags.writeable = False
        out[key] = array
        if key not in acting:
            shared[hidden] = array
    return out


def _unknown_keys(event: CodedEvent, keys: Sequence[str]) -> Iterable[str]:
    """Keys of which nothing is known while an event stands."""
    if event.side == "unilateral":
        return [f"{event.code}_{side}" for side in "LR"]
    if event.code in _WHOLE_FACE:
        return keys
    hidden = _HIDES.get(event.code)
    if hidden is None:
        return ()
    return [key for key in keys if hidden.intersection(regions_of(key.split("_")[0], key.partition("_")[2]))]


def _bin(event: CodedEvent) -> tuple[float, float, float]:
    """Lower end, middle and upper end of an event's letter, 0–5."""
    if not event.intensity:
        return _UNGRADED
    at = LETTERS.index(event.intensity)
    return float(at), at + 0.5, at + 1.0


def _keys_of(event: CodedEvent, sided: frozenset[str]) -> tuple[str, ...]:
    if event.code not in GRADED:
        return ()
    if event.code not in sided or event.side == "unilateral":  # U: one side, and nobody says which
        return (event.code,)
    if event.side in SUFFIXES:
        return (event.code, event.code + SUFFIXES[event.side])
    return (event.code, f"{event.code}_L", f"{event.code}_R")
