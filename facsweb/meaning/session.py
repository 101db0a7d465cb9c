"""What the page about a session shows of one face: figures with intervals, each with its way to the frames."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from facsweb.meaning import heat, inputs, services
from facsweb.meaning.formula_words import which
from facsweb.meaning.models import Reading

#: Rows of the session table that are not states.
SCALES: Final = ("valence", "arousal")
_STILL: Final = ("neutral", "other")
NEUTRAL_WORDS: Final = {"neutral": "neutral (no movement)", "other": "other (movement that fits no state)"}
_SHOWN_FIRST: Final = 3
#: A state whose interval stays below this is told in one line with the others.
_NOTHING: Final = 0.01


@dataclass(frozen=True)
class Files:
    """A finished reading's files, read when they are asked for."""

    folder: Path

    def json(self, name: str) -> Any:
        path = self.folder / name
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    def face(self, name: str, face: int) -> Any:
        """The part of a file that is about one face."""
        told = self.json(name)
        return None if told is None else next((one for one in told["faces"] if one["face"] == face), None)


def context(reading: Reading, face: int) -> dict[str, Any]:
    """Everything for the template."""
    files = Files(services.folder(reading))
    about = reading.summary
    own = next((one for one in about.get("faces", ()) if one["face"] == face), None)
    states, channels = files.face("states.json", face), files.face("channels.json", face)
    rows = _states(states)
    nothing = [row for row in rows if row["key"] not in _STILL and _is_nothing(row)]
    return {
        "face": face,
        "faces": [one["face"] for one in about.get("faces", ())],
        "states": [row for row in rows if row not in nothing],
        "nothing": [row["name"] for row in nothing],
        "scales": _scales(states),
        "states_about": (states or {}).get("about", {}),
        "covers": files.json("states.json") or {},
        "combinations": combinations(files.folder, face),
        "moments": (own or {}).get("moments", ()),
        "together": heat.together(own),
        "indicators": indicators(files, face, reading.inputs.get("indicators"))
        if inputs.kept_indicators(reading)
        else None,
        "voice": _voice(files, _speaker(channels)),
        "words": _words(files, _speaker(channels)),
        "channels": channels,
        "cohort": (own or {}).get("cohort"),
        "versions": about.get("versions", {}),
        "plots": plots(files, face, states),
    }


def _states(told: Any) -> list[dict[str, Any]]:
    """Session values, the largest first; what has no value last, with the reason."""
    if told is None:
        return []
    rows = [
        {"name": NEUTRAL_WORDS.get(name, name), "key": name, "silent": told["abstained"].get(name, 0), **one}
        for name, one in told["session"].items()
        if name not in SCALES
    ]
    return sorted(rows, key=lambda row: (row["value"] is None, row["key"] in _STILL, -(row["value"] or 0)))


def _is_nothing(row: dict[str, Any]) -> bool:
    return row["value"] is not None and row["high"] < _NOTHING and row["silent"] == 0 and row["evidence"] == 1


def _scales(told: Any) -> list[dict[str, Any]]:
    return [] if told is None else [{"name": name, **told["session"][name]} for name in SCALES]


def combinations(folder: Path, face: int) -> list[dict[str, Any]]:
    """Combinations by how much of the time they stand; each with its strongest moment."""
    from analysis.facs.combinations import read_combinations

    by: dict[str, list[Any]] = defaultdict(list)
    for one in read_combinations(folder):
        if one.face == face:
            by[one.combination].append(one)
    rows = []
    for key, found in by.items():
        best = max(found, key=lambda one: (one.confidence * one.strength, -one.onset_us))
        seconds = sum(one.offset_us - one.onset_us for one in found) / 1e6
        row = {"key": key, "name": best.name, "group": best.group, "count": len(found), "seconds": seconds}
        rows.append(row | {"best": best, "micro": sum(one.micro for one in found)})
    return sorted(rows, key=lambda row: (row["group"] == "confounder", -row["seconds"]))


