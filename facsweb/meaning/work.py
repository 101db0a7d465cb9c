"""The work of a reading: voice, words, then everything that is computed from the stored signals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

from analysis import meaning
from analysis.facs.combinations import Combination, parse
from analysis.facs.tables import replacing
from analysis.indicators.formulas import Formulas
from analysis.indicators.formulas import parse as parse_formulas
from facsweb.meaning import hooks, indicators, inputs, services, speaking, whose
from facsweb.meaning.models import Markers, Reading, Speakers
from facsweb.processes.pulse import Pulse
from facsweb.recordings.models import Recording
from facsweb.recordings.services import original_path
from facsweb.runs.services import result_dir
from facsweb.studies.models import Scope
from facsweb.transcripts.asking import current_scores

ABOUT: Final = meaning.ABOUT
#: The formulas of the indicators, where the study has its own.
FORMULAS: Final = "formulas.toml"
VOICE_FILES: Final = ("voice.json", "voice.parquet", "pitch.parquet")


def read(reading: Reading, out: Path, pulse: Pulse) -> None:
    """Write everything that the inputs allow into `out`.

    Raises
    ------
    AnalysisError
        The result of the run or the recording cannot be read.
    Cancelled
        It was stopped.
    """
    scopes = frozenset(reading.inputs["scopes"])
    recording = reading.recording
    if Scope.AUDIO in scopes and recording.has_audio:
        _voice(reading, out, pulse)
    if Scope.TEXT in scopes and (words := current_scores(recording)) is not None:
        with replacing(out / "text.json") as partial:
            partial.write_text(json.dumps(words, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    found = whose.of_run(reading.run)
    calibrations = {face: hooks.calibration(person)[1] for face, person in found.people.items()}
    meaning.derive(
        result_dir(reading.run),
        out,
        allowed=inputs.permission(reading.inputs),
        own=_own(reading),
        whose=found.people.keys(),
        calibrations={face: one for face, one in calibrations.items() if one is not None},
        markers=inputs.latest_marks(Markers, recording),
        formulas=_formulas(reading, out),
        hook=pulse.hook,
        **speaking.for_the_engine(reading.run, reading.inputs, out),
    )


def _own(reading: Reading) -> list[Combination]:
    study = reading.recording.participant.study
    return [parse(one.definition) for one in inputs.own_combinations(study)]


def _formulas(reading: Reading, out: Path) -> Formulas | None:
    """The formulas that held when the reading began, kept beside the values; None where they are shipped."""
    text = indicators.file_of(reading.study, reading.inputs.get("indicators", {}))
    if not text or not set(inputs.INDICATORS) <= set(reading.inputs["scopes"]):
        return None
    with replacing(out / FORMULAS) as partial:
        partial.write_text(text, encoding="utf-8")
    return parse_formulas(text)


def _voice(reading: Reading, out: Path, pulse: Pulse) -> None:
    """Hear the recording, unless an earlier reading heard it with the same marks."""
    numbers = _same_marks(reading.recording)
    same: dict[str, Any] = {"inputs__speakers__in": numbers, "state": Reading.State.SUCCEEDED}
    earlier = Reading.objects.filter(run__recording=reading.recording, **same).order_by("-created_at")
    for one in earlier:
        told = one.inputs.get("versions", {}).get("voice")
        here = services.folder(one)
        if told == reading.inputs["versions"]["voice"] and all((here / name).is_file() for name in VOICE_FILES):
            for name in VOICE_FILES:
                shutil.copyfile(here / name, out / name)
            return
    from analysis.voice.pipeline import analyse_voice
    from analysis.voice.speakers import marks

    speakers = marks(inputs.latest_marks(Speakers, reading.recording)) or None
    analyse_voice(
        original_path(reading.recording), out, speakers=speakers, hook=pulse.hook, should_stop=pulse.should_stop
    )


def _same_marks(recording: Recording) -> list[int]:
    """Revisions of the speakers with the marks of the last one: which face somebody is changes no sound."""
    now = inputs.latest_marks(Speakers, recording)
    numbers = [] if now else [0]
    for number, marks in Speakers.objects.filter(recording=recording).values_list("number", "marks"):
        if marks == now:
            numbers.append(number)
    return numbers
