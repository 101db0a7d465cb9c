"""Engagement as a curve: presence, gaze and head toward the screen, expressivity, speech (``engagement.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.facs.codes import ACTION_UNITS
from analysis.facs.series import Float64, Int64
from analysis.indicators.grid import Grid, inside
from analysis.indicators.session import Curve, FaceTrack

COMPONENTS: Final = ("presence", "gaze", "head", "expressivity", "speech")
#: Said wherever the curve is shown.
ASSUMPTION: Final = (
    "The direction of the screen is not measured: it is taken to be where the head points most often in this "
    "recording."
)
#: Half of a uniform distribution's 90 % interval on 0–1.
_UNKNOWN: Final = 0.45
_LIDS: Final = frozenset({"41", "42", "43", "44", "45", "46"})
#: Units that speaking moves (docs/method.md).
MOUTH: Final = frozenset(str(n) for n in (10, *range(12, 21), *range(22, 29)))
_EYES: Final = ("61", "62", "63", "64")


@dataclass(frozen=True)
class Settings:
    """Content of ``engagement.toml``, checked.

    Raises
    ------
    ValueError
        Weights that do not sum to 1, or limits in the wrong order.
    """

    version: str
    window_us: int
    least_weight: float
    least_presence: float
    weights: Mapping[str, float]
    sources: Mapping[str, str]
    head: Mapping[str, float]
    gaze: Mapping[str, float]
    expressivity: Mapping[str, float]

    def __post_init__(self) -> None:
        if set(self.weights) != {*COMPONENTS} or set(self.sources) != {*COMPONENTS}:
            raise ValueError(f"engagement: a weight and a source are needed for each of {', '.join(COMPONENTS)}")
        if abs(sum(self.weights.values()) - 1) > 1e-9 or min(self.weights.values()) < 0:
            raise ValueError("engagement: the weights must be 0 or more and sum to 1")
        if not self.head["full_deg"] < self.head["none_deg"] or not self.gaze["full"] < self.gaze["none"]:
            raise ValueError("engagement: full must come before none")


@cache
def shipped() -> Settings:
    """The settings that came with the product."""
    text = Path(__file__).with_name("engagement.toml").read_text(encoding="utf-8")
    return settings(tomllib.loads(text))


def settings(content: Mapping[str, Any]) -> Settings:
    """Settings from a parsed file; `Settings` says what is refused."""
    try:
        return Settings(**content)
    except TypeError as error:
        raise ValueError(f"engagement: {error}") from error


@dataclass(frozen=True)
class Part:
    """One component in the cells of a grid: value is ``num / den``.

    Attributes
    ----------
    num, den, low, high : float64, shape (cells,)
        Weighted sum, weight in seconds, and the sum at either end of the 90 % interval.
    """

    num: Float64
    den: Float64
    low: Float64
    high: Float64


@dataclass(frozen=True)
class Engagement:
    """The curve of one face.

    Attributes
    ----------
    face : int
    curve : Curve
        0–100 by window, NaN where too little is known.
    components : mapping of str to float64, shape (windows,)
        0–1; NaN where not known.
    parts : mapping of str to Part or None
        The same by cell of the session's grid; None where the session has none of it.
    why : mapping of str to str
        A sentence for each component that is missing throughout.
    """

    face: int
    curve: Curve
    components: Mapping[str, Float64]
    parts: Mapping[str, Part | None]
    why: Mapping[str, str]


def engagement(
    track: FaceTrack,
    grid: Grid,
    *,
    speech: Sequence[tuple[int, int]] | None = None,
    talking: Sequence[tuple[int, int]] | None = None,
    why_no_speech: str = "No sound was analysed.",
    chosen: Settings | None = None,
) -> Engagement:
    """Engagement of one face.

    Parameters
    ----------
    track : FaceTrack
    grid : Grid
        Cells of the session; a window is a run of them.
    speech : sequence of (int, int), optional
        When this person speaks; None where it is not known.
    talking : sequence of (int, int), optional
        When this person speaks or may speak, where that differs: speech is not an expression.
    why_no_speech : str
        Says why.
    chosen : Settings, optional
        Those that came with the product when left out.
    """
    chosen = chosen or shipped()
    parts: dict[str, Part | None] = {
        "presence": _presence(track, grid),
        "gaze": _gaze(track, grid, chosen),
        "head": _head(track, grid, chosen),
        "expressivity": _expressivity(track, grid, chosen, (speech or ()) if talking is None else talking),
        "speech": None if speech is None else _speech(grid, speech, track),
    }
    why = {
        "gaze": "Eye positions were not scored.",
        "head": "Head angles were not measured.",
        "expressivity": "No Action Unit was scored.",
        "speech": why_no_speech,
    }
    windows, components, curve = _combined(parts, grid, chosen)
    curve_of = Curve(windows[0], windows[1], *curve)
    missing = {name: sentence for name, sentence in why.items() if parts[name] is None}
    return Engagement(track.face, curve_of, components, parts, missing)


def _combined(
    parts: Mapping[str, Part | None], grid: Grid, chosen: Settings
) -> tuple[tuple[Int64, Int64], dict[str, Float64], tuple[Float64, Float64, Float64]]:
    """Windows, components, and value with both ends.

    The components' errors count as independent: their half-intervals add as squares. A missing one counts as the
    middle of 0–1 with the whole of it as its interval.
    """
    length = min(grid.cells, max(1, round(chosen.window_us / grid.length_us)))
    count = grid.cells - length + 1

    def run(cells: Float64) -> Float64:
        total: Float64 = np.concatenate([[0.0], np.cumsum(cells)])
        return total[length:] - total[:-length]

    value, below, above, known = (np.zeros(count) for _ in range(4))
    components: dict[str, Float64] = {}
    for name in COMPONENTS:
        part, weight = parts[name], chosen.weights[name]
        if part is None:
            components[name] = np.full(count, np.nan)
            low = high = components[name]
        else:
            den = run(part.den)
            seconds = np.where(den > 0.1 * length * grid.seconds, den, np.nan)
            components[name], low, high = (run(cells) / seconds for cells in (part.num, part.low, part.high))
        there = np.isfinite(components[name])
        value += weight * np.where(there, components[name], 0.5)
        below += (weight * np.where(there, components[name] - low, _UNKNOWN)) ** 2
        above += (weight * np.where(there, high - components[name], _UNKNOWN)) ** 2
        known += weight * there
    hidden = ~(np.nan_to_num(components["presence"]) >= chosen.least_presence) | (known < chosen.least_weight)
    value[hidden] = np.nan
    ends = np.clip(value - np.sqrt(below), 0, 1), np.clip(value + np.sqrt(above), 0, 1)
    start = grid.edges[:count]
    return (start, start + length * grid.length_us), components, (100 * value, 100 * ends[0], 100 * ends[1])


def _seen(track: FaceTrack) -> Float64:
    return np.where(np.isfinite(track.evidence.quality), track.evidence.durations_s(), 0.0)


def _presence(track: FaceTrack, grid: Grid) -> Part:
    times = track.evidence.time_us
    seen = grid.sums(times, _seen(track))
    return Part(seen, grid.sums(times, track.evidence.durations_s()), seen, seen)


def _scored(track: FaceTrack, grid: Grid, ends: Sequence[Float64]) -> Part | None:
    """A component from value, low and high by frame, 0–1; None where no frame has one."""
    known = np.isfinite(ends[0])
    if not known.any():
        return None
    seconds, times = np.where(known, track.evidence.durations_s(), 0.0), track.evidence.time_us
    num, low, high = (grid.sums(times, seconds * np.nan_to_num(array)) for array in ends)
    return Part(num, grid.sums(times, seconds), low, high)


def _fall(value: Float64, full: float, none: float) -> Float64:
    """1 up to ``full``, 0 from ``none`` on, straight in between."""
    part: Float64 = np.clip((none - value) / (none - full), 0.0, 1.0)
    return part


def _gaze(track: FaceTrack, grid: Grid, chosen: Settings) -> Part | None:
    averted = _largest([track.evidence[code] for code in _EYES])
    gaze = chosen.gaze
    values = [_fall(averted + off, gaze["full"], gaze["none"]) for off in (0.0, gaze["error"], -gaze["error"])]
    return _scored(track, grid, values)


def _largest(arrays: Sequence[Float64]) -> Float64:
    found = np.full(len(arrays[0]), np.nan)
    for array in arrays:
        found = np.fmax(found, array)
    return found


def screen(track: FaceTrack) -> tuple[float, float] | None:
    """Yaw and pitch, degrees, in which the head points most often; None where no angle was measured.

    The highest place of a histogram in steps of 2°, smoothed over 6°: a mode, because a mean would be between the
    screen and whatever else is looked at.
    """
    known = np.isfinite(track.yaw_deg) & np.isfinite(track.pitch_deg)
    if not known.any():
        return None
    edges = np.arange(-91.0, 92.0, 2.0)
    seconds = track.evidence.durations_s()[known]
    counts, _, _ = np.histogram2d(track.yaw_deg[known], track.pitch_deg[known], (edges, edges), weights=seconds)
    for axis in (0, 1):
        counts = sum(np.roll(counts, shift, axis) for shift in (-1, 0, 1))
    yaw, pitch = np.unravel_index(int(np.argmax(counts)), counts.shape)
    return float(edges[yaw] + 1), float(edges[pitch] + 1)


def _head(track: FaceTrack, grid: Grid, chosen: Settings) -> Part | None:
    toward = screen(track)
    if toward is None:
        return None
    away = np.hypot(track.yaw_deg - toward[0], track.pitch_deg - toward[1])
    head = chosen.head
    offs = (0.0, head["error_deg"], -head["error_deg"])
    return _scored(track, grid, [_fall(away + off, head["full_deg"], head["none_deg"]) for off in offs])


def _expressivity(
    track: FaceTrack, grid: Grid, chosen: Settings, speech: Sequence[tuple[int, int]]
) -> Part | None:
    """Activity above rest.

    The units' errors count as independent, those of one unit over the frames of a cell as the same.
    """
    evidence, limits = track.evidence, chosen.expressivity
    speaking = inside(evidence.time_us, speech)
    total, below, above = (np.zeros(len(evidence)) for _ in range(3))
    known = np.zeros(len(evidence), bool)
    for code in ACTION_UNITS:
        values = evidence.values.get(code)
        if values is None or code in _LIDS:
            continue
        rest = float(np.nanpercentile(values, limits["rest_percentile"])) + limits["trace"]
        weight = np.where(speaking, limits["speaking"], 1.0) if code in MOUTH else 1.0
        active = np.maximum(np.nan_to_num(values) - rest, 0.0)
        low = np.maximum(np.nan_to_num(evidence.low.get(code, values)) - rest, 0.0)
        high = np.maximum(np.nan_to_num(evidence.high.get(code, values)) - rest, 0.0)
        total += weight * active
        below += (weight * (active - low)) ** 2
        above += (weight * (high - active)) ** 2
        known |= np.isfinite(values)
    total[~known] = np.nan
    ends = (total, total - np.sqrt(below), total + np.sqrt(above))
    return _scored(track, grid, [np.clip(end / limits["full"], 0.0, 1.0) for end in ends])


def _speech(grid: Grid, speech: Sequence[tuple[int, int]], track: FaceTrack) -> Part:
    spoken = grid.covered_s(speech)
    seconds = grid.sums(track.evidence.time_us, track.evidence.durations_s())
    spoken = np.minimum(spoken, seconds)
    return Part(spoken, seconds, spoken, spoken)
