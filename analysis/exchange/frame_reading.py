"""Reads tables with one row a frame (ours, OpenFace's, py-feat's) and makes events of what passes a threshold."""

from __future__ import annotations

import csv
import io
import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.exchange.event_table import cells_of
from analysis.exchange.gathering import Gathered
from analysis.exchange.text import decoded, number
from analysis.exchange.values import ExchangeError, Options, Reading
from analysis.facs.codes import CATALOGUE
from analysis.facs.notation import letter
from analysis.facs.segments import spans_above
from analysis.facs.series import FaceSeries, Float64, Int64

_UNIT: Final = re.compile(r"AU ?(M?)0*(\d+)(_r|_c|_L|_R)?")
_TIMES: Final = {"time_us": 1.0, "time_ms": 1e3, "timestamp": 1e6, "time_s": 1e6, "time": 1e6}
_FACES: Final = ("face", "face_id", "identity")
_FRAMES: Final = ("frame", "frame_index")
#: What only py-feat's tables have: its AU columns are probabilities.
_PYFEAT: Final = ("approx_time", "facescore", "facerectx")
_SIDES: Final = {"_L": "left", "_R": "right"}


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Rows in which a column passes the threshold: first and last, both inclusive; its peak."""

    first: int
    last: int
    apex: int
    peak: float


def header_of(text: str) -> tuple[str, list[str]] | None:
    """Delimiter and column names of a frame table; None where the first line is not its header."""
    line = text.split("\n", 1)[0]
    for delimiter in "\t;,":
        names = [name.strip().strip("\ufeff") for name in cells_of(line, delimiter)]
        lowered = {name.lower() for name in names}
        if any(_UNIT.fullmatch(name) for name in names) and lowered & {*_TIMES, *_FRAMES}:
            return delimiter, names
    return None


def kind_of(names: list[str]) -> str:
    """Key of the format that the columns belong to: ``wide``, ``openface`` or ``pyfeat``."""
    lowered = {name.lower() for name in names}
    if "time_us" in lowered:
        return "wide"
    if any(name.endswith(("_r", "_c")) for name in names if _UNIT.fullmatch(name)):
        return "openface"
    return "pyfeat" if lowered & set(_PYFEAT) else "wide"


def read(data: bytes, options: Options | None = None) -> Reading:
    """Read a frame table into events, by the options' thresholds.

    Raises
    ------
    ExchangeError
        No such table, or one without times for which no frame rate was given.
    """
    chosen = options or Options()
    gathered = Gathered(chosen)
    text = decoded(data)
    found = header_of(text)
    if found is None:
        raise ExchangeError(
            "The table has no header with a frame or time column and columns such as AU12. Nothing was read."
        )
    delimiter, names = found
    table = _Table(names, gathered)
    try:
        reader = csv.reader(io.StringIO(text), delimiter=delimiter)
        next(reader)
        for row in reader:
            table.add(reader.line_num, row)
    except csv.Error as error:
        raise ExchangeError(f"The table is damaged ({error}). Nothing was read.") from error
    table.gather(kind_of(names))
    return gathered.reading(kind_of(names))


class _Table:
    """The needed columns of a frame table as arrays, row by row."""

    def __init__(self, names: list[str], gathered: Gathered) -> None:
        self.gathered = gathered
        lowered = [name.lower() for name in names]
        self.units: dict[tuple[str, str], int] = {}
        for place, name in enumerate(names):
            self._unit(place, name)
        timed = next((name for name in _TIMES if name in lowered), None)
        self.time = lowered.index(timed) if timed else None
        self.scale = _TIMES[timed] if timed else 0.0
        self.frame = next((lowered.index(name) for name in _FRAMES if name in lowered), None)
        self.face = next((lowered.index(name) for name in _FACES if name in lowered), None)
        self.success = lowered.index("success") if "success" in lowered else None
        used = {*self.units.values(), self.time, self.frame, self.face, self.success}
        other = [
            name for place, name in enumerate(names) if place not in used and name and not _UNIT.fullmatch(name)
        ]
        if other := [name for name in other if name.lower() not in {*_TIMES, *_FRAMES, *_FACES, *_PYFEAT}]:
            few = ", ".join(other[:8]) + (f" and {len(other) - 8} more" if len(other) > 8 else "")
            gathered.remark("the table", f"columns that were not read: {few}")
        if self.time is None and not gathered.options.fps:
            raise ExchangeError(
                "The table counts frames and has no column of times: say how many frames a second it has."
            )
        self.lines, self.when, self.frames = array("q"), array("d"), array("d")
        self.faces: list[str] = []
        self.values = {unit: array("d") for unit in self.units}

    def _unit(self, place: int, name: str) -> None:
        match = _UNIT.fullmatch(name)
        if match is None:
            return
        code = f"{match[1]}{match[2]}"
        wanted = self.gathered.options.mapping.get(name, code)
        if wanted == "":
            self.gathered.remark(f"“{name}”", "left out as chosen")
        elif wanted not in CATALOGUE:
            self.gathered.unmatched[name] += 1
        elif (wanted, match[3] or "") in self.units:
            self.gathered.remark(f"“{name}”", f"a column of {wanted} was there before; it was not read")
        else:
            self.units[wanted, match[3] or ""] = place

    def add(self, line: int, row: list[str]) -> None:
        if not any(cell.strip() for cell in row):
            return
        at = self.time if self.time is not None else self.frame
        time = self._number(row, at)
        if not abs(time) < 1e15:  # NaN, too
            self.gathered.remark(f"line {line}", "it has no time; it was not read")
            return
        self.lines.append(line)
        self.when.append(time)
        self.frames.append(self._number(row, self.frame))
        self.faces.append(row[self.face].strip() if self.face is not None and self.face < len(row) else "0")
        lost = self.success is not None and self._number(row, self.success) == 0
        for unit, place in self.units.items():
            self.values[unit].append(np.nan if lost else self._number(row, place))

    def _number(self, row: list[str], place: int | None) -> float:
        if place is None or place >= len(row):
            return np.nan
        cell = row[place]
        try:
            return float(cell)
        except ValueError:
            value = number(cell)
            return np.nan if value is None else value

    def gather(self, kind: str) -> None:
        if not self.units or not len(self.when):
            raise ExchangeError("The table has no rows with figures of Action Units. Nothing was read.")
        times = self._times()
        shares = kind == "pyfeat"
        names = {name: place for place, name in enumerate(sorted(set(self.faces)))}
        for name in names:
            rows = np.flatnonzero(np.array([own == name for own in self.faces]))
            given = number(name)
            face = int(given) if given is not None and given >= 0 and given == int(given) else names[name]
            series, rows = self._series(rows, times)
            own = {unit: np.array(values, np.float64)[rows] for unit, values in self.values.items()}
            for code in sorted({code for code, _ in self.units}, key=lambda code: CATALOGUE[code].order):
                columns = {suffix: values for (of, suffix), values in own.items() if of == code}
                _Column(code, series, face, shares, self.gathered).gather(columns)

    def _times(self) -> Int64:
        when = np.array(self.when, np.float64)
        if self.time is None:
            if when.min() == 1:
                self.gathered.remark("the table", "its frames are counted from 1; the first is at 0 s")
                when -= 1
            assert self.gathered.options.fps  # checked before a row was read
            when *= 1e6 / self.gathered.options.fps
        else:
            when *= self.scale
        times: Int64 = np.floor(when + 0.5).astype(np.int64)
        return times

    def _series(self, rows: Int64, times: Int64) -> tuple[FaceSeries, Int64]:
        """The face's rows in order of time, each time once; frame numbers, so that missing frames are gaps."""
        rows = rows[np.argsort(times[rows], kind="stable")]
        fresh = np.concatenate([[True], np.diff(times[rows]) > 0])
        for row in rows[~fresh]:
            self.gathered.remark(f"line {self.lines[row]}", "a row of this time was there before; it was not read")
        rows = rows[fresh]
        frames = np.array(self.frames, np.float64)[rows]
        counted = np.isfinite(frames).all() and (np.diff(frames) > 0).all()
        number_ = frames.astype(np.int64) if counted else np.arange(len(rows), dtype=np.int64)
        return FaceSeries(number_, times[rows], {}), rows


