"""A reading as lanes of the timeline: stretches with words, and curves with their intervals (`lane-items.js`)."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from django.urls import reverse

from facsweb.coding.sight import hides
from facsweb.meaning import inputs, services
from facsweb.meaning.models import Reading
from facsweb.meaning.presentation import why_no_names, why_no_speakers
from facsweb.runs.hooks import why_hidden
from facsweb.runs.models import AnalysisRun
from facsweb.studies import access

#: Above everything that is shown of a reading.
STATEMENT: Final = (
    "Supportive indicators of what face, voice and words show. They do not say what the person felt or thought, "
    "and they are never a diagnosis. People decide."
)
NOTES: Final = {
    "combinations": "Combinations of Action Units that the literature describes. The same one can have several "
    "meanings; what it meant here, people decide.",
    "states": "How well the face’s Action Units fit what the literature lists for a state, against the others and "
    "none. It is not the probability that the person felt it.",
    "engagement": "Presence, direction of head and gaze, expressivity, speech: 0–100. A formula of ours.",
    "speech": "Where somebody speaks. Mouth units count for less there: speech is not an expression.",
    "pitch": "Pitch of the voice against the speaker’s usual one; in Hz where that is not known.",
    "tone": "How aroused the voice sounds against the speaker’s own usual voice, 0–1. Not whether it is pleasant.",
    "words": "What is said, and which of 27 feelings readers would find in the words.",
    "channels": "Where face, voice and words say the same or not. It is nobody’s verdict: look for yourself.",
    "markers": "Tasks, questions and scenes, marked by people.",
}


def of_run(user: Any, run: AnalysisRun) -> dict[str, str] | None:
    """Where the review page finds the lanes; None for whoever must not see them."""
    if run.state != AnalysisRun.State.SUCCEEDED or hides(user, run) or why_hidden(user, run):
        return None
    more = reverse("meaning:session", args=[run.pk]) if access.may(user, "meaning:session", run) else ""
    speakers = "" if why_no_names(run.recording) else reverse("meaning:speakers", args=[run.pk])
    return {
        "url": reverse("meaning:lanes", args=[run.pk]),
        "more": more,
        "markers": reverse("meaning:markers", args=[run.pk]),
        "speakers": speakers,
        "why_no_marks": why_no_speakers(run.recording),
    }


def lanes(reading: Reading, face: int, markers: Sequence[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
    """Every lane of a face that the reading has something for."""
    folder = services.folder(reading)
    found = [
        _markers(markers),
        _combinations(folder, face),
        _states(folder, face),
        _engagement(folder, face) if inputs.kept_indicators(reading) else None,
        *_voice(folder, face),
        _words(folder),
        _channels(folder, face),
    ]
    return [lane for lane in found if lane is not None]


def _spans(id: str, name: str, items: Iterable[dict[str, Any]], note: str = "") -> dict[str, Any]:
    ordered = sorted(items, key=lambda item: (item["from"], item["to"]))
    return {"id": id, "name": name, "kind": "spans", "note": note or NOTES[id], "items": ordered}


def _markers(marks: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    if not marks:
        return None
    items = [
        {
            "from": mark["start_us"],
            "to": mark["end_us"] or mark["start_us"],
            "label": mark["name"],
            "lines": [mark["kind"]],
            "tone": "mark",
        }
        for mark in marks
    ]
    return _spans("markers", "Markers", items)


def percent(value: float) -> str:
    """A share as people read it."""
    return f"{100 * value:.0f} %"


def _combinations(folder: Path, face: int) -> dict[str, Any] | None:
    path = folder / "combinations.csv"
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if int(row["face"]) == face]
    return _spans("combinations", "Combinations", [_combination(row) for row in rows])


def _combination(row: Mapping[str, str]) -> dict[str, Any]:
    confidence = float(row["confidence"])
    lines = [row["codes"], f"confidence {percent(confidence)} of the measurement"]
    return {
        "from": int(row["onset_us"]),
        "to": int(row["offset_us"]),
        "at": int(row["apex_us"]),
        "label": row["name"],
        "lines": lines,
        "tone": "" if confidence >= 0.5 else "faint",
    }


def _states(folder: Path, face: int) -> dict[str, Any] | None:
    told = _json(folder / "states.json")
    if told is None:
        return None
    own = next((one for one in told["faces"] if one["face"] == face), None)
    return None if own is None else _spans("states", "States", [_episode(one) for one in own["episodes"]])


def _episode(episode: Mapping[str, Any]) -> dict[str, Any]:
    first = episode["candidates"][0]
    lines = [
        f"{one['state']} {percent(one['value'])} ({percent(one['low'])} to {percent(one['high'])})"
        for one in episode["candidates"]
    ]
    codes = " + ".join(first.get("codes", ()))
    return {
        "from": episode["start_us"],
        "to": episode["end_us"],
        "at": episode.get("apex_us", episode["start_us"]),
        "label": f"{first['state']} {percent(first['value'])}",
        "lines": [*lines, *([f"from {codes}"] if codes else [])],
    }


def _engagement(folder: Path, face: int) -> dict[str, Any] | None:
    columns = _columns(folder / "engagement.parquet", ("face", "start_us", "end_us", "value", "low", "high"))
    if columns is None:
        return None
    kept = [index for index, number in enumerate(columns["face"]) if number == face]
    if not kept:  # nobody agreed to it, or the law prohibits it
        return None
    chosen = {name: [values[index] for index in kept] for name, values in columns.items()}
    return _curve("engagement", "Engagement", chosen, ("value", "low", "high"), range_=(0, 100), unit="of 100")


def _voice(folder: Path, face: int) -> list[dict[str, Any] | None]:
    told = _json(folder / "voice.json")
    if told is None:
        return []
    several = len({segment["speaker"] for segment in told["segments"]} - {None}) > 1
    speech = [
        {
            "from": segment["start_us"],
            "to": segment["end_us"],
            "label": f"Speaker {segment['speaker']}" if several and segment["speaker"] else "speech",
        }
        for segment in told["segments"]
    ]
    found: list[dict[str, Any] | None] = [_spans("speech", "Speech", speech)]
    names = (
        "start_us",
        "end_us",
        "pitch_hz",
        "pitch_semitones",
        "arousal",
        "arousal_low",
        "arousal_high",
        "speaker",
    )
    columns = _columns(folder / "voice.parquet", names)
    for who, own in _by_speaker(columns, _own_voice(folder, face)).items() if columns is not None else ():
        found += _tone(own, who)
    return found


def _own_voice(folder: Path, face: int) -> list[str]:
    """Names of the face's speaker in the voice; empty where nobody is said to be it, or nobody else speaks."""
    told = _json(folder / "channels.json") or {}
    one = next((one for one in told.get("faces", ()) if one["face"] == face), {})
    return one.get("speaker", {}).get("voice") or []


