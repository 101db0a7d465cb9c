"""Neutrals in files, and neutrals from another recording of the same person.

``neutral.json`` lies beside the results: the neutral values of every face over all measurement columns, whichever
they are, and the models that measured them. Another recording of the same person can be read against them, which
helps where nobody rests; one picture of the resting face is enough.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.facs.baseline import FAR_FROM_REST, Neutral, automatic_neutral, chosen_neutral
from analysis.facs.deviation import MOST_POSE_DEG, pose_leakage
from analysis.facs.series import FaceSeries
from analysis.facs.tables import replacing
from analysis.scoring.code import CODE_COLUMNS
from analysis.types import AnalysisError

FILE: Final = "neutral.json"
SCHEMA: Final = 1
#: What depends on where camera and screen stand is not borrowed: a head that is turned only because the other
#: camera stood elsewhere would be read as a turn. Face measures are carried over to the own pose.
_OWN: Final = ("yaw_deg", "pitch_deg", "roll_deg", "distance_cm")
_OWN_KINDS: Final = ("gaze_", "box_")
#: Skin detail is counted in pixels of the face; from this ratio of iris sizes on it is another detail.
_ALIKE_SIZE: Final = 1.5
_LOAN: Final = re.compile(r"(?:(?P<own>\d+)=)?(?P<folder>.+?)(?::(?P<face>\d+))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Loan:
    """A neutral that lies in another result folder.

    Attributes
    ----------
    folder : Path
        Holds ``neutral.json``.
    face : int, optional
        Which face there; may be left out where there is only one.
    label : str
        What ``summary.json`` calls the place; the folder's name when empty.
    """

    folder: Path
    face: int | None = None
    label: str = ""

    @property
    def name(self) -> str:
        return self.label or self.folder.resolve().name


#: How one face's neutral is found: None automatically, an int at this media time (µs), or from elsewhere.
Choice = int | Loan | None


def parse_loan(text: str) -> tuple[int | None, Loan]:
    """Read ``[FACE=]DIR[:FACE]``: the face that borrows (None: the only one) and what it borrows.

    Raises
    ------
    AnalysisError
        Nothing is named.
    """
    match = _LOAN.fullmatch(text)
    if match is None:
        raise AnalysisError("Name the result folder that the neutral comes from, such as results or 0=results:1.")
    own, face = match["own"], match["face"]
    return (None if own is None else int(own)), Loan(Path(match["folder"]), None if face is None else int(face))


def described(neutral: Neutral) -> dict[str, Any]:
    """A neutral without its values, for ``summary.json``; distance in spreads, None where it is not known."""
    distance = neutral.distance
    told: dict[str, Any] = {
        "method": neutral.method,
        "time_us": neutral.time_us,
        "frames": neutral.frames,
        "distance": round(distance, 2) if math.isfinite(distance) else None,
    }
    return told | ({"source": dict(neutral.source)} if neutral.source else {})


def write_neutrals(folder: Path, about: Mapping[str, Any], neutrals: Mapping[int, Neutral]) -> None:
    """Write ``neutral.json``.

    Parameters
    ----------
    folder : Path
    about : mapping
        Content of ``measurement.json``.
    neutrals : mapping of int to Neutral
        By face.
    """
    content = {
        "schema": SCHEMA,
        "measurement_schema": about.get("schema"),
        "models": about.get("models", []),
        "encoder": about.get("encoder"),
        "faces": [
            {
                "face": face,
                **described(neutral),
                "values": {k: v if math.isfinite(v) else None for k, v in neutral.values.items()},
            }
            for face, neutral in neutrals.items()
        ],
    }
    with replacing(folder / FILE) as partial:
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_neutral(loan: Loan) -> tuple[Neutral, Mapping[str, Any]]:
    """Read a stored neutral: as it is stored, and the file's content.

    Raises
    ------
    AnalysisError
        There is none, there are several and none was named, or the one named is not there.
    """
    try:
        stored = json.loads((loan.folder / FILE).read_text(encoding="utf-8"))
        if stored["schema"] != SCHEMA:
            raise AnalysisError(f"The neutral of {loan.name} was written by another version: interpret it again.")
        faces = {int(face["face"]): face for face in stored["faces"]}
        number = next(iter(faces)) if loan.face is None and len(faces) == 1 else loan.face
        if number not in faces:
            there = ", ".join(map(str, faces)) or "none"
            asked = "say which face" if loan.face is None else f"there is no face {loan.face}"
            raise AnalysisError(f"Neutral from {loan.name}: {asked} (faces there: {there}).")
        face = faces[number]
        values = {name: math.nan if value is None else float(value) for name, value in face["values"].items()}
        found = Neutral(values, face["method"], int(face["time_us"]), int(face["frames"]), face.get("source"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AnalysisError(f"No readable neutral in {loan.name}: analyse that recording first.") from error
    if found.source is None:
        found = replace(found, source={"from": loan.name, "face": number, "method": found.method})
    return found, stored


def _models(about: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {model["id"]: (model.get("version"), model.get("sha256")) for model in about.get("models", [])}


def _check_comparable(loan: Loan, stored: Mapping[str, Any], about: Mapping[str, Any], series: FaceSeries) -> None:
    """Raise AnalysisError unless the values mean the same in both measurements.

    Every model that took part in both must be the same version. Detectors are models, too: they decide which
    crop the mesh sees. The numbers of a face's code mean something to the encoder that made them only.
    """
    there, here = _models(stored), _models(about)
    other = sorted(id_ for id_ in there.keys() & here.keys() if there[id_] != here[id_])
    mesh = {id_ for id_ in here if "mesh" in id_}
    if other or mesh - there.keys() or stored.get("measurement_schema") != about.get("schema"):
        names = ", ".join(other or sorted(mesh - there.keys())) or "the measures"
        raise AnalysisError(
            f"The neutral of {loan.name} cannot be used: it was measured with another version of {names}. "
            "Measure both recordings with the same version."
        )
    values = stored["faces"][0]["values"] if stored["faces"] else {}
    if CODE_COLUMNS[0] in values and "encoder" not in stored:
        raise AnalysisError(f"The neutral of {loan.name} was written by another version: interpret it again.")
    if CODE_COLUMNS[0] in values and stored["encoder"] != about.get("encoder"):
        raise AnalysisError(
            f"The neutral of {loan.name} cannot be used: another scorer's encoder described that face. "
            "Measure both recordings with the same scorer."
        )
    if absent := sorted(series.columns.keys() - values.keys()):
        raise AnalysisError(
            f"The neutral of {loan.name} cannot be used: it lacks {len(absent)} measure(s), such as {absent[0]}. "
            "Measure that recording again."
        )


def borrowed_neutral(loan: Loan, series: FaceSeries, about: Mapping[str, Any]) -> Neutral:
    """A neutral from another recording, as it would look in the head pose of this one.

    Head pose, distance and gaze at rest are this recording's own (found automatically), since the camera may
    stand elsewhere; the face measures are moved from the pose in which they were taken to this pose with the
    fitted leakage of pose into measures, so that `Deviation` finds the deviation from the face as it was.

    Parameters
    ----------
    loan : Loan
    series : FaceSeries
        The face that borrows.
    about : mapping
        Content of its ``measurement.json``.

    Raises
    ------
    AnalysisError
        No such neutral, nothing measured in it, or the two measurements are not comparable.
    """
    lent, stored = read_neutral(loan)
    _check_comparable(loan, stored, about, series)
    if not math.isfinite(lent.distance):
        raise AnalysisError(f"The neutral of {loan.name} cannot be used: its face was not measured there.")
    own = automatic_neutral(series).values
    values = {name: lent.values[name] for name in series.columns}
    here, there = (float(np.clip(pose["yaw_deg"], -MOST_POSE_DEG, MOST_POSE_DEG)) for pose in (own, lent.values))
    pitched = float(np.clip(own["pitch_deg"] - lent.values["pitch_deg"], -MOST_POSE_DEG, MOST_POSE_DEG))
    for name, (yaw, abs_yaw, pitch) in pose_leakage().items():
        if name in values:
            values[name] += yaw * (here - there) + abs_yaw * (abs(here) - abs(there)) + pitch * pitched
    values |= {name: own[name] for name in values if name in _OWN or name.startswith(_OWN_KINDS)}
    return Neutral(values, "borrowed", lent.time_us, lent.frames, lent.source)


def resolved(
    faces: Sequence[int], everybody_us: int | None, choices: Mapping[int | None, Choice]
) -> dict[int, Choice]:
    """The choice of every face.

    Parameters
    ----------
    faces : sequence of int
        Faces of the measurement.
    everybody_us : int, optional
        Time of the neutral of all faces that have no choice of their own.
    choices : mapping of int or None to Choice
        By face; None stands for the only face.

    Raises
    ------
    AnalysisError
        A face is not in the measurement, or the only face is meant and there are several.
    """
    found: dict[int, Choice] = dict.fromkeys(faces, everybody_us)
    for face, choice in choices.items():
        if face is None and len(faces) > 1:
            there = ", ".join(map(str, faces))
            raise AnalysisError(
                f"There are several faces ({there}): say whose neutral it is, such as {faces[0]}=DIR."
            )
        if face is not None and face not in found:
            there = ", ".join(map(str, faces)) or "none"
            raise AnalysisError(f"There is no face {face} in this measurement (faces: {there}).")
        if faces:
            found[faces[0] if face is None else face] = choice
    return found


def neutral_of(
    face: int, series: FaceSeries, choice: Choice, about: Mapping[str, Any], warnings: list[str]
) -> Neutral:
    """The neutral of one face as chosen; what people should know is added to ``warnings``."""
    if isinstance(choice, Loan):
        found = borrowed_neutral(choice, series, about)
        sizes = sorted((found.values["iris_px"], float(np.nanmedian(series["iris_px"]))))
        if sizes[1] > _ALIKE_SIZE * sizes[0]:
            warnings.append(
                f"Face {face}: the borrowed neutral shows the face at another size (iris {sizes[0]:.0f} against "
                f"{sizes[1]:.0f} pixels); wrinkles and furrows are compared only roughly."
            )
        return found
    found = automatic_neutral(series)
    if choice is not None:
        chosen = chosen_neutral(series, choice)
        if chosen is not None:
            return chosen
        warnings.append(
            f"Face {face} is not seen at the chosen neutral time; its neutral was found automatically."
        )
    if found.distance >= FAR_FROM_REST:
        warnings.append(
            f"Face {face}: no resting face was found ({found.distance:.1f} spreads from a usual one). Choose a "
            "frame as neutral, or take the neutral from another recording of this person."
        )
    return found
