"""What one event says, and whether FACS allows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.core.exceptions import ValidationError

from analysis.facs.codes import CATALOGUE
from analysis.facs.notation import LETTERS
from facsweb.coding.models import Revision, Side

#: The fields that a person may write.
FIELDS: Final = ("code", "side", "intensity", "onset_us", "apex_us", "offset_us", "face", "note")
TIMES: Final = ("onset_us", "apex_us", "offset_us")
NOTE_LENGTH: Final = 500
SIDED: Final = (Side.BOTH, Side.LEFT, Side.RIGHT, Side.UNILATERAL)


@dataclass(frozen=True, slots=True)
class Content:
    """What an event says.

    Attributes
    ----------
    code : str
        Key of the FACS catalogue, such as ``"12"``.
    side : str
        ``both``, ``left``, ``right`` (the subject's) or ``unilateral`` (one side, not said which) where the code
        is sided, otherwise empty.
    intensity : str
        A–E, or empty where none is scored.
    onset_us, apex_us, offset_us : int
        Microseconds of media time, in this order.
    face : int
        Number of the face in the run, from 0.
    note : str
        Free words, at most 500 characters.
    confidence : float or None
        The machine's, 0–1; None where a person wrote the event.
    """

    code: str
    side: str
    intensity: str
    onset_us: int
    apex_us: int
    offset_us: int
    face: int = 0
    note: str = ""
    confidence: float | None = None

    @property
    def times(self) -> tuple[int, int, int]:
        return self.onset_us, self.apex_us, self.offset_us

    @classmethod
    def of(cls, revision: Revision) -> Content:
        """The content of a stored revision."""
        return cls(**{name: getattr(revision, name) for name in (*FIELDS, "confidence")})

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in (*FIELDS, "confidence")}

    def with_changes(self, changes: Mapping[str, Any]) -> Content:
        """A copy with a person's changes.

        Raises
        ------
        ValidationError
            A field that does not exist.
        """
        unknown = set(changes) - set(FIELDS)
        if unknown:
            raise ValidationError({name: ["An event has no such field."] for name in sorted(unknown)})
        return replace(self, **changes)


def check(
    content: Content, *, limit_us: int, faces: Iterable[int], spans: Sequence[Sequence[int]] = ()
) -> Content:
    """Return the content, or say for every field what FACS or the recording does not allow.

    Parameters
    ----------
    content : Content
        As a person or the machine wrote it; values may have any type.
    limit_us : int
        Where the recording ends, microseconds.
    faces : iterable of int
        The faces of the run.
    spans : sequence of (int, int)
        Stretches that are to be coded, microseconds; empty: the whole recording.

    Raises
    ------
    ValidationError
        With one sentence or more for each wrong field.
    """
    faults: dict[str, list[str]] = {}
    _check_code(content, faults)
    _check_times(content, limit_us, faults)
    if not faults.keys() & set(TIMES) and within(content, spans) != content:
        faults["onset_us"] = ["The event lies outside of the stretch that you were given to code."]
    if not _is_integer(content.face) or content.face not in set(faces):
        faults["face"] = ["This run has no such face."]
    if not isinstance(content.note, str) or len(content.note) > NOTE_LENGTH:
        faults["note"] = [f"A note has at most {NOTE_LENGTH} characters."]
    elif not storable(content.note):
        faults["note"] = ["The note holds a character that cannot be stored."]
    if content.confidence is not None and not 0 <= content.confidence <= 1:
        faults["confidence"] = ["A confidence lies between 0 and 1."]
    if faults:
        raise ValidationError(faults)
    return content


def storable(text: str) -> bool:
    """Whether a database takes the text: no null characters, no halves of characters.

    A browser would send what the database refuses again and again.
    """
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def within(content: Content, spans: Sequence[Sequence[int]]) -> Content | None:
    """The content cut to the stretch that holds most of it; None where it lies in none of them."""
    if not spans:
        return content

    def shared(span: Sequence[int]) -> int:
        return min(content.offset_us, span[1]) - max(content.onset_us, span[0])

    start, end = max(spans, key=shared)
    if shared((start, end)) < 0:
        return None
    onset_us, apex_us, offset_us = (min(max(time_us, start), end) for time_us in content.times)
    return replace(content, onset_us=onset_us, apex_us=apex_us, offset_us=offset_us)


def _check_code(content: Content, faults: dict[str, list[str]]) -> None:
    code = CATALOGUE.get(content.code) if isinstance(content.code, str) else None
    if code is None:
        faults["code"] = [f"{content.code!r} is not a FACS code."]
        return
    name = f"{code.code} ({code.name.lower()})"
    if code.sided and content.side not in SIDED:
        faults["side"] = [f"{name} needs a side: both, the subject's left or right, or one side (U)."]
    if not code.sided and content.side != "":
        faults["side"] = [f"{name} has no side."]
    if content.intensity != "" and not code.has_intensity:
        faults["intensity"] = [f"{name} is scored without an intensity."]
    elif content.intensity != "" and content.intensity not in tuple(LETTERS):
        faults["intensity"] = ["An intensity is one of A, B, C, D, E."]


def _check_times(content: Content, limit_us: int, faults: dict[str, list[str]]) -> None:
    for name in TIMES:
        value = getattr(content, name)
        if not _is_integer(value):
            faults[name] = ["A time is a whole number of microseconds."]
        elif value < 0:
            faults[name] = ["A time cannot lie before the start of the recording."]
        elif value > limit_us:
            faults[name] = ["A time cannot lie after the end of the recording."]
    if faults.keys() & set(TIMES):
        return
    if content.onset_us > content.apex_us:
        faults["apex_us"] = ["The apex cannot come before the onset."]
    if content.apex_us > content.offset_us:
        faults["offset_us"] = ["The offset cannot come before the apex."]


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
