"""The numbers that steer the states, from ``parameters.toml`` beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

_FILE: Final = Path(__file__).with_name("parameters.toml")


def _shares(**values: float) -> None:
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name}: expected 0–1, got {value}")


@dataclass(frozen=True)
class Errors:
    """How the errors of scores behave.

    Attributes
    ----------
    lasting : float
        Share of an error's variance that a face and code keep for the whole recording, 0–1.
    fading_s : float
        Time after which the correlation of the rest is down to 37 %, seconds.
    codes_alike : float
        Share of the variance that all codes of a face have in common, 0–1.
    sides_alike : float
        Share of the variance of a side's error that is its code's, 0–1.
    default_shown, default_faint : float
        Half a 90 % interval of a score that has none, from `faint` on and below, intensity units.
    resting, faint : float
        Scores up to the first are taken at their interval; up to the second it is widened.
    """

    lasting: float
    fading_s: float
    codes_alike: float
    sides_alike: float
    default_shown: float
    default_faint: float
    resting: float
    faint: float

    def __post_init__(self) -> None:
        _shares(lasting=self.lasting, codes_alike=self.codes_alike, sides_alike=self.sides_alike)
        if not 0 <= self.resting < self.faint:
            raise ValueError("resting: expected 0 or more and less than faint")
        if min(self.fading_s, self.default_shown, self.default_faint) <= 0:
            raise ValueError("fading_s and the defaults have to be more than 0")


@dataclass(frozen=True)
class Company:
    """What a weak score is worth beside others.

    Attributes
    ----------
    together, alone : float
        By how many of its spreads the truth lies above a weak score where all else of a combination stands, and
        where nothing of it does, −1 to 1.
    doubt : float
        Spread of both that lasts over a recording and is the same for all codes, of spreads.
    begins, full, fades, ends : float
        A score is weak from the first on, fully so from the second to the third, and no more at the last, 0–5.
    """

    together: float
    alone: float
    doubt: float
    begins: float
    full: float
    fades: float
    ends: float

    def __post_init__(self) -> None:
        if max(abs(self.together), abs(self.alone)) > 1 or not 0 <= self.doubt <= 1:
            raise ValueError("company: expected −1 to 1, and a doubt of 0–1")
        if not 0 <= self.begins < self.full <= self.fades < self.ends <= 5:
            raise ValueError("company: expected 0 ≤ begins < full ≤ fades < ends ≤ 5")


@dataclass(frozen=True)
class Rest:
    """Up to where a code rests and from where on it is there, 0–5, and which codes do not count."""

    begins: float
    ends: float
    ignored: frozenset[str]

    def __post_init__(self) -> None:
        if not 0 <= self.begins < self.ends <= 5:
            raise ValueError(f"rest: expected 0 ≤ begins < ends ≤ 5, got {self.begins} and {self.ends}")


@dataclass(frozen=True)
class Weights:
    """What a combination counts: by grade and rank, beside a larger one, during speech; 0–1."""

    covered: float
    speech: float
    grade: Mapping[str, float]
    rank: Mapping[str, float]

    def __post_init__(self) -> None:
        for name, share in {"covered": self.covered, "speech": self.speech, **self.grade, **self.rank}.items():
            _shares(**{name: share})


@dataclass(frozen=True)
class Dimensions:
    """How valence and arousal are put together.

    Attributes
    ----------
    rest : float
        Intensity up to which a code counts as none, 0–5.
    valence : mapping of str to float
        Weight by code; at full intensity (5) a code moves valence by as much.
    arousal : tuple of str
        Codes of which the ``strongest`` count.
    strongest : int
    closed : str
        Code that counts the other way round.
    """

    rest: float
    valence: Mapping[str, float]
    arousal: tuple[str, ...]
    strongest: int
    closed: str

    def __post_init__(self) -> None:
        if not 1 <= self.strongest <= len(self.arousal) or not 0 <= self.rest < 5:
            raise ValueError("dimensions: expected some of the codes of arousal, and a resting intensity below 5")


@dataclass(frozen=True)
class Doubts:
    """What the scores' errors leave out: errors of a whole recording, drawn once for all of its time.

    Attributes
    ----------
    shown, other : float
        Log-odds by which states come out too low, and what fits none.
    spread, neutral : float
        Spread of the log-odds of each state, and of a face that does not move; 0 or more.
    dimensions : float
        Spread of a factor on valence and on arousal, 0–1.
    """

    shown: float
    other: float
    spread: float
    neutral: float
    dimensions: float

    def __post_init__(self) -> None:
        if max(abs(self.shown), abs(self.other)) > 1 or min(self.spread, self.neutral) < 0:
            raise ValueError("doubts: expected log-odds of −1 to 1 and spreads of 0 or more")
        _shares(dimensions=self.dimensions)


@dataclass(frozen=True)
class Abstain:
    """When no value is given.

    Attributes
    ----------
    least_evidence, least_time : float
        Share of what a state rests on, and of the window, that has to be scored.
    widest : float
        An interval wider than this says nothing.
    claimed, told_apart : float
        A leading state of at least ``claimed`` whose interval begins below ``told_apart`` is not told from none.
    least_session_s : float
        Measured time below which nothing is said of how the face moves beyond this recording, seconds.
    unseen_s : float
        Share × seconds of one event: how much one more than was seen would add.
    block_s : float
        Shortest block that is resampled, seconds.
    """

    least_evidence: float
    least_time: float
    widest: float
    claimed: float
    told_apart: float
    least_session_s: float
    unseen_s: float
    block_s: float

    def __post_init__(self) -> None:
        _shares(
            least_evidence=self.least_evidence,
            least_time=self.least_time,
            widest=self.widest,
            claimed=self.claimed,
            told_apart=self.told_apart,
        )


@dataclass(frozen=True)
class Parameters:
    """All of them.

    Attributes
    ----------
    version, says : str
        Of the file; what a value is, in words for files and pages.
    window_us, step_us, bin_us : int
        Length of a window, distance of two windows, length of a bin, microseconds.
    draws, chunk : int
        Draws of every value; bins that are drawn at a time.
    errors, company, rest, weights, dimensions, doubts, abstain
    groups : mapping of str to str
        State by group of the catalogue of combinations.
    """

    version: str
    says: str
    window_us: int
    step_us: int
    bin_us: int
    draws: int
    chunk: int
    errors: Errors
    company: Company
    rest: Rest
    weights: Weights
    dimensions: Dimensions
    doubts: Doubts
    abstain: Abstain
    groups: Mapping[str, str]

    def __post_init__(self) -> None:
        if min(self.window_us, self.step_us, self.bin_us, self.draws, self.chunk) < 1:
            raise ValueError("windows, bins and draws have to be more than 0")


@lru_cache(maxsize=1)
def parameters() -> Parameters:
    """The shipped ones.

    Raises
    ------
    ValueError
        A number out of its range, or a table that does not say where its numbers are from.
    """
    told: dict[str, Any] = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    tables = {name: dict(table) for name, table in told.items() if isinstance(table, dict) and name != "estimand"}
    for name, table in tables.items():
        if not table.pop("source", "").strip():
            raise ValueError(f"{_FILE.name}: [{name}] does not say where its numbers are from")
    told_weights = tables["weights"]
    dimensions = tables["dimensions"]
    return Parameters(
        told["version"],
        told["estimand"]["says"],
        **tables["windows"],
        bin_us=tables["draws"]["bin_us"],
        draws=tables["draws"]["count"],
        chunk=tables["draws"]["chunk"],
        errors=Errors(**tables["errors"]),
        company=Company(**tables["company"]),
        rest=Rest(tables["rest"]["begins"], tables["rest"]["ends"], frozenset(tables["rest"]["ignored"])),
        weights=Weights(
            told_weights["covered"],
            told_weights["speech"],
            MappingProxyType(told_weights["grade"]),
            MappingProxyType(told_weights["rank"]),
        ),
        dimensions=Dimensions(
            dimensions["rest"],
            MappingProxyType(dimensions["valence"]),
            tuple(dimensions["arousal"]),
            dimensions["strongest"],
            dimensions["closed"],
        ),
        doubts=Doubts(**tables["doubts"]),
        abstain=Abstain(**tables["abstain"]),
        groups=MappingProxyType(tables["groups"]),
    )
