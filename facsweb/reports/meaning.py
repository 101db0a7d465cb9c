"""What a report says beyond single Action Units: combinations as signed, states and indicators as read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from analysis.facs.combinations import Found, catalogue, find, parse
from analysis.facs.evidence import evidence_of_layer
from analysis.indicators.permission import refusals
from analysis.types import AnalysisError
from facsweb.coding.models import Layer
from facsweb.coding.values import coded_layer
from facsweb.meaning import hooks, inputs, services, whose
from facsweb.meaning.formula_words import which
from facsweb.meaning.lanes import STATEMENT
from facsweb.meaning.session import NEUTRAL_WORDS, Files
from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import Participant, Scope

#: Distance of the moments at which a coding is looked at, microseconds: shorter than the shortest coded event that
#: is not a blink, and an hour takes a second.
STEP_US: Final = 40_000
#: What is kept of an indicator's input.
_INPUT: Final = (
    *("id", "label", "unit", "value", "low", "high", "missing"),
    *("weight", "direction", "anchors", "points", "most"),
)
NOT_CALIBRATED: Final = "Not calibrated for the participant’s cohort."
NO_COHORT: Final = "No cohort calibration was applied."


def section(layer: Layer) -> dict[str, Any] | None:
    """The section of a report; None where the participant did not agree to the estimation of states.

    Combinations are found in what the coder signed. States rest on the machine's signals, which nobody corrected,
    and are those of the newest finished reading of the analysis.
    """
    participant = layer.run.recording.participant
    if Scope.EMOTION not in inputs.allowed_scopes(participant):
        return None
    reading = services.latest(layer.run)
    section = {
        "statement": STATEMENT,
        "combinations": combinations(layer),
        "states": [],
        "indicators": None,
        "reading": None,
        "covers": "",
        "calibration": calibration(participant),
    }
    if reading is not None:
        files = Files(services.folder(reading))
        told = files.json("states.json") or {}
        section |= {"states": states(told), "covers": told.get("covers", "")}
        section["indicators"] = indicators(files, reading.inputs.get("indicators"), *_now(layer.run))
        section["reading"] = {"id": str(reading.pk), "versions": reading.summary.get("versions", {})}
    return section


def combinations(layer: Layer) -> list[dict[str, Any]]:
    """Combinations in a coding, face by face, by how long they stand; blinks and the like are left out."""
    coded = coded_layer(layer)
    wanted = [*catalogue(), *(parse(one.definition) for one in inputs.own_combinations(layer.study))]
    rows = []
    for face in sorted({event.face for event in coded.events if not event.rejected}):
        evidence = evidence_of_layer(coded.events, coded.spans, face=face, step_us=STEP_US)
        by: dict[str, list[Found]] = {}
        for one in find(evidence, wanted):
            if one.kind != "action":
                by.setdefault(one.combination, []).append(one)
        rows += [_row(face, found) for found in by.values()]
    grades = {one.id: one.grade for one in wanted}
    rows = [row | {"grade": grades[row["id"]]} for row in rows]
    return sorted(rows, key=lambda row: (row["face"], -row["seconds"], row["id"]))


def _row(face: int, found: list[Found]) -> dict[str, Any]:
    longest = max(found, key=lambda one: (one.offset_us - one.onset_us, -one.onset_us))
    seconds = sum(one.offset_us - one.onset_us for one in found) / 1e6
    return {
        "face": face,
        "id": longest.combination,
        "name": longest.name,
        "count": len(found),
        "seconds": round(seconds, 2),
        "at_us": longest.onset_us,
        "codes": longest.codes,
    }


def states(told: dict[str, Any]) -> list[dict[str, Any]]:
    """Session values of every face in a ``states.json``, the largest first; what has no value says why."""
    out = []
    for face in told.get("faces", ()):
        rows = [
            {"name": NEUTRAL_WORDS.get(name, name), **{key: one[key] for key in ("value", "low", "high", "why")}}
            for name, one in face["session"].items()
        ]
        ranked = sorted(rows, key=lambda row: (row["value"] is None, -(row["value"] or 0)))
        out.append({"face": face["face"], "measured_s": face["measured_s"], "rows": ranked})
    return out


def _now(run: AnalysisRun) -> tuple[Collection[int], list[str]]:
    """Whose faces may be shown at this moment, and why no indicator may have a value: a reading can be older."""
    participant = run.recording.participant
    allowed = inputs.permission_now(participant)
    try:
        return whose.of_run(run).people.keys(), refusals(allowed)
    except AnalysisError:  # its results are gone
        return (), refusals(allowed)


def indicators(
    files: Files, numbers: Mapping[str, int] | None, shown: Collection[int], refused: Sequence[str] = ()
) -> dict[str, Any] | None:
    """Indicators of every face of a reading, with formula and decomposition; None where none were read.

    Parameters
    ----------
    files : Files
    numbers : mapping of str to int or None
        The study's own versions of formulas that the reading used, by indicator.
    shown : collection of int
        Faces of people who agree.
    refused : sequence of str
        Why none may have a value any more.
    """
    told = files.json("indicators.json") or {"faces": ()}
    without = {"value": None, "low": None, "high": None, "why": list(refused), "inputs": []} if refused else {}
    faces = [
        {"face": face["face"], "list": [_indicator(one | without, numbers) for one in face["indicators"]]}
        for face in told["faces"]
        if face["face"] in shown
    ]
    if not faces:
        return None
    return {key: told.get(key, "") for key in ("statement", "word", "covers")} | {"faces": faces}


def _indicator(told: Mapping[str, Any], numbers: Mapping[str, int] | None) -> dict[str, Any]:
    rows = [{key: row[key] for key in _INPUT} for row in told["inputs"]]
    about = {key: told[key] for key in ("id", "name", "note", "value", "low", "high", "why")}
    return {**about, "formula": which(told, numbers), "inputs": rows}


def calibration(participant: Participant) -> str:
    """What was calibrated on whom, in a sentence."""
    name, content = hooks.calibration(participant)
    if content is None:
        return NO_COHORT
    if not content.calibrated:
        return f"{NOT_CALIBRATED} {content.why}".strip()
    people = f"{content.participants} participants, {content.events} coded events"
    return f"Calibrated for the participant’s cohort ({name}: {people})."
