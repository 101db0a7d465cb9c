"""A reading as plain values, less what may not be shown; signals as a text table."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from facsweb.meaning import inputs, lanes, services, whose
from facsweb.meaning.models import Reading
from facsweb.meaning.presentation import words_of
from facsweb.meaning.session import Files
from facsweb.runs.models import AnalysisRun
from facsweb.studies import law
from facsweb.studies.models import Participant, Scope
from facsweb.studies.services import missing_scopes

_NUMBERS: Final = ("value", "low", "high")


def reading_out(run: AnalysisRun) -> dict[str, Any]:
    """The newest reading of a finished run, face by face.

    Every face is somebody's: what that person's present consent or the law does not allow is left out, whatever an
    earlier reading found.
    """
    reading, active = services.latest(run), services.active(run)
    people = whose.of_run(run)
    withheld = [*people.notes, *_prohibited(run)]
    told = []
    kept = reading is None or inputs.kept_indicators(reading)
    if not kept:
        withheld.append("Indicators were read before consent to them was asked for; read the analysis again.")
    for face, person in sorted(people.people.items()):
        may_indicate = not missing_scopes(person, [Scope.INDICATORS])
        if not may_indicate:
            withheld.append(f"Face {face + 1}: {person.code} did not agree to indicators.")
        if reading is not None:
            told.append(_face(reading, face, may_indicate and kept))
    return {
        "run": run.pk,
        "reading": reading.pk if reading else None,
        "state": words_of(run, reading, active),
        "statement": lanes.STATEMENT,
        "withheld": withheld,
        "faces": told,
    }


def _prohibited(run: AnalysisRun) -> list[str]:
    study, person = run.study, run.recording.participant
    if Scope.EMOTION not in law.scopes_allowed(study.setting, study.jurisdiction):
        return [law.sentence(study)]
    return [] if _agreed(person) else [f"{person.code} did not agree to the estimation of states."]


def _agreed(person: Participant) -> bool:
    return Scope.EMOTION in inputs.allowed_scopes(person)


def _face(reading: Reading, face: int, may_indicate: bool) -> dict[str, Any]:
    found = Files(services.folder(reading))
    states = found.face("states.json", face) or {"session": {}, "episodes": []}
    indicators = (found.face("indicators.json", face) or {}).get("indicators", ()) if may_indicate else ()
    return {
        "face": face,
        "combinations": _combinations(found.folder, face),
        "session": [_level(name, one) for name, one in states["session"].items()],
        "episodes": [
            {
                "start_us": one["start_us"],
                "end_us": one["end_us"],
                "candidates": [_level(said["state"], said) for said in one["candidates"]],
            }
            for one in states["episodes"]
        ],
        "indicators": [_level(one["name"], one) for one in indicators],
    }


def _level(name: str, one: Any) -> dict[str, Any]:
    return {"name": name, **{key: one.get(key) for key in _NUMBERS}}


def _combinations(folder: Path, face: int) -> list[dict[str, Any]]:
    from analysis.facs.combinations import read_combinations

    names = ("name", "group", "side", "onset_us", "apex_us", "offset_us", "strength", "confidence", "codes")
    return [
        {"id": one.combination, **{name: getattr(one, name) for name in names}}
        for one in read_combinations(folder)
        if one.face == face
    ]


def signals_csv(result: Path) -> Path:
    """The signals of a run as CSV, written once beside what the timeline draws, batch by batch.

    Raises
    ------
    FileNotFoundError
        The run's result is gone.
    """
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    target = result / "screen" / "signals.csv"
    if target.is_file():
        return target
    source = pq.ParquetFile(result / "signals.parquet")
    target.parent.mkdir(exist_ok=True)
    draft = target.with_name(f"{target.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with pa_csv.CSVWriter(draft, source.schema_arrow) as writer:
            for batch in source.iter_batches():
                writer.write_batch(_without_nan(batch))
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target


def _without_nan(batch: Any) -> Any:
    """Values that were not scored as empty cells."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = [
        pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
        if pa.types.is_floating(column.type)
        else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)
