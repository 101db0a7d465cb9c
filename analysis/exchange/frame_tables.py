"""One row a frame: our wide table with intensities 0–5, and tables as OpenFace and py-feat write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.coded import CodedEvent, CodedLayer
from analysis.exchange.text import seconds_text
from analysis.exchange.values import About
from analysis.facs.codes import ACTION_UNITS, CATALOGUE
from analysis.facs.notation import LETTERS
from analysis.facs.series import Int64

#: Length of a step where the frames' times are not known, microseconds.
STEP_US: Final = 40_000
#: Units that OpenFace 2 estimates, with an intensity and a presence; 28 has a presence only.
OPENFACE: Final = ("1", "2", "4", "5", "6", "7", "9", "10", "12", "14", "15", "17", "20", "23", "25", "26", "45")
OPENFACE_PRESENCE: Final = (*OPENFACE[:-1], "28", "45")
#: Units that py-feat detects.
PYFEAT: Final = (
    *(
        "1",
        "2",
        "4",
        "5",
        "6",
        "7",
        "9",
        "10",
        "11",
        "12",
        "14",
        "15",
        "17",
        "20",
        "23",
        "24",
        "25",
        "26",
        "28",
        "43",
    ),
)
_HELD: Final[Mapping[str, tuple[str, ...]]] = {  # side of an event → columns that it shows in
    "both": ("", "_L", "_R"),
    "left": ("", "_L"),
    "right": ("", "_R"),
    "unilateral": ("",),
    "": ("",),
}
Levels = NDArray[np.int8]


def grid(layer: CodedLayer, about: About, step_us: int = 0) -> Int64:
    """Times of the rows, microseconds: a fixed step where one is given, else the frames, else 40 ms.

    Parameters
    ----------
    layer : CodedLayer
    about : About
    step_us : int
        0: as the frames are.
    """
    if not step_us and len(about.frame_times):
        return about.frame_times
    last = max([about.duration_us, *(event.offset_us for event in layer.events)])
    return np.arange(0, last + 1, step_us or STEP_US, dtype=np.int64)


def faces_of(layer: CodedLayer) -> list[int]:
    """Faces with an event that stands; face 0 where there is none."""
    return sorted({event.face for event in layer.events if not event.rejected}) or [0]


def _rows(times: Int64, event: CodedEvent) -> slice:
    """Rows of an event; one that falls between two rows is on the nearer one."""
    first = int(np.searchsorted(times, event.onset_us, "left"))
    last = int(np.searchsorted(times, event.offset_us, "right"))
    if first < last:
        return slice(first, last)
    near = min(first, len(times) - 1)
    if near and event.apex_us - times[near - 1] < times[near] - event.apex_us:
        near -= 1
    return slice(near, near + 1)


def levels(layer: CodedLayer, times: Int64, face: int) -> dict[str, Levels]:
    """Column (``12``, ``12_L``) → 0–5 in every row; 1 where an event has no letter."""
    out: dict[str, Levels] = {}
    for event in layer.events:
        if event.rejected or event.face != face or not len(times):
            continue
        level = LETTERS.index(event.intensity) + 1 if event.intensity else 1
        rows = _rows(times, event)
        for suffix in _HELD[event.side]:
            column = out.setdefault(f"{event.code}{suffix}", np.zeros(len(times), np.int8))
            column[rows] = np.maximum(column[rows], level)
    return out


def coded(layer: CodedLayer, times: Int64) -> NDArray[np.bool_]:
    """Rows that were coded: all of them where the layer does not say its stretches."""
    if not layer.spans:
        return np.ones(len(times), bool)
    inside = np.zeros(len(times), bool)
    for start, end in layer.spans:
        inside[np.searchsorted(times, start) : np.searchsorted(times, end)] = True
    return inside


def _columns(layer: CodedLayer, every_code: bool) -> list[str]:
    present = {event.code for event in layer.events if not event.rejected}
    codes = [code for code in CATALOGUE.values() if every_code or code.code in present]
    return [f"{code.code}{suffix}" for code in codes for suffix in (("", "_L", "_R") if code.sided else ("",))]


def wide(layer: CodedLayer, about: About, step_us: int = 0, every_code: bool = False) -> Iterator[str]:
    """Lines of our wide table: ``frame, time_us, face`` and a column a code, sided ones with ``_L`` and ``_R``.

    A column without suffix holds the stronger side. Cells outside of the coded stretches are empty.
    """
    times = grid(layer, about, step_us)
    names = _columns(layer, every_code)
    yield ",".join(["frame", "time_us", "face", *(f"AU{name}" for name in names)]) + "\n"
    inside, absent = coded(layer, times), np.zeros(len(times), np.int8)
    for face in faces_of(layer):
        found = levels(layer, times, face)
        table = np.stack([found.get(name, absent) for name in names], axis=1) if names else absent[:, None][:, :0]
        for row, (time, values) in enumerate(zip(times.tolist(), table.tolist(), strict=True)):
            cells = map(str, values) if inside[row] else [""] * len(names)
            yield ",".join([str(row), str(time), str(face), *cells]) + "\n"


def _units(layer: CodedLayer, usual: tuple[str, ...]) -> list[str]:
    present = {event.code for event in layer.events if not event.rejected}
    return sorted({*usual, *(present & set(ACTION_UNITS))}, key=int)


def openface(layer: CodedLayer, about: About, step_us: int = 0) -> Iterator[str]:
    """Lines of a table as OpenFace 2 writes it: OpenFace's units first, and whatever else was coded.

    ``success`` is 0 outside of the coded stretches; ``confidence`` says the same, for it is no machine's.
    """
    times = grid(layer, about, step_us)
    graded, present = _units(layer, OPENFACE), _units(layer, OPENFACE_PRESENCE)
    head = ["frame", "face_id", "timestamp", "confidence", "success"]
    head += [*(f"AU{int(code):02d}_r" for code in graded), *(f"AU{int(code):02d}_c" for code in present)]
    yield ", ".join(head) + "\n"
    inside, absent = coded(layer, times), np.zeros(len(times), np.int8)
    for face in faces_of(layer):
        found = levels(layer, times, face)
        strong = np.stack([found.get(code, absent) for code in graded], axis=1)
        there = np.stack([found.get(code, absent) > 0 for code in present], axis=1).astype(np.int8)
        for row, time in enumerate(times.tolist()):
            seen = "1" if inside[row] else "0"
            figures = [*(f"{level:.2f}" for level in strong[row].tolist()), *map(str, there[row].tolist())]
            yield ", ".join([str(row + 1), str(face), seconds_text(time), f"{seen}.00", seen, *figures]) + "\n"


def pyfeat(layer: CodedLayer, about: About, step_us: int = 0) -> Iterator[str]:
    """Lines of a table as py-feat writes it: 1 where a unit is there, else 0, empty outside of the stretches."""
    times = grid(layer, about, step_us)
    units = _units(layer, PYFEAT)
    head = ["frame", "face", *(f"AU{int(code):02d}" for code in units), "approx_time", "input"]
    yield ",".join(head) + "\n"
    inside, absent = coded(layer, times), np.zeros(len(times), np.int8)
    media = '"' + about.media.replace('"', '""') + '"'
    for face in faces_of(layer):
        found = levels(layer, times, face)
        there = np.stack([found.get(code, absent) > 0 for code in units], axis=1).astype(np.int8)
        for row, time in enumerate(times.tolist()):
            cells = [f"{value}.0" for value in there[row].tolist()] if inside[row] else [""] * len(units)
            clock = f"{time // 60_000_000:02d}:{time // 1_000_000 % 60:02d}"
            yield ",".join([str(row), str(face), *cells, clock, media]) + "\n"
