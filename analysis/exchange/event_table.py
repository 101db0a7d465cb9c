"""One row an event: our own table, ``events.csv``, and such tables of other programs and spreadsheets."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from analysis.coded import CodedLayer
from analysis.exchange.gathering import Gathered, microseconds, side_of
from analysis.exchange.names import Named, Scored, code_of, units_of
from analysis.exchange.text import clock_seconds, decoded, neutral, number, restored
from analysis.exchange.values import MAX_ROWS, NOTATION, UNITS, ExchangeError, Options, Reading
from analysis.facs.notation import LETTERS, letter
from analysis.facs.tables import EVENT_COLUMNS

#: Columns of the long table: those of ``events.csv``, and what a person adds.
COLUMNS: Final = (*EVENT_COLUMNS, "facs", "note", "coder", "participant", "recording", "rejected")
_FIELDS: Final = {
    "code": ("code", "au", "actionunit", "facscode", "behavior", "behaviour", "variable", "label", "tier", "unit"),
    "value": ("facs", "annotation", "value", "code01", "text"),
    "side": ("side", "laterality"),
    "intensity": ("intensity", "level", "grade", "strength", "facsintensity"),
    "modifiers": ("modifiers", "modifier", "modifier1"),
    "onset": ("onset", "start", "begin", "starttime", "begintime", "onsettime", "tmin", "xmin", "from"),
    "apex": ("apex", "apextime", "peak", "peaktime"),
    "offset": ("offset", "end", "stop", "endtime", "stoptime", "offsettime", "tmax", "xmax", "to"),
    "duration": ("duration", "length"),
    "confidence": ("confidence", "probability"),
    "face": ("face", "faceid", "facenumber"),
    "note": ("note", "notes", "comment", "comments", "commentstart", "remark"),
    "coder": ("coder", "annotator", "rater", "observer"),
    "rejected": ("rejected",),
}
_FIELD: Final = {name: field for field, names in _FIELDS.items() for name in names}
_TIMES: Final = ("onset", "apex", "offset", "duration")
_UNIT_WORDS: Final = {
    **dict.fromkeys(("us", "µs", "μs", "microseconds", "usec"), "us"),
    **dict.fromkeys(("ms", "msec", "msecs", "milliseconds", "millis"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "seconds", "ss.msec"), "s"),
    **dict.fromkeys(("frame", "frames", "f"), "frames"),
    **dict.fromkeys(("hh:mm:ss.ms", "hh:mm:ss:ff", "clock"), "clock"),
}
_UNIT: Final = re.compile(r"(?P<name>.*?)(?:\s*[(\[](?P<a>[^)\]]+)[)\]]|(?:\s+-\s+|[\s_]+)(?P<b>\S+))", re.DOTALL)
_FINER: Final = ("us", "ms", "s", "", "clock", "frames")
_SCALE: Final = {"us": 1.0, "ms": 1e3, "s": 1e6}


@dataclass(frozen=True, slots=True)
class _Column:
    place: int
    field: str
    unit: str = ""


def write(layer: CodedLayer) -> Iterator[str]:
    """Lines of the long table, rejected events among them; times in microseconds."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for event in layer.events:
        writer.writerow(
            [
                *(event.code, event.side, event.intensity, event.onset_us, event.apex_us, event.offset_us),
                *("" if event.confidence is None else repr(event.confidence), event.face, str(event)),
                *(neutral(text) for text in (event.note, layer.coder, layer.participant, layer.recording)),
                "yes" if event.rejected else "",
            ]
        )
        yield out.getvalue()
        out.seek(0), out.truncate()
    yield out.getvalue()


def _column(place: int, header: str) -> _Column | None:
    text = header.strip().strip("\ufeff").lower()
    match = _UNIT.fullmatch(text)
    unit = _UNIT_WORDS.get((match["a"] or match["b"]).strip(), "") if match else ""
    name = match["name"] if match and unit else text
    field = _FIELD.get(re.sub(r"[^a-z0-9]", "", name))
    return _Column(place, field, unit if field in _TIMES else "") if field else None


