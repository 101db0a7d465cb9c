"""What one action hides or imitates of another: an explicit table, and pairs that cannot be scored together.

Everything here works on plain dictionaries code → curve and code → side → curve, so it holds for every scorer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from analysis.facs.codes import CATALOGUE, EXCLUSIONS
from analysis.facs.segments import spans_above
from analysis.facs.series import FaceSeries, Float64

if TYPE_CHECKING:
    from analysis.facs.events import Event


class Gate(NamedTuple):
    """``code`` counts fully while ``by`` is at ``on``, not at all at ``off``, in between proportionally.

    ``by`` is a code, or ``lids`` (closure of the eyes) or ``jaw`` (opening, whether 26 or 27).
    """

    code: str
    by: str
    on: float
    off: float
    why: str


GATES: Final[tuple[Gate, ...]] = (
    Gate("5", "lids", 0.5, 2.0, "a closing lid is not raised"),
    Gate("6", "lids", 1.5, 3.5, "closing the eyes lifts the cheek points of the mesh"),
    Gate("7", "lids", 1.5, 3.5, "a closed eye is narrow without being tightened"),
    Gate("61", "lids", 1.0, 2.5, "the iris is hidden"),
    Gate("62", "lids", 1.0, 2.5, "the iris is hidden"),
    Gate("63", "lids", 1.0, 2.5, "the iris is hidden"),
    Gate("64", "lids", 1.0, 2.5, "the iris is hidden"),
    Gate("65", "lids", 1.0, 2.5, "the iris is hidden"),
    Gate("66", "lids", 1.0, 2.5, "the iris is hidden"),
    Gate("14", "jaw", 1.5, 3.0, "a dropping jaw bends the lip line at the corners"),
    Gate("15", "jaw", 1.0, 2.5, "a dropping jaw takes the corners with it"),
    Gate("16", "jaw", 0.8, 2.0, "a dropping jaw takes the lower lip with it"),
    Gate("17", "25", 1.0, 2.0, "the chin pushes the lips together; parted lips show something else"),
    Gate("18", "25", 2.0, 3.5, "an open pucker is a funnel (22)"),
    Gate("20", "jaw", 2.0, 3.5, "a wide open mouth changes the corners' distance by itself"),
    Gate("22", "25", 0.8, 0.3, "a funnel parts the lips"),
    Gate("23", "25", 1.0, 2.0, "parted lips look thinner"),
    Gate("23", "15", 1.5, 3.0, "lowered corners flatten the lips"),
    Gate("24", "15", 1.5, 3.0, "lowered corners flatten the lips"),
    Gate("28", "25", 0.8, 1.6, "lips that are sucked in hide the gap"),
)

#: From this amount (26's intensity before limiting) on, an opening is a stretch (27).
_STRETCH: Final = 6.0
#: 27 is at 5 where the jaw is at twice 26's maximum.
_STRETCH_FULL: Final = 10.0


def opened(on: float, off: float, by: Float64) -> Float64:
    """Share of a gated code that remains, 0–1, shape (n,); 1 where ``by`` is unknown."""
    return np.asarray(np.nan_to_num(np.clip((off - by) / (off - on), 0.0, 1.0), nan=1.0))


def factor(code: str, by: Mapping[str, Float64]) -> Float64 | float:
    """Product of all gates of a code; ``by`` holds gating signals, each (n,); one that is not in it is open."""
    out: Float64 | float = 1.0
    for gate in GATES:
        if gate.code == code and gate.by in by:
            out = out * opened(gate.on, gate.off, by[gate.by])
    return out


def gating(both: Mapping[str, Float64]) -> dict[str, Float64]:
    """What the table gates by, from any scorer's output: every code, ``lids`` from 43, ``jaw`` from 26 and 27.

    45 is left out of ``lids``: what a blink hides is bridged or lasts no longer than the blink.
    """
    by = dict(both)
    if "43" in both:
        by["lids"] = both["43"]
    jaw = [weight * both[code] for code, weight in (("26", 1.0), ("27", 2.0)) if code in both]
    if jaw:
        by["jaw"] = np.asarray(np.fmax.reduce(jaw))
    return by


def gate(
    both: MutableMapping[str, Float64],
    sides: Mapping[str, dict[str, Float64]],
    by: Mapping[str, Float64] | None = None,
    *,
    learned: frozenset[str] = frozenset(),
) -> None:
    """Multiply every gated code of a scorer's output by its `factor`, in place.

    Parameters
    ----------
    both : dict of str to float64, shape (n,)
        Intensities 0–5 by code; NaN stays NaN.
    sides : dict of str to dict
        By sided code, ``L`` and ``R``, the subject's.
    by : mapping, optional
        Gating signals; `gating` of ``both`` where none are given. They are not gated themselves, so the order of
        the table does not matter.
    learned : frozenset of str, optional
        Codes whose scorer was taught on faces that show several units at once: what one unit hides or imitates of
        another it has learned, so they are not gated.
    """
    signals = gating(both) if by is None else by
    for code in {entry.code for entry in GATES if entry.code not in learned} & both.keys():
        share = factor(code, signals)
        both[code] = np.asarray(both[code] * share)
        for side in sides.get(code, ()):
            sides[code][side] = np.asarray(sides[code][side] * share)


def split_jaw(series: FaceSeries, raw: Float64) -> dict[str, Float64]:
    """Every opening of the jaw as 26 or, when its peak is a stretch, as 27; never both.

    Parameters
    ----------
    raw : float64, shape (n,)
        The amount as 26's intensity before limiting.
    """
    drop = np.clip(raw, 0.0, 5.0)
    stretch = np.where(np.isfinite(raw), 0.0, np.nan)
    for span in spans_above(series, np.clip(raw, 0.0, None), _STRETCH, 0.3):
        stretch[span] = np.clip(5 * raw[span] / _STRETCH_FULL, 0.0, 5.0)
        drop[span] = 0.0
    return {"26": drop, "27": stretch}


def exclusive_pairs(codes: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of these codes that cannot be scored together (`codes.EXCLUSIONS`), each once."""
    known = set(codes)
    return [(a, b) for a, b, *_ in EXCLUSIONS if {a, b} <= known]


