"""Units of a transcript as plain values: checked, compared, written as files.

A row is ``[start_us, end_us, speaker, text]`` as revisions store it; times are microseconds of media time or None.
"""

from __future__ import annotations

import hashlib
import html
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from facsweb.audit.services import canonical

if TYPE_CHECKING:
    from analysis.text.units import Unit

Row = list[Any]
#: Choices of ours: what a page can still show. Two hours of speech are some 2,500 units and 150,000 characters.
MOST_UNITS: Final = 10_000
MOST_CHARACTERS: Final = 2_000_000
LONGEST_TEXT: Final = 5_000
LONGEST_SPEAKER: Final = 80
DAY_US: Final = 24 * 3_600_000_000
#: How long a unit lasts whose end nobody set, unless the next begins earlier. A choice of ours.
USUAL_US: Final = 4_000_000


class Invalid(Exception):  # noqa: N818 (a state that people are told about)
    """Units that cannot be stored.

    Attributes
    ----------
    problems : list of dict
        ``index`` of the unit, ``field`` (start, end, speaker or text) and ``message``.
    """

    def __init__(self, problems: list[dict[str, Any]]) -> None:
        self.problems = problems
        first = problems[0]
        more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
        super().__init__(
            f"Unit {first['index'] + 1}: {first['message']}{more}" if "index" in first else first["message"]
        )


