"""The states of one face: values with intervals by window and session, and episodes; checked where made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.facs.series import Float64, Int64

#: What a face can fit, in the order of lists; ``neutral`` is a face that does not move.
STATES: Final = (
    "joy", "sadness", "anger", "fear", "disgust", "surprise", "contempt", "confusion", "interest", "boredom",
    "stress", "pain", "fatigue", "neutral",
)  # fmt: skip
#: A face that moves and fits no state. With the states it makes a whole.
OTHER: Final = "other"
SHARES: Final = (*STATES, OTHER)
#: Exploratory, −1 to 1 and 0 to 1.
DIMENSIONS: Final = ("valence", "arousal")
#: All that has a row in ``states.parquet``.
ALL: Final = (*SHARES, *DIMENSIONS)
#: States that an episode can be of: something that was shown.
SHOWN: Final = tuple(state for state in STATES if state != "neutral")

Mask = NDArray[np.bool_]


def scale(state: str) -> tuple[float, float]:
    """Lowest and highest value."""
    return (-1.0, 1.0) if state == "valence" else (0.0, 1.0)


@dataclass(frozen=True)
class Windows:
    """Values of one state, by window.

    Attributes
    ----------
    value, low, high : float64, shape (w,)
        Mean over the window's measured time and the ends of the 90 % interval; NaN where not given.
    evidence : float64, shape (w,)
        0–1: how much of what the state rests on was scored, times the picture's quality, times the measured share
        of the window.
    why : tuple of str, length w
        Why no value is given, in words; empty where one is.

    Raises
    ------
    ValueError
        Lengths that differ, ends in the wrong order, or a value without a reason for being absent.
    """

    value: Float64
    low: Float64
    high: Float64
    evidence: Float64
    why: tuple[str, ...]

    def __post_init__(self) -> None:
        shape = (len(self.why),)
        for name in ("value", "low", "high", "evidence"):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name}: expected shape {shape}, got {getattr(self, name).shape}")
        given = np.isfinite(self.value)
        if not (given == np.array([not text for text in self.why], bool).reshape(shape)).all():
            raise ValueError("a value is given exactly where there is no reason for its absence")
        if not ((self.low[given] <= self.value[given]) & (self.value[given] <= self.high[given])).all():
            raise ValueError("a value lies outside of its interval")
        if not ((self.evidence >= 0) & (self.evidence <= 1)).all():
            raise ValueError("evidence: expected 0–1")

    @property
    def abstained(self) -> Mask:
        """Where no value is given, shape (w,)."""
        return ~np.isfinite(self.value)


@dataclass(frozen=True)
class Level:
    """A value of the whole session.

    Attributes
    ----------
    value, low, high : float or None
        Mean over the measured time, and where it lies for this recording as it is (errors of the scores alone).
    expected_low, expected_high : float or None
        Where the mean of such recordings of this face lies: also how it would come out on another like stretch.
    evidence : float
    why, why_expected : str
        Why there is no value, or no expectation; empty where there is one.
    """

    value: float | None
    low: float | None
    high: float | None
    expected_low: float | None
    expected_high: float | None
    evidence: float
    why: str = ""
    why_expected: str = ""

    def __post_init__(self) -> None:
        if (self.value is None) != bool(self.why):
            raise ValueError("a value is given exactly where there is no reason for its absence")
        if self.value is not None and not (self.low is not None and self.high is not None):
            raise ValueError("a value needs its interval")
        if self.value is not None and self.low is not None and self.high is not None:
            ends = (self.low, self.value, self.high)
            if not ends[0] <= ends[1] <= ends[2]:
                raise ValueError(f"a value lies outside of its interval: {ends}")


@dataclass(frozen=True)
class Candidate:
    """One state that an episode may be of.

    Attributes
    ----------
    state : str
    value, low, high : float
        Mean over the episode, with its 90 % interval.
    combinations : tuple of str
        Ids of the catalogue's combinations behind it, strongest first.
    codes : tuple of str
        Their codes that were there.
    """

    state: str
    value: float
    low: float
    high: float
    combinations: tuple[str, ...]
    codes: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(f"there is no state {self.state!r}")
        if not 0 <= self.low <= self.value <= self.high <= 1:
            raise ValueError(f"{self.state}: {self.low}, {self.value}, {self.high} are not in order")


@dataclass(frozen=True)
class Episode:
    """A stretch in which one state leads.

    Attributes
    ----------
    start_us, apex_us, end_us : int
        Media time, microseconds.
    candidates : tuple of Candidate
        The leading one first; at least one.
    """

    start_us: int
    apex_us: int
    end_us: int
    candidates: tuple[Candidate, ...]

    def __post_init__(self) -> None:
        if not self.start_us <= self.apex_us <= self.end_us:
            raise ValueError("start, apex and end are not in order")
        values = [candidate.value for candidate in self.candidates]
        if not values or values != sorted(values, reverse=True):
            raise ValueError("candidates: expected at least one, the largest first")


@dataclass(frozen=True)
class States:
    """The states of one face.

    Attributes
    ----------
    face : int
    origin : str
        ``machine`` or ``coder``: whose codes they were computed from.
    start_us, end_us : int64, shape (w,)
        Beginning and end of the windows, microseconds.
    windows : mapping of str to Windows
        By name, all of `ALL`.
    session : mapping of str to Level
        Likewise.
    episodes : tuple of Episode
        By start.
    measured_s : float
        Time in which the face was scored, seconds.
    about : mapping
        Versions, seed, numbers used; plain JSON.
    """

    face: int
    origin: str
    start_us: Int64
    end_us: Int64
    windows: Mapping[str, Windows]
    session: Mapping[str, Level]
    episodes: tuple[Episode, ...]
    measured_s: float
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.start_us.shape != self.end_us.shape or (self.end_us <= self.start_us).any():
            raise ValueError("windows end after they begin, and there is an end for each")
        if set(self.windows) != set(ALL) or set(self.session) != set(ALL):
            raise ValueError(f"expected windows and session of {', '.join(ALL)}")
        for name, found in self.windows.items():
            if found.value.shape != self.start_us.shape:
                raise ValueError(f"{name}: expected {self.start_us.shape[0]} windows, got {len(found.why)}")
        if list(self.episodes) != sorted(self.episodes, key=lambda one: one.start_us):
            raise ValueError("episodes: expected in order of their start")