def _columns(row: list[str]) -> dict[str, _Column]:
    """Field → its column; of several the one that is finest in time, otherwise the first."""
    out: dict[str, _Column] = {}
    for place, header in enumerate(row):
        column = _column(place, header)
        if column is None:
            continue
        held = out.get(column.field)
        if held is None or _FINER.index(column.unit) < _FINER.index(held.unit):
            out[column.field] = column
    return out


def _is_header(columns: dict[str, _Column]) -> bool:
    return (
        "onset" in columns
        and bool({"offset", "duration"} & columns.keys())
        and bool({"code", "value"} & columns.keys())
    )


def cells_of(line: str, delimiter: str) -> list[str]:
    """Cells of one line; none where it is no line of a table."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def header_of(text: str) -> tuple[str, int] | None:
    """Delimiter and line number (from 0) of the header of an event table; None where there is none."""
    for line, content in enumerate(text.split("\n", 30)[:30]):
        for delimiter in "\t;,":
            if _is_header(_columns(cells_of(content, delimiter))):
                return delimiter, line
    return None


def read(data: bytes, options: Options | None = None) -> Reading:
    """Read a table of events with a header.

    Needed are a code, a beginning, and an end or a duration. Comma, semicolon or tab separate; decimal commas are
    read.

    Raises
    ------
    ExchangeError
        Not such a table.
    """
    chosen = options or Options()
    gathered = Gathered(chosen)
    text = decoded(data)
    found = header_of(text)
    if found is None:
        raise ExchangeError(
            "The table has no header that says code, onset and offset (or start and stop). Nothing was read."
        )
    delimiter, line = found
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        before = [next(reader) for _ in range(line)]
        headers = next(reader)
        rows = [(reader.line_num, row) for row in islice(reader, MAX_ROWS + 1)]
    except (csv.Error, StopIteration) as error:
        raise ExchangeError(f"The table is damaged ({error}). Nothing was read.") from error
    if len(rows) > MAX_ROWS:
        raise ExchangeError(f"The table has more than {MAX_ROWS:,} rows, which is no coding. Nothing was read.")
    for number_, row in enumerate(before, 1):
        if any(cell.strip() for cell in row):
            gathered.remark(f"line {number_}", "it stands before the table; it was not read")
    return _Table(headers, rows, gathered).read()


class _Table:
    def __init__(self, headers: list[str], rows: list[tuple[int, list[str]]], gathered: Gathered) -> None:
        self.columns, self.gathered = _columns(headers), gathered
        self.rows = [(line, row) for line, row in rows if any(cell.strip() for cell in row)]
        used = {column.place for column in self.columns.values()}
        known = {column.field for column in map(_column, range(len(headers)), headers) if column}
        other = [
            header.strip()
            for place, header in enumerate(headers)
            if place not in used
            and header.strip()
            and getattr(_column(place, header), "field", "") not in known
            and header.strip().lower() not in ("participant", "recording")
        ]
        if other:
            gathered.remark("the table", f"columns that were not read: {', '.join(other)}")
        self.unit = self._unit()

    def cell(self, row: list[str], field: str) -> str:
        column = self.columns.get(field)
        return row[column.place].strip() if column and column.place < len(row) else ""

    def _unit(self) -> str:
        """Unit of times whose header does not say it: as chosen, else the coarsest that the recording can hold."""
        bare = [name for name in _TIMES if name in self.columns and not self.columns[name].unit]
        if not bare:
            return ""
        options = self.gathered.options
        if options.unit in UNITS:
            return options.unit
        cells = [self.cell(row, name) for _, row in self.rows for name in bare]
        values = [value for cell in cells if clock_seconds(cell) is None and (value := number(cell)) is not None]
        if not values:
            return "s"
        whole = all(value == int(value) for value in values)
        if options.duration_us:
            fitting = (
                unit for unit in ("s", "ms", "us") if max(values) * _SCALE[unit] <= options.duration_us * 1.05
            )
            unit = next(fitting, "us") if whole else "s"
        else:
            unit = "s" if not whole or max(values) < 1000 else "ms" if max(values) < 20_000_000 else "us"
        words = {"s": "seconds", "ms": "milliseconds", "us": "microseconds"}
        self.gathered.remark("the table", f"its times do not say their unit; they were taken for {words[unit]}")
        return unit

    def time(self, line: int, row: list[str], field: str) -> int | None:
        """Microseconds; None where the cell is empty or not understood, which is said."""
        text = self.cell(row, field)
        if not text or text.lower() in ("na", "nan", "none"):
            return None
        if (clock := clock_seconds(text)) is not None:
            return microseconds(clock)
        value = number(text)
        if value is None:
            self.gathered.remark(f"line {line}", f"“{text}” is not a time")
            return None
        unit = self.columns[field].unit or self.unit
        if unit == "frames":
            if not self.gathered.options.fps:
                raise ExchangeError(
                    "The table counts frames: say how many frames a second it has, and read it again."
                )
            return microseconds(value / self.gathered.options.fps)
        return microseconds(value * _SCALE.get(unit, 1e6) / 1e6)

    def read(self) -> Reading:
        coders = {self.cell(row, "coder") for _, row in self.rows} - {""}
        for line, row in self.rows:
            self._row(line, row)
        return self.gathered.reading("events", coder=restored(coders.pop()) if len(coders) == 1 else "")

    def _row(self, line: int, row: list[str]) -> None:
        place = f"line {line}"
        onset, offset = self.time(line, row, "onset"), self.time(line, row, "offset")
        if offset is None and onset is not None and (duration := self.time(line, row, "duration")) is not None:
            offset = onset + duration
        if onset is None or offset is None:
            self.gathered.remark(place, "it has no beginning or no end; it was not read")
            return
        confidence = self.cell(row, "confidence")
        for unit in self._units(place, row):
            self.gathered.event(
                place,
                unit.code,
                onset,
                offset,
                side=unit.side,
                intensity=unit.intensity,
                apex_us=self.time(line, row, "apex"),
                face=self._face(place, row),
                note=restored(self.cell(row, "note")),
                confidence=number(confidence) if confidence else None,
                rejected=self.cell(row, "rejected").lower() in ("yes", "true", "1"),
            )

    def _face(self, place: str, row: list[str]) -> int:
        text = self.cell(row, "face")
        value = number(text) if text else 0.0
        if value is None or value != int(value) or value < 0:
            self.gathered.remark(place, f"“{text}” is not the number of a face; face 0 was taken")
            return 0
        return int(value)

    def _units(self, place: str, row: list[str]) -> list[Scored]:
        """What the row scores: its code with side and intensity, or several in notation."""
        written, value = self.cell(row, "code"), self.cell(row, "value")
        name = written or value
        wanted = self.gathered.options.mapping.get(name)
        if wanted == "":
            self.gathered.remark(f"“{name}”", "left out as chosen")
            return []
        if written and wanted != NOTATION and (named := code_of(wanted or written)):
            return [self._scored(place, row, named, value)]
        units = units_of(restored(value if wanted == NOTATION or not written else written))
        if units is None:
            self.gathered.unmatched[name or "(no code)"] += 1
            return []
        return units

    def _scored(self, place: str, row: list[str], named: Named, value: str) -> Scored:
        side, intensity = named.side, ""
        inside = units_of(value, named.code) if value else None
        if inside and len(inside) == 1 and inside[0].code == named.code:
            side, intensity = inside[0].side or side, inside[0].intensity
        words = [word.strip() for word in re.split(r"[|,;]", self.cell(row, "modifiers")) if word.strip()]
        for word in (self.cell(row, "side"), self.cell(row, "intensity"), *words):
            if not word or word.lower() in ("none", "na", "nan"):
                continue
            if (grade := _grade(word)) is not None:
                intensity = grade
            elif (said := side_of(word)) is not None:
                side = said
            else:
                self.gathered.remark(place, f"“{word}” is no side and no intensity; it was left out")
        return Scored(named.code, side, intensity)


def _grade(word: str) -> str | None:
    """A–E for a letter or a number 0–5; None where it is neither."""
    upper = word.upper()
    if len(upper) == 1 and upper in LETTERS:
        return upper
    value = number(word)
    return letter(value) if value is not None and 0 <= value <= 5 else None
