"""From a transcript to ``text.json``: each unit's language, scores and what they say, and the session's means."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.text import meanings, session
from analysis.text.classifier import TextModel, default
from analysis.text.language import languages
from analysis.text.units import Transcript, Unit
from analysis.types import Float32

FORMAT: Final = 1
FILE: Final = "text.json"
UNKNOWN: Final = (
    "The language could not be told with any confidence. State it (--language on the command line) to get scores."
)


def result(
    transcript: Transcript, *, language: str = "", model: TextModel | None = None, seed: int = 0
) -> dict[str, Any]:
    """Score a transcript; the content of ``text.json``.

    Parameters
    ----------
    transcript : Transcript
    language : str
        ISO 639-1 code of the document's language if a person stated it; else it is detected.
    model : TextModel, optional
        The newest that came with the product if not given.
    seed : int
        Of the session's intervals.

    Raises
    ------
    ModelError
        The text model cannot be read.
    """
    model = model or default()
    texts = [unit.text for unit in transcript.units]
    told = languages(texts, stated=language)
    known = [number for number, code in enumerate(told.units) if code in model.languages]
    scores = np.full((len(texts), len(model.labels)), np.nan, np.float32)
    if known:
        scores[known] = model.score([texts[number] for number in known])
    units = [
        _unit(unit, code, row, model) for unit, code, row in zip(transcript.units, told.units, scores, strict=True)
    ]
    return {
        "format": FORMAT,
        "kind": transcript.kind,
        "language": told.document,
        "language_confidence": None if told.confidence is None else round(told.confidence, 3),
        "model": {
            "id": model.id,
            "version": model.version,
            "sha256": model.sha256,
            "languages": list(model.languages),
        },
        "units": units,
        "session": _session(scores, model, seed),
        "speakers": _speakers(transcript.units, scores, model, seed),
        "missing_states": dict(meanings.missing()),
        "warnings": [*transcript.warnings, *_warnings(told.document, len(known), len(texts), model)],
    }


def write(folder: Path, content: dict[str, Any]) -> Path:
    """Write ``text.json`` into a folder, which is made if need be."""
    from analysis.facs.tables import replacing

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    with replacing(path) as partial:
        partial.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _unit(unit: Unit, language: str | None, row: Float32, model: TextModel) -> dict[str, Any]:
    scored = bool(np.isfinite(row).all())
    out: dict[str, Any] = {
        "start_us": unit.start_us,
        "end_us": unit.end_us,
        "speaker": unit.speaker,
        "text": unit.text,
        "language": language,
        "scores": None,
        "top": [],
    }
    if not scored:
        out["why"] = UNKNOWN if language is None else f"The classifier does not know this language ({language})."
        return out
    out["scores"] = {label: round(float(p), 4) for label, p in zip(model.labels, row, strict=True)}
    out["top"] = model.top(row)
    out["states"] = {state: round(p, 4) for state, p in meanings.states(model.labels, row).items()}
    out["valence"] = round(float(meanings.valences(model.labels, row[None])[0]), 4)
    return out


def _session(scores: Float32, model: TextModel, seed: int) -> dict[str, Any]:
    rows = scores[np.isfinite(scores).all(1)]
    states = [meanings.states(model.labels, row) for row in rows]
    names = sorted({entry.state for entry in meanings.meanings().values() if entry.state})
    by_state = np.array([[state[name] for name in names] for state in states], np.float32).reshape(-1, len(names))
    valence = meanings.valences(model.labels, rows)[:, None] if len(rows) else np.zeros((0, 1), np.float32)
    return {
        "units": len(scores),
        "scored": len(rows),
        "labels": session.summary(list(model.labels), rows, seed=seed),
        "states": session.summary(names, by_state, seed=seed),
        "valence": session.summary(["valence"], valence, seed=seed)["valence"],
        "interval": 0.9,
        "seed": seed,
        "covers": session.COVERS,
    }


def _speakers(units: Sequence[Unit], scores: Float32, model: TextModel, seed: int) -> dict[str, Any]:
    names = list(dict.fromkeys(unit.speaker for unit in units))
    if len(names) < 2:
        return {}
    return {
        name: _session(scores[[unit.speaker == name for unit in units]], model, seed) for name in names if name
    }


def _warnings(document: str | None, scored: int, count: int, model: TextModel) -> list[str]:
    if scored == count:
        return []
    known = ", ".join(model.languages)
    if document is None:
        return [UNKNOWN]
    if scored == 0:
        return [f"The language is {document}; the classifier knows only {known}, so nothing is scored."]
    missed = count - scored
    units = "One unit is" if missed == 1 else f"{missed} units are"
    return [f"{units} in another language than the classifier knows ({known}), or in none that could be told."]
