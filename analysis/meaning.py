"""From codes to meaning: combinations, states, engagement, channels and indicators of an interpreted recording.

Arithmetic on stored files, no pixels and no sound: seconds. Each part can be used alone
(``analysis.facs.combinations``, ``analysis.emotion``, ``analysis.indicators``); this puts them behind one another.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analysis.facs.tables import replacing
from analysis.types import AnalysisError, Hook

if TYPE_CHECKING:
    from analysis.calibration.record import CohortCalibration
    from analysis.facs.combinations import Combination
    from analysis.indicators.formulas import Formulas
    from analysis.indicators.permission import Allowed
    from analysis.indicators.speaking import Speakers

SCHEMA: Final = 1
ABOUT: Final = "meaning.json"
#: What is read of an interpretation.
RESULTS: Final = ("signals.parquet", "events.csv", "summary.json")
#: Raised when a part computes otherwise; data files count by their content.
_ENGINE: Final = {"combinations": 1, "states": 1, "voice": 1, "indicators": 2}
_DATA: Final = {
    "combinations": "facs/combinations.toml",
    "states": "emotion/*",
    "voice": "voice/*",
    "indicators": "indicators/*",
}


#: Scope of consent that combinations, states and what rests on them need.
_STATES: Final = "emotion"


@cache
def versions() -> dict[str, str]:
    """What decides the figures beside the recording: by part its version and a hash of its data files."""
    here = Path(__file__).parent
    out = {}
    for part, pattern in _DATA.items():
        data = hashlib.sha256()
        for path in sorted(here.glob(pattern)):
            if path.suffix in {".toml", ".json"}:
                data.update(path.read_bytes())
        out[part] = f"{_ENGINE[part]}-{data.hexdigest()[:12]}"
    return out


def derive(
    results: Path,
    out: Path,
    *,
    allowed: Allowed | None = None,
    own: Sequence[Combination] = (),
    whose: Collection[int] | None = None,
    calibrations: Mapping[int, CohortCalibration] | None = None,
    markers: Sequence[Mapping[str, Any]] = (),
    formulas: Formulas | None = None,
    speakers: Speakers | None = None,
    refused: Mapping[int, Collection[str]] | None = None,
    others: int = 0,
    seed: int = 0,
    hook: Hook | None = None,
) -> dict[str, Any]:
    """Compute what follows from a recording's signals, voice and words.

    ``voice.json``, ``voice.parquet`` and ``text.json`` in `out` are used when they are there. Writes
    ``combinations.csv``, ``states.parquet``, ``states.json``, ``engagement.parquet``, ``channels.json``,
    ``indicators.json`` and ``meaning.json``.

    Parameters
    ----------
    results : Path
        Folder of an interpretation.
    out : Path
        Where the files go; may be the same folder. Otherwise the interpretation's public files are linked into it,
        so that it can be read alone.
    allowed : Allowed, optional
        What consent covers and what the study is for. Without consent to the estimation of states the face's
        combinations, states, engagement and indicators are left out. When nothing is said, all but the indicators
        is computed.
    own : sequence of Combination
        The user's, beside the shipped ones.
    whose : collection of int, optional
        Faces of people who agreed; all when left out. The others get nothing.
    calibrations : mapping of int to CohortCalibration, optional
        By face, that of the person's cohort; it is used only where it holds for the run's scorer.
    markers : sequence of mapping
        ``name``, ``kind``, ``start_us``, ``end_us`` (or None): tasks, questions, scenes.
    formulas : Formulas, optional
        Of the indicators; the shipped ones when left out.
    speakers : mapping of int or None to str (or several), optional
        Which speaker is which face, as `analysis.indicators.derive` takes it. A mouth is not taken to speak while
        somebody else does.
    refused : mapping of int to collection of str, optional
        By face, ``voice`` or ``text`` where its person did not agree to that.
    others : int
        People in the picture whose faces were left out of the results; they may speak, too.
    seed : int
        Of all draws.
    hook : Hook, optional
        Told ``states`` with the faces done.

    Returns
    -------
    dict
        Content of ``meaning.json``.

    Raises
    ------
    AnalysisError
        A file cannot be read or written.
    """
    try:
        for name in RESULTS:
            _link(results / name, out / name)
        faces = _faces(out, allowed, own, whose, calibrations or {}, speakers or {}, seed, hook)
        _indicators(out, allowed, whose, markers, formulas, speakers or {}, refused or {}, others, seed)
        for one in faces:
            one["moments"] = _moments(out, one["face"])
        content = {
            "schema": SCHEMA,
            "versions": versions(),
            "seed": seed,
            "faces": faces,
            "allowed": None if allowed is None else allowed.as_dict(),
            "own": [one.id for one in own],
            "voice": (out / "voice.json").is_file(),
            "text": (out / "text.json").is_file(),
        }
        with replacing(out / ABOUT) as partial:
            partial.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise AnalysisError(f"The results cannot be written to {out.name}: {error.strerror or error}.") from error
    return content


def _link(source: Path, target: Path) -> None:
    """Have a file in another folder, too, without its bytes twice where the disk can do that."""
    if target.exists():
        return
    if not source.is_file():
        raise AnalysisError(
            f"{source.parent.name} has no {source.name}: analyse the recording, or interpret it again."
        )
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _faces(
    out: Path,
    allowed: Allowed | None,
    own: Sequence[Combination],
    whose: Collection[int] | None,
    calibrations: Mapping[int, CohortCalibration],
    speakers: Speakers,
    seed: int,
    hook: Hook | None,
) -> list[dict[str, Any]]:
    """Combinations and states of every face; what was read of whom, nothing where consent does not cover it."""
    if allowed is not None and (_STATES not in allowed.scopes or _forbidden(allowed)):
        return []
    from analysis.calibration import apply, for_run, priors
    from analysis.emotion import states
    from analysis.emotion.files import write
    from analysis.facs.combinations import catalogue, find, write_combinations
    from analysis.facs.evidence import evidence_of_run, faces_of_run
    from analysis.facs.together import together

    combinations = [*catalogue(), *own]
    numbers = [face for face in faces_of_run(out) if whose is None or face in whose]
    found, read, about = [], [], []
    for done, face in enumerate(numbers):
        if hook is not None:
            hook("states", done, len(numbers))
        cohort = for_run(calibrations.get(face), out)
        evidence = apply(evidence_of_run(out, face), cohort)
        speech = _speech(out, face, speakers)
        found += find(evidence, combinations, speech=speech)
        read.append(states(evidence, speech=speech, seed=seed, priors=priors(cohort)))
        about.append({"face": face, "together": together(evidence).as_dict(), "cohort": _cohort(cohort)})
    write_combinations(out, found)
    write(out, read)
    return about


def _moments(out: Path, face: int) -> list[dict[str, Any]]:
    from analysis.facs.combinations import read_combinations
    from analysis.moments import moments

    path = out / "channels.json"
    stretches = json.loads(path.read_text(encoding="utf-8"))["stretches"] if path.is_file() else []
    own = [one for one in read_combinations(out) if one.face == face]
    return [one.as_dict() for one in moments(own, [row for row in stretches if row["face"] == face])]


def _forbidden(allowed: Allowed) -> bool:
    from analysis.indicators.permission import forbidden

    return bool(forbidden(allowed))


def _indicators(
    out: Path,
    allowed: Allowed | None,
    whose: Collection[int] | None,
    markers: Sequence[Mapping[str, Any]],
    formulas: Formulas | None,
    speakers: Speakers,
    refused: Mapping[int, Collection[str]],
    others: int,
    seed: int,
) -> None:
    from analysis.indicators.derive import derive as indicators
    from analysis.indicators.markers import Marker

    marked = [Marker(one["name"], one["kind"], one["start_us"], one["end_us"]) for one in markers]
    if allowed is None or _STATES in allowed.scopes:
        indicators(
            out,
            allowed=allowed,
            faces=whose,
            markers=marked,
            formulas=formulas,
            speakers=speakers,
            refused=refused,
            others=others,
            seed=seed,
        )


def _speech(out: Path, face: int, speakers: Speakers) -> list[tuple[int, int]]:
    from analysis.indicators.speaking import may_speak

    path = out / "voice.json"
    if not path.is_file():
        return []
    return may_speak(json.loads(path.read_text(encoding="utf-8"))["segments"], face, speakers)


def _cohort(cohort: CohortCalibration | None) -> dict[str, Any] | None:
    """What is said of the calibration of a face's person; None where none was applied."""
    if cohort is None:
        return None
    return {"id": cohort.id, "calibrated": cohort.calibrated, "why": cohort.why}
