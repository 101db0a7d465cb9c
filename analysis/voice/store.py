"""What is known of a recording's voices, and its files: ``voice.parquet``, ``voice.json``, ``pitch.parquet``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from analysis.facs.tables import replacing
from analysis.types import AnalysisError, Float32

SCHEMA: Final = 1
WINDOWS: Final = "voice.parquet"
ABOUT: Final = "voice.json"
PITCH: Final = "pitch.parquet"
#: Columns of ``voice.parquet``, in order.
COLUMNS: Final = (
    "start_us",
    "end_us",
    "speaker",
    "speech_share",
    "pitch_hz",
    "pitch_semitones",
    "pitch_range_st",
    "loudness_db",
    "rate_per_s",
    "pause_share",
    "jitter",
    "shimmer",
    "hnr_db",
    "slope_db_oct",
    "arousal",
    "arousal_low",
    "arousal_high",
)
_TYPES: Final = {"start_us": pa.int64(), "end_us": pa.int64(), "speaker": pa.string()}
_SCHEMA: Final = pa.schema([(name, _TYPES.get(name, pa.float32())) for name in COLUMNS])
_PITCH_SCHEMA: Final = pa.schema([("time_us", pa.int64()), ("pitch_hz", pa.float32()), ("voicing", pa.float32())])

Segment = tuple[int, int, str | None]
NO_SOUND: Final = "There is no sound in this recording, so nothing is said about the voice."


@dataclass(frozen=True, slots=True)
class Voice:
    """The voices of one recording.

    Attributes
    ----------
    sound : bool
        Whether the recording has any.
    seconds : float
        Length of the sound.
    segments : tuple of (start_us, end_us, speaker)
        Speech, ascending; the speaker is None where nobody said who.
    pauses : tuple of (start_us, end_us, speaker)
    method : str
        How the speakers were told apart: ``hand``, ``channels``, ``one`` (not at all).
    speakers : tuple of str
    baseline : mapping of speaker to mapping
        ``seconds`` of speech and ``usual``: for each measure ``median``, ``spread``, ``windows``; empty below 20
        s.
    windows : mapping of column to array
        `COLUMNS`, each of shape (w,); ``speaker`` holds str, times int64, all others float32 with NaN for absent.
    warnings : tuple of str
    versions : mapping
    """

    sound: bool
    seconds: float
    segments: tuple[Segment, ...]
    pauses: tuple[tuple[int, int, str], ...]
    method: str
    speakers: tuple[str, ...]
    baseline: Mapping[str, Mapping[str, Any]]
    windows: Mapping[str, NDArray[Any]]
    warnings: tuple[str, ...]
    versions: Mapping[str, str]

    def __post_init__(self) -> None:
        if tuple(self.windows) != COLUMNS or len({len(values) for values in self.windows.values()}) != 1:
            raise ValueError("windows: expected the columns of voice.parquet, all of one length")
        if any(start >= end for start, end, _ in self.segments):
            raise ValueError("segments end after they start")
        if any(b[0] < a[1] for a, b in zip(self.segments, self.segments[1:], strict=False)):
            raise ValueError("segments follow one another")

    def speech(self, speaker: str | None = None) -> list[tuple[int, int]]:
        """Stretches of speech, microseconds: of everybody (neighbours joined), or of one speaker."""
        out: list[tuple[int, int]] = []
        for start, end, who in self.segments:
            if speaker is not None and who != speaker:
                continue
            if out and out[-1][1] == start:
                out[-1] = out[-1][0], end
            else:
                out.append((start, end))
        return out

    def about(self) -> dict[str, Any]:
        """The content of ``voice.json``."""
        return {
            "schema": SCHEMA,
            "sound": self.sound,
            "seconds": round(self.seconds, 3),
            "segments": [_span(one) for one in self.segments],
            "pauses": [_span(one) for one in self.pauses],
            "speakers": {"method": self.method, "names": list(self.speakers)},
            "baseline": {name: _rounded(one) for name, one in self.baseline.items()},
            "warnings": list(self.warnings),
            "versions": dict(self.versions),
        }


def nothing() -> dict[str, NDArray[Any]]:
    """Windows of a recording without any."""
    kinds = {"start_us": np.int64, "end_us": np.int64, "speaker": object}
    return {name: np.zeros(0, kinds.get(name, np.float32)) for name in COLUMNS}


def write(folder: Path, voice: Voice, time_us: NDArray[np.int64], pitch_hz: Float32, voicing: Float32) -> None:
    """Write the three files, each whole or not at all; ``voice.json`` last.

    Raises
    ------
    AnalysisError
        The folder cannot be written.
    """
    table = pa.Table.from_arrays(
        [pa.array(voice.windows[name].tolist(), _SCHEMA.field(name).type) for name in COLUMNS], schema=_SCHEMA
    )
    contour = pa.Table.from_arrays(
        [pa.array(values) for values in (time_us, pitch_hz, voicing)], schema=_PITCH_SCHEMA
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in ((WINDOWS, table), (PITCH, contour)):
            with replacing(folder / name) as partial:
                pq.write_table(content, partial, compression="zstd")
        with replacing(folder / ABOUT) as partial:
            text = json.dumps(voice.about(), indent=1, ensure_ascii=False, allow_nan=False)
            partial.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise AnalysisError(f"{folder} cannot be written: {error.strerror}.") from error


def read_voice(folder: Path) -> Voice | None:
    """What `write` stored; None where the voice was not analysed.

    Raises
    ------
    AnalysisError
        The files are damaged.
    """
    try:
        told = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        table = pq.read_table(folder / WINDOWS, schema=_SCHEMA)
        windows = {
            name: np.asarray(table[name].to_pylist(), object) if name == "speaker" else table[name].to_numpy()
            for name in COLUMNS
        }
        return Voice(
            sound=told["sound"],
            seconds=told["seconds"],
            segments=tuple((one["start_us"], one["end_us"], one["speaker"]) for one in told["segments"]),
            pauses=tuple((one["start_us"], one["end_us"], one["speaker"]) for one in told["pauses"]),
            method=told["speakers"]["method"],
            speakers=tuple(told["speakers"]["names"]),
            baseline=told["baseline"],
            windows=windows,
            warnings=tuple(told["warnings"]),
            versions=told["versions"],
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise AnalysisError(f"The results of the voice in {folder.name} are damaged: analyse it again.") from error


def read_pitch(folder: Path) -> tuple[NDArray[np.int64], Float32, Float32] | None:
    """Times (µs), pitch (Hz, NaN unvoiced) and voicing (0–1) every 16 ms; None where there is no such file.

    Raises
    ------
    AnalysisError
        The file is damaged.
    """
    try:
        table = pq.read_table(folder / PITCH, schema=_PITCH_SCHEMA)
    except FileNotFoundError:
        return None
    except (OSError, pa.ArrowException) as error:
        raise AnalysisError(f"The pitch in {folder.name} is damaged: analyse it again.") from error
    time_us, pitch_hz, voicing = (table[name].to_numpy() for name in _PITCH_SCHEMA.names)
    return time_us, pitch_hz, voicing


def _span(one: Sequence[Any]) -> dict[str, Any]:
    return {"start_us": int(one[0]), "end_us": int(one[1]), "speaker": one[2]}


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, float):
        return float(f"{value:.5g}") if math.isfinite(value) else None
    return value
