"""Which Action Units act at the same time: for how much of the time either acts, both do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.facs.codes import ACTION_UNITS
from analysis.facs.evidence import Evidence
from analysis.facs.series import Float64, Int64

#: Lowest intensity that counts as acting: B, above 1. A trace is as large as what a scorer is wrong by.
LEAST: Final = 1.0
#: Lids that close to blink act all day beside everything.
_LEFT_OUT: Final = frozenset({"45"})
#: Share of the scored time that a unit must act to be in the table; below it a ratio is chance.
_LEAST_SHARE: Final = 0.005


@dataclass(frozen=True)
class Together:
    """Co-occurrence of the units of one face.

    Attributes
    ----------
    codes : tuple of str
        Units that act, in catalogue order.
    share : float64, shape (k,)
        Of the time in which it was scored, each acts; 0–1.
    jaccard : float64, shape (k, k)
        Time in which both act ÷ time in which either does, over frames where both were scored; 1 on the diagonal,
        NaN where two were never scored at once (Jaccard 1912).
    seconds : float64, shape (k, k)
        In which both act; on the diagonal, in which the unit does.
    lift : float64, shape (k, k)
        Time in which both act ÷ what it would be if either acted whatever the other does, over the same frames: 1
        as often as by chance, 2 twice as often. NaN where one never acts while the other is scored.
    at_us : int64, shape (k, k)
        Where the lower of the two is highest, for the first time, µs; -1 where they never act at once.
    """

    codes: tuple[str, ...]
    share: Float64
    jaccard: Float64
    seconds: Float64
    lift: Float64
    at_us: Int64

    def as_dict(self) -> dict[str, Any]:
        """For JSON; null where nothing is known."""

        def rows(matrix: Float64, digits: int) -> list[list[float | None]]:
            return [[None if np.isnan(one) else round(float(one), digits) for one in row] for row in matrix]

        return {
            "codes": list(self.codes),
            "share": [round(float(one), 4) for one in self.share],
            "jaccard": rows(self.jaccard, 3),
            "seconds": rows(self.seconds, 3),
            "lift": rows(self.lift, 2),
            "at_us": [[None if one < 0 else one for one in row] for row in self.at_us.tolist()],
        }


def together(evidence: Evidence, *, least: float = LEAST) -> Together:
    """Co-occurrence over the whole of the evidence, weighted by how long frames stand.

    Parameters
    ----------
    evidence : Evidence
    least : float
        A unit acts where its intensity is above this, 0–5.
    """
    weights = evidence.durations_s()
    kept, shares = [], []
    for code in ACTION_UNITS:
        values = evidence.values.get(code)
        if values is None or code in _LEFT_OUT:
            continue
        total = float(weights[np.isfinite(values)].sum())
        share = float(weights[values > least].sum()) / total if total else 0.0
        if share >= _LEAST_SHARE:
            kept.append(code)
            shares.append(share)
    known = np.array([np.isfinite(evidence[code]) for code in kept], np.float64).reshape(len(kept), len(weights))
    acts = np.array([evidence[code] > least for code in kept], np.float64).reshape(len(kept), len(weights))
    weighted = acts * weights
    both = weighted @ acts.T  # an act is scored: both act only where both were scored
    one = weighted @ known.T
    either = one + one.T - both
    with np.errstate(invalid="ignore", divide="ignore"):
        jaccard = np.where(either > 0, both / either, np.nan)
        lift = both * ((known * weights) @ known.T) / (one * one.T)
    at = _strongest(evidence, kept, acts)
    return Together(tuple(kept), np.array(shares), jaccard, both, lift, at)


def _strongest(evidence: Evidence, codes: Sequence[str], acts: Float64) -> Int64:
    at = np.full((len(codes), len(codes)), -1, np.int64)
    for i, first in enumerate(codes):
        for j, second in enumerate(codes[: i + 1]):
            frames = np.flatnonzero(acts[i] * acts[j])
            if len(frames):
                lower = np.minimum(evidence[first][frames], evidence[second][frames])
                at[i, j] = at[j, i] = evidence.time_us[frames[np.argmax(lower)]]
    return at