def exclude(both: Mapping[str, Float64], sides: Mapping[str, Mapping[str, Float64]] | None = None) -> None:
    """Leave of every exclusive pair only the stronger one, frame by frame, in place.

    The strongest code is decided first, then the next that it leaves: a code becomes zero only where a stronger
    rival stays. The first of a pair wins a tie.

    Parameters
    ----------
    both : dict of str to float64, shape (n,)
        Intensities by code of any scorer. NaN is not measured: it neither wins nor becomes a zero.
    sides : dict of str to dict, optional
        Both sides of a code that loses become zero where they were measured.
    """
    pairs = exclusive_pairs(both)
    given = {code: np.nan_to_num(both[code]) for pair in pairs for code in pair}
    alive = {code: values > 0 for code, values in given.items()}
    stays = {code: np.zeros(len(values), bool) for code, values in given.items()}
    while True:
        beaten = {code: np.zeros(len(values), bool) for code, values in given.items()}
        for a, b in pairs:
            conflict, first = alive[a] & alive[b], given[a] >= given[b]
            beaten[b] |= conflict & first
            beaten[a] |= conflict & ~first
        if not any(lost.any() for lost in beaten.values()):
            break
        for code, lost in beaten.items():
            stays[code] |= alive[code] & ~lost
        for a, b in pairs:
            alive[a] &= ~(stays[b] & beaten[a])
            alive[b] &= ~(stays[a] & beaten[b])
    for code, values in given.items():
        lost = (values > 0) & ~alive[code]
        both[code][lost] = 0.0
        for curve in (sides or {}).get(code, {}).values():
            curve[lost & (curve > 0)] = 0.0


def separate(found: Sequence[Event]) -> list[Event]:
    """Events of one face, none of which overlaps one of an exclusive code.

    Excluded curves are never up together, but an event reaches back to the start of its rise and bridges short
    pauses, so two can still overlap. The earlier one then ends where the later begins (but not before its own
    apex); of one that lies inside another, or two with their apex at the same time, the more certain one stays.
    """
    kept: list[Event] = []
    for event in sorted(found, key=lambda one: (one.apex_us, -one.confidence)):
        rivals = CATALOGUE[event.code].exclusive_with
        new: Event | None = event
        for place in range(len(kept) - 1, -1, -1):
            old = kept[place]
            if new is None or old.code not in rivals or not _overlap(old, new):
                continue
            if old.apex_us == new.apex_us or new.offset_us <= old.offset_us or old.onset_us >= new.onset_us:
                # one lies inside the other
                if old.confidence >= new.confidence:
                    new = None
                else:
                    del kept[place]
                continue
            cut = min(max(new.onset_us, old.apex_us), new.apex_us)
            kept[place], new = replace(old, offset_us=cut), replace(new, onset_us=cut)
        if new is not None:
            kept.append(new)
    return sorted(kept, key=lambda one: (one.onset_us, CATALOGUE[one.code].order))


def _overlap(one: Event, two: Event) -> bool:
    return one.onset_us < two.offset_us and two.onset_us < one.offset_us
