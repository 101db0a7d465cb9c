"""Tiers of intervals, which ELAN and Praat share: laying events out on them, and reading events from them.

An event is an interval on the tier of its code. Its value is FACS notation (``L12C``). Two events of one code
at one time lie on two tiers, ``AU12`` and ``AU12 (2)``. The apex is where a child tier ``… phase`` turns from
``rise`` to ``fall``: only ``rise`` means that the apex is the offset, only ``fall`` that it is the onset.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from analysis.coded import CodedEvent
from analysis.exchange.gathering import Gathered
from analysis.exchange.names import Named, code_of, is_notation, tier_name, units_of
from analysis.exchange.values import NOTATION
from analysis.facs.codes import CATALOGUE

RISE: Final = "rise"
FALL: Final = "fall"
MOMENT: Final = "moment"
PHASE: Final = " phase"
NOTE: Final = " note"
#: The tier of the stretches that were coded.
SPANS: Final = "Coded stretches"


@dataclass(frozen=True, slots=True)
class Lane:
    """Events of one tier: one code of one face, none overlapping the next."""

    name: str
    events: tuple[CodedEvent, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """One annotation of a tier that was read, microseconds."""

    place: str
    start_us: int
    end_us: int
    value: str
    note: str = ""
    apex_us: int | None = None


def standing(events: Iterable[CodedEvent]) -> list[CodedEvent]:
    """Events that stand, in the catalogue's order of codes, then by face and onset."""
    return sorted(
        (event for event in events if not event.rejected),
        key=lambda event: (CATALOGUE[event.code].order, event.face, event.onset_us, event.offset_us, event.side),
    )


def lanes(events: Iterable[CodedEvent], extent: Callable[[CodedEvent], tuple[int, int]]) -> list[Lane]:
    """Lay the events that stand out on tiers.

    Parameters
    ----------
    events : iterable of CodedEvent
    extent : callable
        Beginning and end of an event in the file's unit; an end is never before the beginning.
    """
    out: list[Lane] = []
    for (code, face), own in groupby(standing(events), key=lambda event: (event.code, event.face)):
        rows: list[list[CodedEvent]] = []
        for event in own:
            start, _ = extent(event)
            row = next((row for row in rows if extent(row[-1])[1] <= start), None)
            if row is None:
                rows.append([event])
            else:
                row.append(event)
        out += [Lane(tier_name(code, face, number), tuple(row)) for number, row in enumerate(rows)]
    return out


def phases(start: int, apex: int, end: int) -> list[tuple[int, int, str]]:
    """Intervals of the child tier: rise, then fall, without empty ones."""
    return [(a, b, word) for a, b, word in ((start, apex, RISE), (apex, end, FALL)) if a < b]


def with_apexes(marks: Sequence[Mark], children: Iterable[tuple[int, int, str]]) -> list[Mark]:
    """Marks with the apex that their phases say; a mark without any keeps what it has.

    Parameters
    ----------
    marks : sequence of Mark
        Of one tier, by beginning, never overlapping.
    children : iterable of (int, int, str)
        Beginning, end and word of the phases, microseconds.
    """
    starts = [mark.start_us for mark in marks]
    out = list(marks)
    for start, end, word in sorted(children):
        place = bisect_left(starts, start + 1) - 1
        if place < 0 or end > out[place].end_us:
            continue
        said = word.strip().lower()
        if said == MOMENT:
            out[place] = replace(out[place], apex_us=start, end_us=out[place].start_us)
        elif said == RISE:
            out[place] = replace(out[place], apex_us=end)
        elif said == FALL and out[place].apex_us is None:
            out[place] = replace(out[place], apex_us=start)
    return out


def is_child(name: str, names: Mapping[str, object]) -> bool:
    """Whether a tier is the phase or note tier of another one that is there."""
    return any(name.endswith(end) and name.removesuffix(end) in names for end in (PHASE, NOTE))


def gather(tier: str, marks: Sequence[Mark], gathered: Gathered) -> None:
    """Add the events of one tier, whatever the tier is called.

    A tier that no code can be found for is counted among the unmatched, unless the options' mapping names it.
    """
    wanted = gathered.options.mapping.get(tier)
    if wanted == "":
        gathered.remark(f"tier “{tier}”", f"left out as chosen, {len(marks):,} annotations")
        return
    named = code_of(wanted) if wanted and wanted != NOTATION else code_of(tier)
    if wanted == NOTATION or (wanted is None and named is None and is_notation(tier)):
        named = Named("")
    if named is None:
        gathered.unmatched[tier] += len(marks)
        return
    for mark in marks:
        _gather_mark(tier, mark, named, gathered)


def _gather_mark(tier: str, mark: Mark, named: Named, gathered: Gathered) -> None:
    units = units_of(mark.value, named.code)
    note = mark.note
    if units is None and not named.code:
        gathered.remark(mark.place, f"“{mark.value}” on tier “{tier}” is not FACS notation; it was not read")
        return
    if units is None:
        gathered.remark(mark.place, f"“{mark.value}” on tier “{tier}” is no side or intensity; kept as a note")
        units, note = units_of("", named.code) or [], f"{mark.value} {note}".strip()
    elif named.code and all(unit.code != named.code for unit in units):
        gathered.remark(
            mark.place, f"“{mark.value}” is not about the code of its tier “{tier}”; the value was taken"
        )
    for unit in units:
        if unit.unsure:
            gathered.remark(mark.place, unit.unsure)
        gathered.event(
            mark.place,
            unit.code,
            mark.start_us,
            mark.end_us,
            side=unit.side or named.side,
            intensity=unit.intensity,
            apex_us=mark.apex_us,
            face=named.face,
            note=note,
        )
