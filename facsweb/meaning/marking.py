"""Markers and speakers of a recording, marked by hand: every save is a numbered revision, nothing is lost."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from analysis.indicators.markers import KINDS
from facsweb.accounts.models import User
from facsweb.audit.services import record
from facsweb.meaning import services
from facsweb.meaning.models import Markers, Speakers
from facsweb.recordings.models import Recording

#: Choices of ours, far above what a session has, so that one request stays small.
MOST_MARKERS: Final = 500
MOST_SEGMENTS: Final = 5000
_NAME_LENGTH: Final = 120
_SPEAKER_LENGTH: Final = 80
_LISTED: Final = 50


class Changed(Exception):  # noqa: N818 (a state that people are told about)
    """Somebody else saved in the meantime; the text is a sentence for a person.

    Attributes
    ----------
    latest : Markers or Speakers or None
        What they saved.
    """

    def __init__(self, sentence: str, latest: Any) -> None:
        super().__init__(sentence)
        self.latest = latest


@dataclass(frozen=True)
class Kind:
    """What is marked."""

    model: type[models.Model]
    noun: str
    action: str
    most: int
    checked: Callable[[Mapping[str, Any], int], dict[str, Any]]
    disjoint: bool


class Wrong(ValidationError):  # noqa: N818 (an answer, not a fault of ours)
    """A mark that cannot be stored; ``index`` says which of those that were sent."""

    def __init__(self, sentence: str, index: int) -> None:
        super().__init__(sentence)
        self.index = index


def _marker(raw: Mapping[str, Any], duration_us: int) -> dict[str, Any]:
    name, kind = _text(raw, "name", _NAME_LENGTH), raw.get("kind")
    if kind not in KINDS:
        raise ValueError(f"its kind is one of {', '.join(KINDS)}")
    end = raw.get("end_us")
    start = _within(raw.get("start_us"), "start", duration_us)
    if end is not None and _within(end, "end", duration_us) <= start:
        raise ValueError("its end must be behind its start")
    if start >= duration_us:
        raise ValueError("it begins where the recording ends")
    return {"id": _id(raw.get("id")), "name": name, "kind": kind, "start_us": start, "end_us": end}


def _segment(raw: Mapping[str, Any], duration_us: int) -> dict[str, Any]:
    speaker = _text(raw, "speaker", _SPEAKER_LENGTH)
    start, end = (_within(raw.get(f"{name}_us"), name, duration_us) for name in ("start", "end"))
    if end <= start:
        raise ValueError("its end must be behind its start")
    return {"start_us": start, "end_us": end, "speaker": speaker}


MARKERS: Final = Kind(Markers, "markers", "markers.write", MOST_MARKERS, _marker, disjoint=False)
SPEAKERS: Final = Kind(Speakers, "speakers", "speakers.write", MOST_SEGMENTS, _segment, disjoint=True)


def _text(raw: Mapping[str, Any], name: str, most: int) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"it needs a {name}")
    if len(value.strip()) > most:
        raise ValueError(f"its {name} has more than {most} characters")
    return value.strip()


def _within(value: Any, name: str, duration_us: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"its {name} must be a time")
    if not 0 <= value <= duration_us:
        raise ValueError(f"its {name} lies outside the recording")
    return value


def _id(value: Any) -> str:
    """The marker's own id, which stays while it is changed; a new one where there is none."""
    try:
        return str(uuid.UUID(value))
    except (AttributeError, TypeError, ValueError):
        return str(uuid.uuid4())


