"""``states.parquet`` and ``states.json`` beside a run's other files, and back."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.emotion.figures import ALL, Candidate, Episode, Level, States, Windows
from analysis.facs.series import Float64
from analysis.facs.tables import replacing
from analysis.types import AnalysisError

TABLE: Final = "states.parquet"
TOLD: Final = "states.json"
SCHEMA: Final = 1
#: Columns of ``states.parquet``, in order.
COLUMNS: Final = ("face", "start_us", "end_us", "state", "value", "low", "high", "evidence", "abstained", "why")
_DIGITS: Final = 4

COVERS: Final = (
    "The 90 % interval of a window or of this recording holds what the scores' own errors leave open: where the "
    "share would lie if every Action Unit were known. The interval “expected” holds besides how the mean would "
    "come out on another stretch as long, of the same face in the same setting."
)
LEAVES_OUT: Final = (
    "It does not hold whether the catalogue's combinations mean what they are named after (the same movement has "
    "several meanings: Barrett et al. 2019, doi 10.1177/1529100619832930), whether scores learned on rendered "
    "faces are as good on people, what was never scored, nor the choice of weights. No value is a probability "
    "that somebody feels something. Valence and arousal are exploratory."
)


def write(folder: Path, faces: Sequence[States]) -> None:
    """Write the states of a run's faces; both files are replaced as wholes.

    Raises
    ------
    AnalysisError
        The folder cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"face": pa.int16(), "start_us": pa.int64(), "end_us": pa.int64(), "abstained": pa.bool_()}
    words = pa.dictionary(pa.int32(), pa.string())
    schema = pa.schema(
        [(name, kinds.get(name, words if name in {"state", "why"} else pa.float32())) for name in COLUMNS]
    )
    try:
        with replacing(folder / TABLE) as partial, pq.ParquetWriter(partial, schema, compression="zstd") as writer:
            for one in faces:
                writer.write_table(pa.table(_columns(one), schema=schema))
        content = {
            "schema": SCHEMA,
            "covers": COVERS,
            "leaves_out": LEAVES_OUT,
            "faces": [_plain(one) for one in faces],
        }
        with replacing(folder / TOLD) as partial:
            text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
            partial.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise AnalysisError(f"The states cannot be written to {folder}: {error.strerror or error}.") from error


def _columns(one: States) -> dict[str, Any]:
    """Windows in time, all states of a window together."""
    import pyarrow as pa

    count, kinds = len(one.start_us), len(ALL)

    def laid(values: list[Float64]) -> Float64:
        return np.stack(values, axis=1).ravel() if count else np.zeros(0)

    windows = [one.windows[name] for name in ALL]
    why = [windows[at].why[row] for row in range(count) for at in range(kinds)]
    return {
        "face": np.full(count * kinds, one.face, np.int16),
        "start_us": np.repeat(one.start_us, kinds),
        "end_us": np.repeat(one.end_us, kinds),
        "state": pa.array(list(ALL) * count, pa.string()).dictionary_encode(),
        **{
            name: laid([getattr(window, name) for window in windows]).astype(np.float32)
            for name in ("value", "low", "high", "evidence")
        },
        "abstained": np.array([bool(text) for text in why], bool),
        "why": pa.array(why, pa.string()).dictionary_encode(),
    }


def _plain(one: States) -> dict[str, Any]:
    return {
        "face": one.face,
        "origin": one.origin,
        "measured_s": _rounded(one.measured_s),
        "windows": len(one.start_us),
        "abstained": {
            name: _rounded(float(found.abstained.mean())) if len(found.why) else None
            for name, found in one.windows.items()
        },
        "session": {name: _level(found) for name, found in one.session.items()},
        "episodes": [_episode(found) for found in one.episodes],
        "about": dict(one.about),
    }


def _level(found: Level) -> dict[str, Any]:
    numbers = ("value", "low", "high", "expected_low", "expected_high", "evidence")
    return {name: _rounded(getattr(found, name)) for name in numbers} | {
        "why": found.why,
        "why_expected": found.why_expected,
    }


def _episode(found: Episode) -> dict[str, Any]:
    return {
        "start_us": found.start_us,
        "apex_us": found.apex_us,
        "end_us": found.end_us,
        "candidates": [
            {
                "state": one.state,
                **{name: _rounded(getattr(one, name)) for name in ("value", "low", "high")},
                "combinations": list(one.combinations),
                "codes": list(one.codes),
            }
            for one in found.candidates
        ],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, _DIGITS)


def read_states(folder: Path) -> tuple[States, ...]:
    """The states of a run's faces, as written; figures are rounded as in the files.

    Raises
    ------
    AnalysisError
        There are none, or they are not readable.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not (folder / TABLE).is_file() or not (folder / TOLD).is_file():
        raise AnalysisError(f"{folder.name} holds no states: compute them with `states`.")
    try:
        told = json.loads((folder / TOLD).read_text(encoding="utf-8"))
        table = pq.read_table(folder / TABLE)
        return tuple(_read(table, content) for content in told["faces"])
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise AnalysisError(f"The states in {folder.name} are not readable: compute them again.") from error


def _read(table: Any, told: Mapping[str, Any]) -> States:
    import pyarrow.compute as pc

    own = table.filter(pc.equal(table["face"], told["face"]))

    def column(name: str) -> Any:
        return own[name].to_numpy(zero_copy_only=False)

    states = np.asarray(column("state"), str)
    windows = {}
    for name in ALL:
        rows = np.flatnonzero(states == name)
        value, low, high, evidence = (
            np.asarray(column(one), np.float64)[rows] for one in ("value", "low", "high", "evidence")
        )
        windows[name] = Windows(
            value, low, high, evidence, tuple(np.asarray(column("why"), object)[rows].tolist())
        )
    first = np.flatnonzero(states == ALL[0])
    return States(
        told["face"],
        told["origin"],
        np.asarray(column("start_us"), np.int64)[first],
        np.asarray(column("end_us"), np.int64)[first],
        windows,
        {name: Level(**told["session"][name]) for name in ALL},
        tuple(_read_episodes(told["episodes"])),
        told["measured_s"],
        told["about"],
    )


def _read_episodes(told: Sequence[Mapping[str, Any]]) -> Iterator[Episode]:
    for one in told:
        candidates = tuple(
            Candidate(
                each["state"],
                each["value"],
                each["low"],
                each["high"],
                tuple(each["combinations"]),
                tuple(each["codes"]),
            )
            for each in one["candidates"]
        )
        yield Episode(one["start_us"], one["apex_us"], one["end_us"], candidates)
