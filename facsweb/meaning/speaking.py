"""Which speaker is which face: said beside the marks of who speaks, found again when the people are regrouped."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from analysis.types import AnalysisError
from facsweb.meaning import whose
from facsweb.meaning.models import Speakers
from facsweb.recordings.models import Recording
from facsweb.runs import people_reading, people_state
from facsweb.runs.models import AnalysisRun
from facsweb.runs.services import RunRefused
from facsweb.studies.models import Participant
from facsweb.transcripts.asking import current_speakers

#: What a request says of somebody who is in no picture.
NOBODY: Final = "nobody"
#: Names of one recording; a choice of ours, far above what a session has.
MOST: Final = 50
LENGTH: Final = 80
#: By name, the face of one run; None for who is in no picture. Of other names nothing was said.
Who = Mapping[str, int | None]


def key(name: str) -> str:
    """Two names are one person's whatever their capitals and spaces."""
    return " ".join(name.split()).casefold()


@dataclass(frozen=True)
class Places:
    """The faces of a run, as far as a face of another run of the recording can be one of them."""

    measured: str
    number: int
    people: tuple[Mapping[str, Any], ...]
    named: Mapping[int, str]

    @classmethod
    def of(cls, run: AnalysisRun) -> Places:
        measured = people_reading.measured_by(run)
        number = run.parameters.get("people", 0)
        revision = measured.people_revisions.filter(number=number).first() if number else None
        return cls(str(measured.pk), number, tuple(revision.people) if revision else (), _named(run))

    def find(self, entry: Mapping[str, Any]) -> int | None:
        """The face that was meant; None where it is not one of these any more.

        The same pieces of the same measurement are the same face, whatever its number is now. In another
        measurement it is the face of the same participant.
        """
        if entry["measured"] == self.measured:
            if entry["people"] == self.number:
                return int(entry["face"])
            for face, one in enumerate(self.people):
                if entry["pieces"] and one["pieces"] == entry["pieces"]:
                    return face
        return next((face for face, one in self.named.items() if one and one == entry["participant"]), None)

    def entry(self, run: AnalysisRun, face: int) -> dict[str, Any]:
        """What is stored of a face, so that it is found again."""
        place = {"face": face, "measured": self.measured, "people": self.number}
        return {**place, "participant": self.named.get(face, ""), "pieces": self._pieces(run, face)}

    def _pieces(self, run: AnalysisRun, face: int) -> Any:
        people: Any = self.people
        if not people:
            try:
                seen = people_reading.seen_in(people_reading.measured_by(run))
            except RunRefused:
                return None
            people = people_state.dump(people_state.as_measured(seen))
        return people[face]["pieces"] if face < len(people) else None


def resolved(faces: Mapping[str, Any], run: AnalysisRun) -> dict[str, int | None]:
    """What a revision of the speakers says, as faces of this run."""
    if not faces:
        return {}
    places = Places.of(run)
    found: dict[str, int | None] = {}
    for name, entry in sorted(faces.items()):
        if entry is None:
            found[name] = None
        elif (face := places.find(entry)) is not None:
            found[name] = face
    return found


def checked(run: AnalysisRun, raw: Any, before: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored of a request: by name a face of this run, or `NOBODY`.

    What the request leaves as it was stays as it was said; what was said about faces that this run does not have
    stays, too.

    Raises
    ------
    ValueError
        With a sentence for a person.
    """
    if not isinstance(raw, dict) or len(raw) > MOST:
        raise ValueError(f"Who is which face is said by name, of at most {MOST} speakers.")
    places, was = Places.of(run), resolved(before, run)
    found = {name: entry for name, entry in before.items() if name not in was}
    for name, face in raw.items():
        if not name.strip() or len(name.strip()) > LENGTH:
            raise ValueError(f"A speaker’s name has 1 to {LENGTH} characters.")
        if face != NOBODY and (isinstance(face, bool) or face not in places.named):
            raise ValueError(f"{name} cannot be that face: this analysis does not have it.")
        wanted = None if face == NOBODY else face
        for other in [one for one in found if key(one) == key(name)]:
            del found[other]
        same = name in was and was[name] == wanted
        found[name.strip()] = before[name] if same else None if wanted is None else places.entry(run, wanted)
    return dict(sorted(found.items()))


def latest(recording: Recording) -> Mapping[str, Any]:
    """What the last revision says, as stored."""
    last = Speakers.objects.filter(recording=recording).order_by("-number").values_list("faces", flat=True).first()
    return last or {}


def by_face(who: Who, present: Iterable[str]) -> dict[int | None, set[str]]:
    """Names as the voice and the words have them, by face; None for those who are in no picture."""
    found: dict[int | None, set[str]] = defaultdict(set)
    names = set(present)
    for name, face in who.items():
        found[face] |= {name, *(one for one in names if key(one) == key(name))}
    return dict(found)


def present(folder: Path) -> set[str]:
    """Names in a reading's voice and words."""
    found: set[str] = set()
    for file, rows in (("voice.json", "segments"), ("text.json", "units")):
        path = folder / file
        if path.is_file():
            found |= {
                one["speaker"] for one in json.loads(path.read_text(encoding="utf-8"))[rows] if one["speaker"]
            }
    return found


def asked(run: AnalysisRun) -> dict[str, Any]:
    """What a page asks with: the run's faces and who they are, how many are seen, the transcript's speakers."""
    codes = {str(pk): code for pk, code in Participant.objects.filter(study=run.study).values_list("pk", "code")}
    named = _named(run)
    faces = [
        {"face": face, "label": f"Face {face + 1}, {codes.get(who, 'nobody’s yet')}"}
        for face, who in named.items()
    ]
    people = len(faces) + (whose.left_out(run) if named else 0)
    return {"faces": faces, "people": people, "written": current_speakers(run.recording)}


def _named(run: AnalysisRun) -> dict[int, str]:
    try:
        return whose.named(run)
    except AnalysisError:  # its results are gone
        return {}


def for_the_engine(run: AnalysisRun, now: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Whose voice and words are whose, as arguments of the engine's `derive`.

    Parameters
    ----------
    run : AnalysisRun
    now : mapping
        What a reading is made from (`inputs.gather`).
    folder : Path
        Holds what was heard and written.
    """
    return {
        "speakers": by_face(now["who"], present(folder)),
        "refused": {one[0]: one[3] for one in now["people"]},
        "others": whose.left_out(run),
    }
