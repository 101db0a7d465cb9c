"""What was found: values with their intervals, and the rows they stand in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from analysis.agreement.metrics import METRICS
from analysis.agreement.options import CERTIFIED, RELIABLE


def plain(value: float) -> float | None:
    """The number for JSON: None where there is none."""
    return None if math.isnan(value) else value


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with its bootstrap interval.

    Attributes
    ----------
    value, low, high : float
        NaN where undefined.
    n : int
        What it is of: frames, events, matched pairs; of a mean over codes the number of codes.
    why : str
        Why there is no value, or no interval, or what to know about it; empty otherwise.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    why: str = ""

    def __post_init__(self) -> None:
        if math.isnan(self.value) and not self.why:
            raise ValueError("a figure without a value says why")

    @property
    def defined(self) -> bool:
        """Whether there is a value."""
        return not math.isnan(self.value)

    @property
    def standing(self) -> Literal["", "below", "certified", "reliable"]:
        """Where the value stands to the thresholds of the index (.70, .80); empty without a value."""
        if not self.defined:
            return ""
        if self.value < CERTIFIED:
            return "below"
        return "reliable" if self.value >= RELIABLE else "certified"

    @property
    def certain(self) -> bool:
        """Whether the interval lies wholly on one side of `CERTIFIED`."""
        return self.defined and (self.low >= CERTIFIED or self.high < CERTIFIED)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "value": plain(self.value),
            "low": plain(self.low),
            "high": plain(self.high),
            "n": self.n,
            "why": self.why,
        }


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one code, or of all codes together.

    Attributes
    ----------
    code : str
        Empty for all codes.
    side : str
        ``left`` or ``right`` where sides are counted apart; empty otherwise.
    figures : mapping of str to Figure
        By the key of `METRICS`, all of them (in a group's rows those of `GROUP_METRICS`).
    matched, first_only, second_only : int
        Events. In a group's rows sums over pairs.
    seconds_first, seconds_second, seconds_both : float
        Time in which the code was coded. In a group's rows sums over pairs.
    """

    code: str
    side: str
    figures: Mapping[str, Figure]
    matched: int = 0
    first_only: int = 0
    second_only: int = 0
    seconds_first: float = 0.0
    seconds_second: float = 0.0
    seconds_both: float = 0.0

    def __getitem__(self, key: str) -> Figure:
        return self.figures[key]

    @property
    def label(self) -> str:
        """The code as coders write it, with L or R where sides are apart; ``all`` for all codes."""
        return {"left": "L", "right": "R"}.get(self.side, "") + self.code if self.code else "all"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "code": self.code,
            "side": self.side,
            "label": self.label,
            "matched": self.matched,
            "first_only": self.first_only,
            "second_only": self.second_only,
            "seconds_first": round(self.seconds_first, 3),
            "seconds_second": round(self.seconds_second, 3),
            "seconds_both": round(self.seconds_both, 3),
            "figures": {key: figure.as_dict() for key, figure in self.figures.items()},
        }


@dataclass(frozen=True, slots=True)
class Confused:
    """How often the first coder's unmatched ``first`` overlapped the second coder's unmatched ``second``."""

    first: str
    second: str
    count: int


@dataclass(frozen=True, slots=True)
class Basis:
    """What the intervals are over.

    Attributes
    ----------
    over : str
        ``participants`` or ``segments``.
    clusters : int
        How many of them there were to draw from.
    resamples : int
        How often they were drawn.
    level : float
    segment_us : int
        Length of a segment; 0 for participants.
    seed : int
    note : str
        What makes the intervals rough; empty where nothing does.
    """

    over: str
    clusters: int
    resamples: int
    level: float
    segment_us: int
    seed: int
    note: str = ""

    def __str__(self) -> str:
        if not self.resamples or self.clusters < 2:
            return f"no intervals: {self.note or 'none were asked for'}"
        what = (
            f"{self.clusters} participants"
            if not self.segment_us
            else (f"{self.clusters} segments of {self.segment_us / 1e6:g} s")
        )
        note = f" ({self.note})" if self.note else ""
        return f"{self.level:.0%} percentile bootstrap over {what}, {self.resamples} resamples{note}"


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two coders.

    Attributes
    ----------
    first, second : str
    recordings : int
        Coded by both.
    seconds : float
        Time that both coded, every face counted.
    frames : int
    overall : Row
        All codes but the visibility codes 70–74.
    rows : tuple of Row
        One for each code (and side), in the catalogue's order.
    confused : tuple of Confused
        The most frequent first.
    basis : Basis
    """

    first: str
    second: str
    recordings: int
    seconds: float
    frames: int
    overall: Row
    rows: tuple[Row, ...]
    confused: tuple[Confused, ...]
    basis: Basis

    def row(self, code: str, side: str = "") -> Row | None:
        """The row of a code, None where neither coder used it."""
        return next((row for row in self.rows if (row.code, row.side) == (code, side)), None)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "first": self.first,
            "second": self.second,
            "recordings": self.recordings,
            "seconds": round(self.seconds, 3),
            "frames": self.frames,
            "overall": self.overall.as_dict(),
            "rows": [row.as_dict() for row in self.rows],
            "confused": [{"first": c.first, "second": c.second, "count": c.count} for c in self.confused],
            "basis": str(self.basis),
        }


@dataclass(frozen=True, slots=True)
class GroupAgreement:
    """All coders of a recording together: the figures that more than two coders can have.

    Attributes
    ----------
    coders : tuple of str
    recordings : int
        Coded by at least two of them.
    overall : Row
    rows : tuple of Row
    basis : Basis
    """

    coders: tuple[str, ...]
    recordings: int
    overall: Row
    rows: tuple[Row, ...]
    basis: Basis

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "coders": list(self.coders),
            "recordings": self.recordings,
            "overall": self.overall.as_dict(),
            "rows": [row.as_dict() for row in self.rows],
            "basis": str(self.basis),
        }


@dataclass(frozen=True, slots=True)
class Agreement:
    """What `analysis.agreement.agree` found.

    Attributes
    ----------
    coders : tuple of str
        In the order in which they were first met.
    pairs : tuple of PairAgreement
        Every two coders who coded some time of the same recording.
    group : GroupAgreement, optional
        Only with more than two coders.
    notes : tuple of str
        What was left out, for a person.
    """

    coders: tuple[str, ...]
    pairs: tuple[PairAgreement, ...]
    group: GroupAgreement | None = None
    notes: tuple[str, ...] = field(default=())

    def pair(self, first: str, second: str) -> PairAgreement | None:
        """The pair in this order, None where these two coded nothing together."""
        return next((pair for pair in self.pairs if (pair.first, pair.second) == (first, second)), None)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; None where a figure is undefined, with its ``why``."""
        return {
            "schema": 1,
            "coders": list(self.coders),
            "thresholds": {"certified": CERTIFIED, "reliable": RELIABLE},
            "metrics": [
                {"key": m.key, "label": m.label, "unit": m.unit, "what": m.what, "pooled": m.pooled}
                for m in METRICS
            ],
            "pairs": [pair.as_dict() for pair in self.pairs],
            "group": self.group.as_dict() if self.group else None,
            "notes": list(self.notes),
        }
