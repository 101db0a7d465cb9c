"""Whose voice and whose words are a face's: as people said, or taken for granted where there is no choice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from analysis.indicators import permission
from analysis.indicators.permission import Allowed
from analysis.indicators.session import Names, Session, Voice
from analysis.types import AnalysisError

#: Names under which each face's person stands in the voice and in the words; under None those who are in no
#: picture. A name that stands nowhere is of somebody about whom nothing was said.
Speakers = Mapping[int | None, str | Iterable[str]]
GRANTED: Final = "One face and one speaker: taken to be the same person. Nobody said so."
SEVERAL: Final = "Several people are seen or heard, and nobody said which speaker is this face."
_UNSAID: Final = "Nobody said which speaker is this face."
_ELSEWHERE: Final = "Everybody who speaks is said to be somebody else."
_UNHEARD: Final = "This person was not told apart in the voice: mark when they speak."
_UNWRITTEN: Final = "The transcript has no line under this person’s name."
_NAMELESS: Final = "The transcript does not say who says what."
_DISAGREED: Final = "This person did not agree to the analysis of their {}."


@dataclass(frozen=True)
class Said:
    """What people said about who speaks.

    Attributes
    ----------
    speakers : mapping
        Empty where they said nothing.
    refused : mapping of int to collection of str
        By face, ``voice`` or ``text`` where its person did not agree to that.
    seen : int
        Faces in the recording, also those that are not read.
    """

    speakers: Speakers
    refused: Mapping[int, Collection[str]]
    seen: int


@dataclass(frozen=True)
class Own:
    """One face's part of what is heard and written.

    Attributes
    ----------
    voice : Voice or None
        Speech and windows of this person alone.
    text : mapping or None
        As text.json, with the units of this person alone.
    why_no : mapping of str to str
        Why there is no ``speech`` or no ``text``.
    names : tuple of str
        Of the voice and the words that count, where a choice was made.
    granted : bool
        Nobody said whose they are: there is one face and one speaker.
    """

    voice: Voice | None = None
    text: Mapping[str, Any] | None = None
    why_no: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    granted: bool = False

    @property
    def notes(self) -> list[str]:
        """Sentences about it, for people."""
        said = []
        if self.granted:
            said.append(GRANTED)
        elif self.names:
            said.append(f"People said which speaker this face is: {', '.join(self.names)}.")
        return list(dict.fromkeys([*said, *self.why_no.values()]))


def own(session: Session, face: int, said: Said, allowed: Allowed | None) -> Own:
    """The voice and the words of a face.

    One face and one speaker are taken to be the same where nobody said anything; else only what carries a name of
    this face counts.

    Parameters
    ----------
    session : Session
        Without the voice or the words where the recording's consent does not cover them.
    face : int
    said : Said
    allowed : Allowed or None
        To say why there is nothing.
    """
    heard, written = _heard(session.voice), _written(session.text)
    why = _absent(session, allowed)
    for channel, name, word in (("speech", "voice", "voice"), ("text", "text", "words")):
        if name in said.refused.get(face, ()):
            why.setdefault(channel, _DISAGREED.format(word))
    # a voice called "1" and words of "Anna" are one person; two names in either are two
    alone = said.seen <= 1 and max(len(heard), len(written)) <= 1
    if not said.speakers:
        if not alone:
            return Own(why_no={"speech": why.get("speech", SEVERAL), "text": why.get("text", SEVERAL)})
        granted = not {"speech", "text"} <= why.keys()
        return _narrowed(session, heard if _is_marked(session.voice) else None, None, why, granted=granted)
    names = _names(said.speakers.get(face, ()))
    if not names:
        told = frozenset().union(*(_names(one) for one in said.speakers.values()))
        reason = _ELSEWHERE if heard | written <= told else _UNSAID
        return Own(why_no={"speech": why.get("speech", reason), "text": why.get("text", reason)})
    alone &= bool(names & (heard | written))
    if not names & heard and not alone:
        why.setdefault("speech", _UNHEARD)
    if not names & written and not alone:
        why.setdefault("text", _UNWRITTEN if written - {""} else _NAMELESS)
    return _narrowed(session, names & heard or heard, names & written or written, why)


def parse(values: Iterable[str]) -> dict[int | None, list[str]]:
    """Who is which face, as a command line says it: ``0=Anna``, and ``nobody=Ben`` for who is in no picture.

    Raises
    ------
    AnalysisError
        A value is something else.
    """
    found: dict[int | None, list[str]] = {}
    for value in values:
        face, _, name = value.partition("=")
        if not name.strip() or not (face == "nobody" or face.isdecimal()):
            raise AnalysisError(f"{value!r} does not say who is which face: write 0=Anna, or nobody=Ben.")
        found.setdefault(None if face == "nobody" else int(face), []).append(name.strip())
    return found


def may_speak(segments: Iterable[Mapping[str, Any]], face: int, speakers: Speakers) -> list[tuple[int, int]]:
    """Stretches in which this face's person speaks or may speak: all but those of people who are somebody else."""
    mine = _names(speakers.get(face, ()))
    others = frozenset().union(*(_names(one) for key, one in speakers.items() if key != face)) - mine
    return [
        (int(one["start_us"]), int(one["end_us"]))
        for one in segments
        if str(one.get("speaker") or "") not in others
    ]


def _names(said: str | Iterable[str]) -> Names:
    return frozenset([said] if isinstance(said, str) else said) - {""}


def _heard(voice: Voice | None) -> Names:
    return frozenset(voice.speakers if voice is not None else ()) - {""}


def _written(text: Mapping[str, Any] | None) -> Names:
    """Names in front of the lines; with "" where some lines have a name and others have none: that is somebody."""
    names = frozenset(str(unit.get("speaker") or "") for unit in (text or {}).get("units", ()))
    return names if names - {""} else frozenset()


def _is_marked(voice: Voice | None) -> bool:
    """Whether people marked who speaks: what they left out is not the one whom they marked."""
    return voice is not None and voice.about.get("speakers", {}).get("method") == "hand"


def _absent(session: Session, allowed: Allowed | None) -> dict[str, str]:
    why: dict[str, str] = {}
    if session.voice is None:
        covered = permission.covered(allowed, "voice")
        why["speech"] = "No voice was analysed." if covered else "Consent does not cover the voice."
    if session.text is None:
        covered = permission.covered(allowed, "text")
        why["text"] = "There are no words." if covered else "Consent does not cover the words."
    return why


def _narrowed(
    session: Session,
    heard: Names | None,
    written: Names | None,
    why: Mapping[str, str],
    *,
    granted: bool = False,
) -> Own:
    """What carries these names; everything where there are none."""
    voice = None if "speech" in why else session.voice
    if voice is not None and heard:
        voice = voice.of_speaker(heard)
    text = None if "text" in why else session.text
    if text is not None and written:
        units = [one for one in text["units"] if str(one.get("speaker") or "") in written]
        text = {**text, "units": units}
    used = (heard if voice is not None else None, written if text is not None else None)
    names = sorted({name for one in used for name in one or ()})
    return Own(voice, text, dict(why), () if granted else tuple(names), granted)