def checked(kind: Kind, marks: Any, duration_us: int) -> list[dict[str, Any]]:
    """Marks as they are stored, in order of time.

    Raises
    ------
    Wrong
        One of them cannot be stored, or there are too many; ``index`` counts them as they were sent.
    """
    if not isinstance(marks, list):
        raise Wrong(f"The {kind.noun} are a list.", 0)
    if len(marks) > kind.most:
        raise Wrong(f"A recording takes at most {kind.most} {kind.noun}; these are {len(marks)}.", kind.most)
    found = []
    for index, raw in enumerate(marks):
        try:
            if not isinstance(raw, dict):
                raise ValueError("it is no mark")
            found.append(kind.checked(raw, duration_us))
        except ValueError as error:
            raise Wrong(f"Number {index + 1} of the {kind.noun} cannot be stored: {error}.", index) from error
    order = sorted(range(len(found)), key=lambda index: (found[index]["start_us"], index))
    if kind.disjoint:
        for before, after in itertools.pairwise(order):
            if found[after]["start_us"] < found[before]["end_us"]:
                raise Wrong(f"Number {after + 1} of the {kind.noun} begins before another one ends.", after)
    return [found[index] for index in order]


def latest(kind: Kind, recording: Recording) -> Any:
    """The last revision; None while nobody marked anything."""
    return _all(kind).filter(recording=recording).order_by("-number").first()


def revision(kind: Kind, recording: Recording, number: int) -> Any:
    """One revision; None where there is no such number."""
    return _all(kind).filter(recording=recording, number=number).first()


def revisions(kind: Kind, recording: Recording) -> list[Any]:
    """The last revisions, the newest first."""
    return list(_all(kind).filter(recording=recording).order_by("-number")[:_LISTED])


def _all(kind: Kind) -> Any:
    return kind.model._default_manager.select_related("author")


def write(
    actor: User,
    kind: Kind,
    recording: Recording,
    marks: Any,
    *,
    expected: int,
    faces: Mapping[str, Any] | None = None,
) -> Any:
    """Append a revision and have the recording read again.

    Parameters
    ----------
    expected : int
        The number of the revision that the writer's list rests on; 0 where there was none.
    faces : mapping, optional
        Of speakers: which face each is, as `speaking.checked` gives it; as it was when left out.

    Raises
    ------
    Wrong
        A mark cannot be stored.
    Changed
        Somebody else saved in the meantime.
    """
    stored = checked(kind, marks, recording.duration_us)
    try:
        with transaction.atomic():
            last = latest(kind, recording)
            if (last.number if last else 0) != expected:
                raise IntegrityError
            values = _values(kind, last, stored, faces)
            if last is not None and _says(last, values):
                return last  # a repeated request
            one = kind.model._default_manager.create(
                recording=recording, number=expected + 1, author=actor, **values
            )
            counts = {name: len(value) for name, value in values.items()}
            former = (
                {"number": last.number, **{name: len(getattr(last, name)) for name in values}} if last else None
            )
            record(actor, kind.action, recording, before=former, after={"number": one.number, **counts})
            services.ask_for_recording(actor, recording)
    except IntegrityError as error:  # told before writing, or by the constraint where two wrote at once
        last = latest(kind, recording)
        mine = last is not None and (last.author_id, last.number) == (actor.pk, expected + 1)
        if mine and _says(last, _values(kind, last, stored, faces)):
            return last  # what this very request wrote before: its answer was lost
        who = last.author if last else "Somebody"
        sentence = f"{who} saved other {kind.noun} in the meantime. Yours are on this page still, and not stored."
        raise Changed(sentence, last) from error
    return one


def _values(kind: Kind, last: Any, marks: list[dict[str, Any]], faces: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a revision holds."""
    if kind is not SPEAKERS:
        return {"marks": marks}
    return {"marks": marks, "faces": faces if faces is not None else last.faces if last else {}}


def _says(one: Any, values: Mapping[str, Any]) -> bool:
    return all(getattr(one, name) == value for name, value in values.items())


def heard(recording: Recording) -> list[dict[str, Any]]:
    """Stretches of speech with a speaker that the newest reading heard, to begin with; may be empty."""
    run = recording.runs.filter(state="succeeded").order_by("-created_at").first()
    reading = services.latest(run) if run is not None else None
    path = services.folder(reading) / "voice.json" if reading is not None else None
    if path is None or not path.is_file():
        return []
    told = json.loads(path.read_text(encoding="utf-8"))["segments"]
    kept = [one for one in told if one["speaker"]]
    return [{key: one[key] for key in ("start_us", "end_us", "speaker")} for one in kept]
