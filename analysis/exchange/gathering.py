"""Collects events while a file is read; whatever cannot stand as written becomes a remark, never nothing."""

from __future__ import annotations

from collections import Counter
from typing import Final

from analysis.coded import SIDES, CodedEvent
from analysis.exchange.values import MAX_EVENTS, MAX_REMARKS, ExchangeError, Options, Reading, Remark
from analysis.facs.codes import CATALOGUE
from analysis.facs.notation import LETTERS

_SIDE_WORDS: Final = {
    **dict.fromkeys(("", "none", "n/a", "na", "-"), ""),
    **dict.fromkeys(("both", "b", "bilateral", "left and right", "lr"), "both"),
    **dict.fromkeys(("left", "l", "left side"), "left"),
    **dict.fromkeys(("right", "r", "right side"), "right"),
    **dict.fromkeys(("unilateral", "u", "one side"), "unilateral"),
}


def side_of(word: str) -> str | None:
    """One of `analysis.coded.SIDES` for a word; None where it is not a side."""
    return _SIDE_WORDS.get(word.strip().lower().removeprefix("subject's "))


def microseconds(seconds: float) -> int:
    """Nearest whole microsecond; a half goes up. Beyond thirty years it is no time of a recording: the limit."""
    seconds = min(max(seconds, -1e9), 1e9)
    return int(seconds * 1e6 + 0.5) if seconds >= 0 else -int(-seconds * 1e6 + 0.5)


class Gathered:
    """Events and remarks so far."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.unmatched: Counter[str] = Counter()
        self._events: list[CodedEvent] = []
        self._remarks: list[Remark] = []
        self._said: set[tuple[str, str]] = set()
        self._unsaid = 0

    def remark(self, place: str, text: str) -> None:
        """Say something about a place in the file; the same is said once."""
        if len(self._said) >= MAX_REMARKS:
            self._unsaid += 1
        elif (place, text) not in self._said:
            self._said.add((place, text))
            self._remarks.append(Remark(place, text))

    def event(
        self,
        place: str,
        code: str,
        onset_us: int,
        offset_us: int,
        *,
        side: str = "",
        intensity: str = "",
        apex_us: int | None = None,
        face: int | None = 0,
        note: str = "",
        confidence: float | None = None,
        rejected: bool = False,
    ) -> None:
        """Add an event as far as FACS and the recording allow it; say what had to be changed.

        Raises
        ------
        ExchangeError
            More events than a coding can have.
        """
        times = self._times(place, code, onset_us, apex_us, offset_us)
        if times is None:
            return
        if len(self._events) >= MAX_EVENTS:
            raise ExchangeError(
                f"The file has more than {MAX_EVENTS:,} events, which is no coding. Nothing was read."
            )
        chosen = face if self.options.face is None else self.options.face
        if confidence is not None and not 0 <= confidence <= 1:
            self.remark(place, f"a confidence of {confidence} is not between 0 and 1; it was left out")
            confidence = None
        self._events.append(
            CodedEvent(
                code,
                self._side(place, code, side),
                self._intensity(place, code, intensity),
                *times,
                rejected=rejected,
                face=max(chosen or 0, 0),
                note=note,
                confidence=confidence,
            )
        )

    def _side(self, place: str, code: str, side: str) -> str:
        if not CATALOGUE[code].sided:
            if side not in ("", "both"):
                self.remark(place, f"{code} has no side; “{side}” was left out")
            return ""
        return side if side in SIDES and side else "both"

    def _intensity(self, place: str, code: str, intensity: str) -> str:
        letter = intensity.strip().upper()
        if letter and not CATALOGUE[code].has_intensity:
            self.remark(place, f"{code} is scored without an intensity; “{intensity}” was left out")
            return ""
        if letter and (len(letter) != 1 or letter not in LETTERS):
            self.remark(place, f"“{intensity}” is not an intensity A to E; it was left out")
            return ""
        return letter

    def _times(
        self, place: str, code: str, onset: int, apex: int | None, offset: int
    ) -> tuple[int, int, int] | None:
        shift, end = self.options.offset_us, self.options.duration_us
        onset, offset = onset + shift, offset + shift
        if onset > offset:
            self.remark(place, f"the event of {code} ends before it begins; it was left out")
            return None
        if offset < 0 or (end and onset > end):
            self.remark(place, f"the event of {code} lies outside of the recording; it was left out")
            return None
        if onset < 0 or (end and offset > end):
            self.remark(place, f"the event of {code} goes beyond the recording; it was cut there")
            onset, offset = max(onset, 0), min(offset, end) if end else offset
        if apex is None:
            self.remark("the file", "it has no apex for some events; the middle of the event stands for it")
            return onset, (onset + offset) // 2, offset
        kept = min(max(apex + shift, onset), offset)
        if kept != apex + shift and onset - shift <= apex:
            self.remark(place, f"the apex of {code} lies after its end; it was moved into the event")
        elif kept != apex + shift:
            self.remark(place, f"the apex of {code} lies before its beginning; it was moved into the event")
        return onset, kept, offset

    def shifted(self, spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
        """Coded stretches, moved as the events are, cut to the recording, joined where they touch or overlap."""
        shift, end = self.options.offset_us, self.options.duration_us
        joined: list[tuple[int, int]] = []
        for start, stop in sorted(spans):
            start, stop = max(start + shift, 0), min(stop + shift, end) if end else stop + shift
            if start >= stop:
                continue
            if joined and start < joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], stop))
            else:
                joined.append((start, stop))
        return tuple(joined)

    def reading(
        self, kind: str, *, spans: list[tuple[int, int]] | None = None, coder: str = "", media: str = ""
    ) -> Reading:
        """Everything gathered, events by onset and then in the catalogue's order."""
        for name, count in self.unmatched.items():
            what = "annotation was" if count == 1 else f"{count:,} annotations were"
            self.remark(f"“{name}”", f"no FACS code has this name; its {what} not read")
        if self._unsaid:
            self._remarks.append(Remark("the file", f"{self._unsaid:,} more such remarks"))
        order = sorted(self._events, key=lambda event: (event.onset_us, CATALOGUE[event.code].order, event.side))
        return Reading(
            kind, tuple(order), tuple(self._remarks), dict(self.unmatched), self.shifted(spans or []), coder, media
        )
