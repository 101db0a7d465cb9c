"""What one action hides or imitates of another: an explicit table, applied in order, and exclusive pairs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from analysis.facs.codes import CATALOGUE
from analysis.facs.segments import spans_above
from analysis.facs.series import FaceSeries, Float64


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


def factor(code: str, by: dict[str, Float64]) -> Float64 | float:
    """Product of all gates of a code; ``by`` holds the gating signals of the table, each (n,)."""
    out: Float64 | float = 1.0
    for gate in GATES:
        if gate.code == code:
            out = out * opened(gate.on, gate.off, by[gate.by])
    return out


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
    """Pairs of these codes that cannot be scored together, each once."""
    known = sorted(codes, key=lambda code: CATALOGUE[code].order)
    return [(a, b) for i, a in enumerate(known) for b in known[i + 1 :] if b in CATALOGUE[a].exclusive_with]


def exclude(signals: dict[str, Float64]) -> None:
    """Set the weaker of every exclusive pair to zero, frame by frame, in place."""
    for a, b in exclusive_pairs(signals):
        weaker_b = signals[b] <= signals[a]
        conflict = (signals[a] > 0) & (signals[b] > 0)
        signals[b][conflict & weaker_b] = 0.0
        signals[a][conflict & ~weaker_b] = 0.0
