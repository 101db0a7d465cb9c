"""Arousal tone of a voice against the speaker's own usual voice: a transparent composite with an interval.

The formula is in ``arousal.toml``. No valence: listeners' ratings of it could not be predicted from such cues
(Laukka, Juslin & Bresin 2005).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.voice.features import LEAST_SPEECH_S, WINDOW, Baseline, Cut, Float64, pitch_of, relative
from analysis.voice.frames import Frames
from analysis.voice.pitch import HOP_US

#: Frames that stay together when a window is drawn anew: 0.26 s, about a syllable, beyond which pitch and level
#: are nearly independent. Our choice; docs/voice.md has the coverage it gives.
BLOCK: Final = 16
DRAWS: Final = 200
_ENDS: Final = (0.05, 0.95)
_TOGETHER: Final = 64


@dataclass(frozen=True, slots=True)
class Cue:
    """One part of the composite; the fields are explained in ``arousal.toml``."""

    name: str
    label: str
    direction: int
    weight: float
    unit: float
    error: float
    sources: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.direction not in (-1, 1):
            raise ValueError(f"{self.name}: the direction is 1 or -1")
        if not (self.weight > 0 and self.unit > 0 and self.error >= 0):
            raise ValueError(f"{self.name}: weight and unit are above 0, error is 0 or more")
        if not self.sources:
            raise ValueError(f"{self.name}: no source")


@dataclass(frozen=True, slots=True)
class Formula:
    """All of ``arousal.toml``."""

    version: str
    needs: frozenset[str]
    clip: float
    cues: tuple[Cue, ...]
    sources: Mapping[str, str]

    def __post_init__(self) -> None:
        missing = {one for cue in self.cues for one in cue.sources} - set(self.sources)
        if missing:
            raise ValueError(f"sources that are not listed: {sorted(missing)}")
        if not self.needs <= {cue.name for cue in self.cues}:
            raise ValueError("what the value needs has to be among the cues")


@cache
def formula() -> Formula:
    """The shipped formula."""
    told = tomllib.loads(Path(__file__).with_name("arousal.toml").read_text(encoding="utf-8"))
    unchecked = [one["id"] for one in told["source"] if not one.get("checked")]
    if unchecked:
        raise ValueError(f"sources that do not say how they were checked: {unchecked}")
    return Formula(
        version=told["version"],
        needs=frozenset(told["needs"]),
        clip=told["clip"],
        cues=tuple(Cue(**(cue | {"sources": tuple(cue["sources"])})) for cue in told["cue"]),
        sources={one["id"]: one["text"] for one in told["source"]},
    )


def arousal(
    frames: Frames,
    windows: Cut,
    found: Mapping[str, Float64],
    own: Baseline,
    *,
    seed: int = 0,
    with_formula: Formula | None = None,
) -> tuple[Float64, Float64, Float64]:
    """Arousal tone of a speaker's windows with a 90 % interval.

    The interval covers which moments of the window happened to be heard (blocks of frames drawn anew), the
    measurement of the cues, and the uncertainty of the baseline. It does not cover whether the voice shows what
    the person feels, nor our choice of weights.

    Parameters
    ----------
    frames, windows
    found : mapping of name to float64, shape (w,)
        `features.measures`.
    own : Baseline
    seed : int
    with_formula : Formula, optional
        Instead of the shipped one.

    Returns
    -------
    value, low, high : float64, shape (w,)
        0–1, 0.5 is the speaker's usual tone. NaN with less than a second of speech in the window, less than 20 s
        for the baseline, or without pitch or loudness.
    """
    rule = with_formula or formula()
    value, low, high = (np.full(len(windows), np.nan) for _ in range(3))
    if not own.usual or not len(windows):
        return value, low, high
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(windows.speech_s >= LEAST_SPEECH_S)
    point = _composite({name: values[rows] for name, values in _relative(found, own).items()}, rule)
    offset = _offset(own, rule, rng)
    blocks = rng.integers(0, WINDOW, (DRAWS, -(-WINDOW // BLOCK)))
    drawn = ((blocks[:, :, None] + np.arange(BLOCK)) % WINDOW).reshape(DRAWS, -1)[:, :WINDOW]
    for first in range(0, len(rows), _TOGETHER):
        some = rows[first : first + _TOGETHER]
        spread = _drawn(frames, windows, some, drawn, own)
        noisy = {
            name: values + rng.normal(0, 1, values.shape) * _error(rule, name) for name, values in spread.items()
        }
        sums = _composite(noisy, rule) + offset
        here = slice(first, first + _TOGETHER)
        value[some] = _squashed(point[here])
        known = np.isfinite(point[here]) & np.isfinite(sums).any(axis=1)
        if not known.any():
            continue
        sums, some = sums[known], some[known]
        # around the value, not around the draws: the range of a sample drawn anew is narrower than its own
        sums += (point[here][known] - np.nanmedian(sums, axis=1))[:, None]
        ends = np.nanquantile(sums, _ENDS, axis=1)
        low[some], high[some] = (_squashed(end) for end in ends)
    return value, np.minimum(low, value), np.maximum(high, value)


def _relative(found: Mapping[str, Float64], own: Baseline) -> dict[str, Float64]:
    """Every cue as a difference from what is usual; NaN without a baseline of its own."""
    out = relative(found, own)
    for name in ("slope_db_oct", "pitch_range_st", "rate_per_s"):
        usual = own.usual.get(name)
        out[name] = np.full_like(found[name], np.nan) if usual is None else found[name] - usual.median
    return out


def _composite(differences: Mapping[str, Float64], rule: Formula) -> Float64:
    total: Any = 0.0
    weights: Any = 0.0
    lost: Any = False
    for cue in rule.cues:
        step = np.clip(cue.direction * differences[cue.name] / cue.unit, -rule.clip, rule.clip)
        there = np.isfinite(step)
        total = total + np.where(there, cue.weight * step, 0.0)
        weights = weights + np.where(there, cue.weight, 0.0)
        if cue.name in rule.needs:
            lost = lost | ~there
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(lost, np.nan, total / weights)


def _squashed(sums: Float64) -> Float64:
    return np.asarray(1 / (1 + np.exp(-sums)), np.float64)


def _error(rule: Formula, name: str) -> float:
    return next(cue.error for cue in rule.cues if cue.name == name)


_BASE: Final = {"pitch_semitones": "pitch_hz", "loudness_db": "level_db"}


def _offset(own: Baseline, rule: Formula, rng: np.random.Generator) -> Float64:
    """By how much the composite would move were the baseline taken from other speech, (DRAWS,)."""
    total = np.zeros(DRAWS)
    weights = 0.0
    for cue in rule.cues:
        usual = own.usual.get(_BASE.get(cue.name, cue.name))
        if usual is None:
            continue
        error = usual.error
        if cue.name == "pitch_semitones":
            error = 12 * np.log2(1 + error / usual.median)
        total += cue.weight * error / cue.unit * rng.normal(0, 1, DRAWS)
        weights += cue.weight
    return total / max(weights, 1e-9)


def _drawn(
    frames: Frames, windows: Cut, some: NDArray[np.int64], drawn: NDArray[np.int64], own: Baseline
) -> dict[str, Float64]:
    """Every cue of every window, drawn anew: (windows, DRAWS)."""
    rows, spoken = windows.rows[some], windows.spoken[some]
    pitch = np.where(spoken, frames.pitch_hz[rows], np.nan).astype(np.float32)
    semitones = 12 * np.log2(pitch)
    median, width = pitch_of(semitones[:, drawn])
    # how often each frame is in each draw: sums over draws are then a product
    often = np.zeros((len(drawn), WINDOW))
    np.add.at(often, (np.arange(len(drawn))[:, None], drawn), 1)
    power = np.where(spoken, 10 ** (frames.level_db[rows].astype(np.float64) / 10), 0.0)
    slope = np.where(spoken, frames.slope_db_oct[rows], np.nan)
    sloped = np.isfinite(slope)
    with np.errstate(invalid="ignore", divide="ignore"):
        speech = spoken @ often.T
        found = {
            "pitch_hz": 2 ** (median / 12),
            "pitch_range_st": width,
            "level_db": 10 * np.log10(power @ often.T / speech),
            "slope_db_oct": np.where(sloped, slope, 0.0) @ often.T / (sloped @ often.T),
            "rate_per_s": windows.nuclei[some] @ often.T / (speech * HOP_US / 1e6),
        }
    return _relative({name: np.asarray(values, np.float64) for name, values in found.items()}, own)