def clock(us: int) -> str:
    """Microseconds as ``00:03:12.480``."""
    ms = round(us / 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def clean(text: str, *, line: bool = False) -> str:
    """Text without control characters and spaces around it; on one line where asked."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    # Control characters, and halves of characters, which a database refuses.
    text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    return " ".join(text.split()) if line else text.strip()


def checked(values: Any, *, duration_us: int | None) -> list[Row]:
    """Rows of a request, cleaned.

    Parameters
    ----------
    values : object
        What somebody sent: a list of ``[start_us, end_us, speaker, text]``.
    duration_us : int or None
        Of the recording; None where there is none.

    Raises
    ------
    Invalid
        A time lies outside of the recording, ends before it begins or goes back; something is too long.
    TypeError
        It is no list of units at all.
    """
    if not isinstance(values, list):
        raise TypeError("units")
    if len(values) > MOST_UNITS:
        raise Invalid([{"message": f"A transcript has at most {MOST_UNITS:,} units. Nothing was stored."}])
    rows, problems, latest = [], [], 0
    for index, value in enumerate(values):
        row = _row(value)
        rows.append(row)
        problems += [
            {"index": index, "field": field, "message": said} for field, said in _faults(row, latest, duration_us)
        ]
        if row[0] is not None:
            latest = max(latest, row[0])
    if problems:
        raise Invalid(problems)
    if sum(len(row[3]) for row in rows) > MOST_CHARACTERS:
        raise Invalid(
            [{"message": f"A transcript has at most {MOST_CHARACTERS:,} characters. Nothing was stored."}]
        )
    return rows


def _row(value: Any) -> Row:
    if not isinstance(value, list) or len(value) != 4:
        raise TypeError("unit")
    start, end, speaker, text = value
    if any(time is not None and (not isinstance(time, int) or isinstance(time, bool)) for time in (start, end)):
        raise TypeError("time")
    if not isinstance(speaker, str) or not isinstance(text, str):
        raise TypeError("text")
    return [start, end, clean(speaker, line=True), clean(text)]


def _faults(row: Row, latest: int, duration_us: int | None) -> list[tuple[str, str]]:
    start, end, speaker, text = row
    last = DAY_US if duration_us is None else duration_us
    found = []
    if len(text) > LONGEST_TEXT:
        found.append(("text", f"It has {len(text):,} characters; at most {LONGEST_TEXT:,} are stored. Split it."))
    if len(speaker) > LONGEST_SPEAKER:
        found.append(("speaker", f"A speaker's name has at most {LONGEST_SPEAKER} characters."))
    if start is None:
        if end is not None:
            found.append(("start", "It has an end and no start. Set the start, or take the end away."))
        return found
    if not 0 <= start <= last:
        found.append(("start", f"It starts outside of the recording, which ends at {clock(last)}."))
    elif start < latest:
        found.append(("start", f"It starts before a unit above it, which starts at {clock(latest)}."))
    if end is not None and end <= start:
        found.append(("end", "It ends before it starts."))
    elif end is not None and end > last:
        found.append(("end", f"It ends after the recording, which ends at {clock(last)}."))
    return found


def fitted(units: Iterable[Unit], *, duration_us: int | None, shift_us: int = 0) -> tuple[list[Row], list[str]]:
    """Rows of a file's units that can stand in the recording, and what had to be changed, as sentences.

    Parameters
    ----------
    units : iterable of Unit
        As the file was read.
    duration_us : int or None
        Of the recording; None where there is none.
    shift_us : int
        Added to every time.
    """
    rows: list[Row] = []
    outside = ended = cut = 0
    last = DAY_US if duration_us is None else duration_us
    for unit in units:
        start = None if unit.start_us is None else unit.start_us + shift_us
        end = None if unit.end_us is None else unit.end_us + shift_us
        if start is not None and not 0 <= start < last:
            start, end, outside = None, None, outside + 1
        if start is None:
            end = None
        elif end is not None and end > last:
            end, ended = last, ended + 1
        if start is not None and end is not None and end <= start:
            end = None
        text, speaker = clean(unit.text), clean(unit.speaker, line=True)[:LONGEST_SPEAKER]
        if not text:
            continue
        for piece in _pieces(text):
            rows.append([start, end, speaker, piece] if piece is text else [start, None, speaker, piece])
            cut += piece is not text
    remarks = []
    if outside:
        limit = "the recording" if duration_us is not None else "a day"
        remarks.append(
            f"{_units(outside)} outside of {limit} ({clock(last)}) would have no time. Is the shift right?"
        )
    if ended:
        remarks.append(f"{_units(ended)} ended after the recording; the end was moved to {clock(last)}.")
    if cut:
        remarks.append(f"Long paragraphs were cut into pieces of at most {LONGEST_TEXT:,} characters.")
    timed = [row for row in rows if row[0] is not None]
    if [row[0] for row in timed] != sorted(row[0] for row in timed):
        rows = _sorted(rows)
        remarks.append("The units were not in the order of their times; they were sorted.")
    return rows, remarks


def _pieces(text: str) -> list[str]:
    if len(text) <= LONGEST_TEXT:
        return [text]
    pieces, rest = [], text
    while len(rest) > LONGEST_TEXT:
        at = (
            max(rest.rfind(". ", 0, LONGEST_TEXT) + 1, 0)
            or max(rest.rfind(" ", 0, LONGEST_TEXT), 0)
            or LONGEST_TEXT
        )
        pieces.append(rest[:at].strip())
        rest = rest[at:].strip()
    return [*pieces, rest] if rest else pieces


def _sorted(rows: list[Row]) -> list[Row]:
    """By start; a unit without times stays behind the one that it follows."""
    key, keyed = 0, []
    for number, row in enumerate(rows):
        key = row[0] if row[0] is not None else key
        keyed.append((key, number, row))
    return [row for _, _, row in sorted(keyed, key=lambda one: one[:2])]


def _units(count: int) -> str:
    return f"{count:,} unit{'s' if count != 1 else ''}"


def digest(rows: Sequence[Row]) -> str:
    """SHA-256 (hex) over the rows."""
    return hashlib.sha256(canonical(list(rows))).hexdigest()


def difference(before: Sequence[Row], after: Sequence[Row]) -> str:
    """What changed from one revision to the next, as a sentence; empty where nothing did.

    It names the stretch of units between what stayed at the beginning and what stayed at the end.
    """
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    old, new = len(before) - head - tail, len(after) - head - tail
    if not old and not new:
        return ""
    if not old:
        return f"Added {_units(new)}" + (f" after unit {head}." if head else " at the beginning.")
    if not new:
        return f"Removed {_span(head, old)}."
    if old == new:
        return f"Changed {_span(head, old)}."
    return f"Made {_span(head, old)} {_units(new)}."


def _span(first: int, count: int) -> str:
    return f"unit {first + 1}" if count == 1 else f"units {first + 1}–{first + count}"


def facts(rows: Sequence[Row]) -> dict[str, Any]:
    """Numbers for people: units, words, units with times, and who speaks."""
    return {
        "units": len(rows),
        "words": sum(len(row[3].split()) for row in rows),
        "timed": sum(row[0] is not None for row in rows),
        "speakers": sorted({row[2] for row in rows if row[2]}),
    }


def ended(rows: Sequence[Row], *, duration_us: int | None) -> list[Row]:
    """Rows with words, each with both times or none.

    An end that nobody set is where the next unit begins, at most 4 s later and within the recording.
    """
    said = [row for row in rows if row[3]]
    last = DAY_US if duration_us is None else duration_us
    found: list[Row] = []
    later = last
    for start, end, speaker, text in reversed(said):
        if start is not None and end is None:
            end = max(min(later if later > start else last, start + USUAL_US, last), start)
        found.append([start, end, speaker, text])
        later = later if start is None else start
    return found[::-1]


def sentences(rows: Sequence[Row], *, duration_us: int | None) -> list[Unit]:
    """Rows with words as the classifier reads them: every sentence of a row by itself, ended as `ended` does."""
    from analysis.text.sentences import units
    from analysis.text.units import Piece

    said = ended(rows, duration_us=duration_us)
    return [
        one for start, end, who, text in said for one in units([Piece(start, end, who, " ".join(text.split()))])
    ]


def as_vtt(rows: Sequence[Row], *, duration_us: int | None) -> str:
    """WebVTT of the units that have times, ended as `ended` does."""
    cues = ["WEBVTT\n"]
    for start, end, speaker, text in ended(rows, duration_us=duration_us):
        if start is None:
            continue
        said = html.escape("\n".join(line for line in text.splitlines() if line.strip()), quote=False)
        voice = f"<v {html.escape(speaker, quote=False)}>" if speaker else ""
        # A cue of no length is none; it gets the shortest that the format can say.
        cues.append(f"{clock(start)} --> {clock(max(end, start + 1000))}\n{voice}{said}\n")
    return "\n".join(cues)


def as_text(rows: Sequence[Row]) -> str:
    """One line a unit, with who speaks before a colon."""
    lines = [(speaker, " ".join(text.split())) for _, _, speaker, text in rows if text]
    return "".join(f"{speaker}: {text}\n" if speaker else f"{text}\n" for speaker, text in lines)
