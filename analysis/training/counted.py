"""Values of made sessions beside their truths, counted: how many intervals hold, and how certain that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.emotion.figures import ALL
from analysis.facs.series import Float64, Int64

#: Smallest upper end of an interval that says something.
SAYS: Final = 0.05
#: An end this close to the truth holds it.
WIDTHS: Final = 1e-6
_ROWS: Final = ("kind", "session", "value", "low", "high", "truth")


@dataclass(frozen=True)
class Counted:
    """Values that were given, one row each.

    Attributes
    ----------
    kind : int64, shape (n,)
        Place in `ALL`.
    session : int64, shape (n,)
        Number of the session.
    value, low, high, truth : float64, shape (n,)
    """

    kind: Int64
    session: Int64
    value: Float64
    low: Float64
    high: Float64
    truth: Float64

    def where(self, mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Counted:
        """Some of the rows."""
        return Counted(*(getattr(self, name)[mask] for name in _ROWS))

    @property
    def telling(self) -> Counted:
        """Where the interval says something."""
        return self.where(self.high >= SAYS)

    @property
    def held(self) -> float:
        """Share of the truths inside of their intervals; NaN when there are none."""
        if not len(self.kind):
            return float("nan")
        return float(((self.truth >= self.low - WIDTHS) & (self.truth <= self.high + WIDTHS)).mean())

    @property
    def doubt(self) -> float:
        """Standard error of `held` over sessions, because the values of one are alike; NaN below two sessions.

        That of a ratio of sums over clusters (Cochran 1977, Sampling Techniques, 6.3). Where all are inside it is
        0, which says nothing.
        """
        if len(self.kind) == 0:
            return float("nan")
        inside = ((self.truth >= self.low - WIDTHS) & (self.truth <= self.high + WIDTHS)).astype(np.float64)
        _, place = np.unique(self.session, return_inverse=True)
        sums = np.bincount(place, inside - inside.mean())
        if len(sums) < 2:
            return float("nan")
        return float(np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1)) / len(inside))

    def of(self, name: str) -> Counted:
        """One state's."""
        return self.where(self.kind == ALL.index(name))


def joined(parts: Sequence[Counted]) -> Counted:
    """All rows in one."""
    return Counted(*(np.concatenate([getattr(part, name) for part in parts]) for name in _ROWS))


def row(at: int, session: int, *values: float) -> Counted:
    """One row: place in `ALL`, number of the session, then value, ends and truth."""
    return Counted(np.array([at]), np.array([session]), *(np.array([value]) for value in values))


def none() -> Counted:
    """No rows."""
    whole, nothing = np.zeros(0, np.int64), np.zeros(0)
    return Counted(whole, whole, nothing, nothing, nothing, nothing)