@dataclass(frozen=True, slots=True)
class _Column:
    """Everything that a table says about one code of one face."""

    code: str
    series: FaceSeries
    face: int
    shares: bool
    gathered: Gathered

    def gather(self, columns: Mapping[str, Float64]) -> None:
        """Add events of a code from its columns: intensity, presence (``_c``) and the two sides."""
        if "_L" in columns and "_R" in columns:
            self._sided(columns)
            return
        strength = columns.get("_r", columns.get(""))
        presence = columns.get("_c")
        if presence is not None and (strength is None or self.gathered.options.thresholds.presence):
            for one in self._found(presence, strength, enter=0.5):
                self._event(one, "", graded=strength is not None)
        elif strength is not None:
            for one in self._found(strength, strength):
                self._event(one, "", graded=not self.shares)
        for suffix in ("_L", "_R"):
            if suffix in columns:
                for one in self._found(columns[suffix], columns[suffix]):
                    self._event(one, _SIDES[suffix], graded=not self.shares)

    def _sided(self, columns: Mapping[str, Float64]) -> None:
        """Both sides where they mostly happen together; one side that is in neither column: unilateral."""
        left, right = (self._found(columns[suffix], columns[suffix]) for suffix in ("_L", "_R"))
        alone = list(right)
        for one in left:
            twin = next((other for other in alone if _together(one, other)), None)
            if twin is None:
                self._event(one, "left", graded=True)
                continue
            alone.remove(twin)
            strong = one if one.peak >= twin.peak else twin
            whole = _Stretch(min(one.first, twin.first), max(one.last, twin.last), strong.apex, strong.peak)
            self._event(whole, "both", graded=True)
        for one in alone:
            self._event(one, "right", graded=True)
        if "" in columns:
            rest = np.where((columns["_L"] > 0) | (columns["_R"] > 0), 0.0, columns[""])
            for one in self._found(rest, rest):
                self._event(one, "unilateral", graded=True)

    def _found(self, deciding: Float64, strength: Float64 | None, enter: float = 0.0) -> list[_Stretch]:
        limits = self.gathered.options.thresholds
        least = enter or (limits.enter if limits.enter is not None else 0.5 if self.shares else 1.0)
        leave = least if enter or limits.leave is None else min(limits.leave, least)
        times, spans = self.series.time_us, spans_above(self.series, deciding, least, leave)
        joined: list[slice] = []
        for span in spans:
            seen = joined and np.isfinite(deciding[joined[-1].stop : span.start]).all()
            if seen and times[span.start] - times[joined[-1].stop - 1] <= limits.join_us:
                joined[-1] = slice(joined[-1].start, span.stop)
            else:
                joined.append(span)
        figures = deciding if strength is None else strength
        out: list[_Stretch] = []
        for span in joined:
            if times[span.stop - 1] - times[span.start] < limits.least_us:
                self.gathered.remark(
                    f"column AU{self.code} at {times[span.start] / 1e6:.3f} s",
                    "shorter than the least duration; it was left out",
                )
                continue
            part = np.nan_to_num(figures[span])
            apex = int(np.argmax(part))
            out.append(_Stretch(span.start, span.stop - 1, span.start + apex, float(part[apex])))
        return out

    def _event(self, found: _Stretch, side: str, graded: bool) -> None:
        entry, times = CATALOGUE[self.code], self.series.time_us
        self.gathered.event(
            f"column AU{self.code} at {times[found.first] / 1e6:.3f} s",
            self.code,
            int(times[found.first]),
            int(times[found.last]),
            side=side,
            intensity=letter(found.peak) if graded and entry.has_intensity else "",
            apex_us=int(times[found.apex]),
            face=self.face,
            confidence=min(max(found.peak, 0.0), 1.0) if self.shares else None,
        )


def _together(one: _Stretch, other: _Stretch) -> bool:
    """Whether two stretches share at least half of what they cover."""
    shared = min(one.last, other.last) - max(one.first, other.first) + 1
    return shared * 2 >= max(one.last, other.last) - min(one.first, other.first) + 1