def _by_speaker(columns: dict[str, list[Any]], own: Sequence[str]) -> dict[str, dict[str, list[Any]]]:
    """The face's own windows under no name; while it is not said whose they are, everybody's under their names."""
    speakers = list(dict.fromkeys(columns["speaker"]))
    groups = {"": own} if own else {name: [name] for name in speakers} if len(speakers) > 1 else {"": speakers}
    found = {}
    for who, names in groups.items():
        kept = [index for index, name in enumerate(columns["speaker"]) if name in names]
        found[who] = {key: [values[index] for index in kept] for key, values in columns.items()}
    return found


def _tone(columns: Mapping[str, Sequence[Any]], who: str) -> list[dict[str, Any] | None]:
    """Pitch and tone of one speaker."""
    semitones, hertz = {"range_": (-8, 8), "unit": "semitones"}, {"range_": (60, 400), "unit": "Hz"}
    ends = ("arousal", "arousal_low", "arousal_high")
    lanes = [
        # in Hz where there is too little speech to know the speaker's usual pitch
        _curve("pitch", "Pitch", columns, ("pitch_semitones",), **semitones)
        or _curve("pitch", "Pitch", columns, ("pitch_hz",), **hertz),
        _curve("tone", "Tone of voice", columns, ends, range_=(0, 1), unit="of 1"),
    ]
    if not who:
        return lanes
    return [lane and lane | {"id": f"{lane['id']}-{who}", "name": f"{lane['name']}, {who}"} for lane in lanes]


def _words(folder: Path) -> dict[str, Any] | None:
    told = _json(folder / "text.json")
    if told is None:
        return None
    items = [_unit(unit) for unit in told["units"] if unit["start_us"] is not None and unit["end_us"] is not None]
    return _spans("words", "Words", items) if items else None


def _unit(unit: Mapping[str, Any]) -> dict[str, Any]:
    scores = unit.get("scores") or {}
    top = [f"{label} {percent(scores[label])}" for label in unit.get("top", ()) if label in scores]
    who = f"{unit['speaker']}: " if unit.get("speaker") else ""
    return {
        "from": unit["start_us"],
        "to": unit["end_us"],
        "label": f"{who}{unit['text']}",
        "lines": top or (["no feeling stands out"] if scores else [unit.get("why") or "not scored"]),
        "tone": "" if top else "faint",
    }


def _channels(folder: Path, face: int) -> dict[str, Any] | None:
    told = _json(folder / "channels.json")
    if told is None:
        return None
    rows = told["stretches"] if isinstance(told, dict) else told
    items = [
        {
            "from": row["start_us"],
            "to": row["end_us"],
            "label": row["kind"],
            "lines": [row["words"]],
            "tone": "mark" if row["kind"] == "contradict" else "",
        }
        for row in rows
        if row.get("face", face) == face
    ]
    return _spans("channels", "Channels", items) if items else None


def _curve(
    id: str,
    name: str,
    columns: Mapping[str, Sequence[Any]],
    names: Sequence[str],
    *,
    range_: tuple[float, float],
    unit: str,
) -> dict[str, Any] | None:
    values = [[_number(value) for value in columns[key]] for key in names]
    if all(value is None for value in values[0]):
        return None
    times = [(start + end) // 2 for start, end in zip(columns["start_us"], columns["end_us"], strict=True)]
    lane = {"id": id, "name": name, "kind": "curve", "note": NOTES[id], "unit": unit, "range": list(range_)}
    return {**lane, "times": times, **dict(zip(("values", "low", "high"), values, strict=False))}


def _number(value: Any) -> float | None:
    return None if value is None or math.isnan(value) else round(float(value), 3)


def _columns(path: Path, names: Sequence[str]) -> dict[str, list[Any]] | None:
    import pyarrow.parquet as pq

    if not path.is_file():
        return None
    return pq.read_table(path, columns=list(names)).to_pydict()


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