def indicators(files: Files, face: int, numbers: Mapping[str, int] | None) -> dict[str, Any] | None:
    """The indicators of a face, each with which formula it was computed with; None where none were computed.

    Parameters
    ----------
    files : Files
    face : int
    numbers : mapping of str to int or None
        The study's own versions that the reading used, by indicator.
    """
    told = files.json("indicators.json")
    if told is None:
        return None
    own = next((one for one in told.get("faces", ()) if one["face"] == face), None)
    shown = []
    for one in (own or {}).get("indicators", ()):
        labels = {entry["id"]: entry["label"] for entry in one["inputs"]}
        inputs = [
            entry | {"share": entry["points"] / entry["most"] if entry["most"] else 0} for entry in one["inputs"]
        ]
        moved = [entry | {"label": labels[entry["input"]]} for entry in one["sensitivity"]]
        shown.append({**one, "inputs": inputs, "sensitivity": moved, "formula": which(one, numbers)})
    keys = ("statement", "word", "covers", "sources", "why")
    return {"list": shown, **{key: told.get(key) for key in keys}}


def indicators_in_short(reading: Reading, face: int) -> dict[str, Any] | None:
    """The same for the review page's drawer: values with their intervals, or why there is none."""
    if not inputs.kept_indicators(reading):
        return None
    told = indicators(Files(services.folder(reading)), face, reading.inputs.get("indicators"))
    if told is None or not told["list"]:
        return None
    keys = ("name", "word", "value", "low", "high", "why")
    short = [
        {key: one[key] for key in keys} | {"formula": f"{one['formula'][:1].upper()}{one['formula'][1:]}."}
        for one in told["list"]
    ]
    return {"statement": told["statement"], "list": short}


def _speaker(channels: Any) -> list[str]:
    """Names of the face's person in voice and words; empty where nobody said any, or there is no choice."""
    names: list[str] = (channels or {}).get("speaker", {}).get("names", [])
    return names


def _voice(files: Files, own: Sequence[str]) -> dict[str, Any] | None:
    """Speech of the face's person; of everybody who speaks, with their number, where nobody said who that is."""
    told = files.json("voice.json")
    if told is None:
        return None
    heard = {one["speaker"] for one in told["segments"]} - {None}
    mine = [one for one in told["segments"] if one["speaker"] in own] if heard & set(own) else None
    segments = told["segments"] if mine is None else mine
    seconds = sum(one["end_us"] - one["start_us"] for one in segments) / 1e6
    people = len(heard) if mine is None else 1
    return {"segments": len(segments), "seconds": seconds, "warnings": told.get("warnings", ()), "people": people}


def _words(files: Files, own: Sequence[str]) -> dict[str, Any] | None:
    """What the words of the face's person read as, by name; of everybody where nobody said who that is."""
    told = files.json("text.json")
    if told is None:
        return None
    by_name = told.get("speakers", {})
    if own and by_name:
        shown = [(name, one) for name, one in by_name.items() if name in own]
    else:
        shown = [("", told["session"])]
    people = [
        {"name": name, "units": one["units"], "scored": one["scored"], "labels": _ranked(one)}
        for name, one in shown
    ]
    return {"people": people, "several": len(by_name) > 1 and not own, "warnings": told["warnings"]}


def _ranked(session: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The six labels with the largest means."""
    named = [(label, one) for label, one in session["labels"].items() if one["mean"] is not None]
    return sorted(named, key=lambda item: -item[1]["mean"])[:6]


def plots(files: Files, face: int, states: Any) -> dict[str, Any] | None:
    """Windows of every state as plain lists, and which are shown at first."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    path = files.folder / "states.parquet"
    if states is None or not path.is_file():
        return None
    columns = ["start_us", "end_us", "state", "value", "low", "high"]
    table = pq.read_table(path, columns=columns, filters=pc.field("face") == face)
    curves: dict[str, dict[str, list[Any]]] = {}
    for row in table.to_pylist():
        curve = curves.setdefault(row["state"], {"at": [], "value": [], "low": [], "high": []})
        curve["at"].append((row["start_us"] + row["end_us"]) // 2)
        for name in ("value", "low", "high"):
            value = row[name]
            curve[name].append(None if value is None or value != value else round(value, 4))
    ranked = [row["key"] for row in _states(states) if row["key"] not in _STILL and (row["high"] or 0) >= _NOTHING]
    return {"curves": curves, "shown": ranked[:_SHOWN_FIRST] or ["neutral"]}
