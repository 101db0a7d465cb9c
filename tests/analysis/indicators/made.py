"""Result folders that tests make by hand, in the formats of the parts that write them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.facs.tables import EVENT_COLUMNS
from analysis.indicators import Allowed

CODES = ("1", "2", "4", "6", "12", "14", "24", "32", "45", "61", "62", "63", "64")
STEP_US = 100_000
RESEARCH = Allowed(frozenset({"video", "emotion", "indicators", "audio", "text"}), "research")


def folder(
    path: Path,
    *,
    seconds: float = 120.0,
    faces: int = 1,
    seen: np.ndarray | None = None,
    yaw: np.ndarray | float = 0.0,
    pitch: np.ndarray | float = 0.0,
    events: list[tuple] = (),
    half: float = 0.3,
    **codes: np.ndarray,
) -> Path:
    """Signals, events and summary; ``codes`` are intensities by name such as ``AU12``; 0 elsewhere.

    ``half`` is half of the intervals; events are (code, side, onset_us, offset_us) of face 0.
    """
    path.mkdir(parents=True, exist_ok=True)
    time_us = np.arange(0, round(seconds * 1e6), STEP_US, dtype=np.int64)
    n = len(time_us)
    seen = np.ones(n, bool) if seen is None else seen
    columns: dict[str, list[np.ndarray]] = {}
    for face in range(faces):
        own = {"time_us": time_us, "face": np.full(n, face, np.int16)}
        own["quality"] = np.where(seen, 0.9, np.nan)
        own["yaw_deg"], own["pitch_deg"] = (np.where(seen, np.zeros(n) + angle, np.nan) for angle in (yaw, pitch))
        for code in CODES:
            value = np.where(seen, codes.get(f"AU{code}", np.zeros(n)), np.nan)
            own[f"AU{code}"] = value
            if int(code) < 50:
                own[f"AU{code}_low"] = np.maximum(value - half, 0)
                own[f"AU{code}_high"] = np.minimum(value + half, 5)
        for name, array in own.items():
            columns.setdefault(name, []).append(array)
    table = {name: np.concatenate(arrays) for name, arrays in columns.items()}
    pq.write_table(pa.table(table), path / "signals.parquet")
    with (path / "events.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(EVENT_COLUMNS)
        for code, side, onset, offset in events:
            writer.writerow([code, side, "C", onset, (onset + offset) // 2, offset, 0.8, 0])
    aus = {"12": {"share": 0.2, "rate_per_min": 3.0}, "45": {"share": None, "rate_per_min": None}}
    summary = {"faces": [{"face": face, "aus": aus} for face in range(faces)], "tiers": {}}
    (path / "summary.json").write_text(json.dumps(summary))
    return path


def during(seconds: float, *stretches: tuple[float, float], high: float = 3.0) -> np.ndarray:
    """Intensities that stand in stretches (seconds), 0 elsewhere."""
    time = np.arange(0, round(seconds * 1e6), STEP_US) / 1e6
    out = np.zeros(len(time))
    for start, end in stretches:
        out[(time >= start) & (time < end)] = high
    return out


def states(path: Path, seconds: float, half: float = 0.1, face: int = 0, **curves) -> None:
    """``states.parquet``: 2 s windows every second; a curve is a number or a function of the middle in seconds."""
    starts = np.arange(0, round(seconds * 1e6) - 1_999_999, 1_000_000, dtype=np.int64)
    rows: dict[str, list] = {name: [] for name in ("face", "start_us", "end_us", "state", "value", "low", "high")}
    for name, curve in curves.items():
        for start in starts.tolist():
            value = curve(start / 1e6 + 1) if callable(curve) else float(curve)
            for key, entry in (
                ("face", face),
                ("start_us", start),
                ("end_us", start + 2_000_000),
                ("state", name),
            ):
                rows[key].append(entry)
            for key, off in (("value", 0.0), ("low", -half), ("high", half)):
                rows[key].append(value + off)
    rows["state"] = pa.array(rows["state"]).dictionary_encode()
    pq.write_table(pa.table(rows), path / "states.parquet")


def voice(path: Path, segments: list[tuple[float, float, str]], seconds: float, **curves) -> None:
    """``voice.json`` and ``voice.parquet`` (2 s windows every second)."""
    found = [
        {"start_us": round(start * 1e6), "end_us": round(end * 1e6), "speaker": who}
        for start, end, who in segments
    ]
    (path / "voice.json").write_text(json.dumps({"segments": found, "speakers": {"method": "one", "names": []}}))
    starts = np.arange(0, round(seconds * 1e6) - 1_999_999, 1_000_000, dtype=np.int64)
    middle = starts / 1e6 + 1
    columns: dict[str, object] = {"start_us": starts, "end_us": starts + 2_000_000}
    columns["speaker"] = [segments[0][2] if segments else ""] * len(starts)
    for name, curve in curves.items():
        values = np.array([curve(at) if callable(curve) else float(curve) for at in middle.tolist()])
        columns[name] = values
        if name == "arousal":
            columns |= {"arousal_low": values - 0.1, "arousal_high": values + 0.1}
    pq.write_table(pa.table(columns), path / "voice.parquet")


def text(path: Path, *units: tuple[float, float, dict[str, float]], speaker: str = "") -> None:
    """``text.json`` with units of (start, end, scores)."""
    rows = [
        {
            "start_us": round(start * 1e6),
            "end_us": round(end * 1e6),
            "speaker": speaker,
            "text": "…",
            "language": "en",
            "scores": scores,
            "top": [],
        }
        for start, end, scores in units
    ]
    (path / "text.json").write_text(json.dumps({"language": "en", "units": rows, "session": {}}))
