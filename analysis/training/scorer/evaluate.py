"""What a candidate is worth: calibration, figures by unit, cohort and yaw, and intervals with their coverage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.facs.codes import ACTION_UNITS
from analysis.scoring.targets import FROM_LIDS, TARGETS, columns_of
from analysis.training.scorer import intervals
from analysis.training.scorer.extract import Shard
from analysis.types import Float32
from analysis.validation.metrics import base_rate, f1, icc31, mae, pearson

Mask = NDArray[np.bool_]

#: Units whose mean is the headline figure, as the project's goal names them.
_HEADLINE: Final = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 22, 23, 24, 25, 26, 27, 28, 45)
HEADLINE: Final = tuple(str(number) for number in _HEADLINE)
MAX_YAW_DEG: Final = 25.0
#: Lines that are tried.
_GAINS: Final = tuple(float(g) for g in np.arange(0.8, 2.6, 0.1))
_FLOORS: Final = tuple(float(f) for f in np.arange(0.0, 0.85, 0.1))


@dataclass(frozen=True)
class Calibration:
    """Straight lines that bring a candidate's answers to the labels' scale.

    Attributes
    ----------
    gain, offset : mapping of code to float
        A net that is unsure answers too weakly, and says a little where nothing is: the line that agrees best with
        the labels (ICC) after limiting to 0–5.
    rest_noise : mapping of code to float
        95 % of the neutral pictures stay below.
    quantile : mapping of code to (float, float, float, float)
        What makes intervals hold 90 % of the labels (`analysis.scoring.interval.half_width`).
    """

    gain: Mapping[str, float]
    offset: Mapping[str, float]
    rest_noise: Mapping[str, float]
    quantile: Mapping[str, intervals.Entries]


@dataclass(frozen=True, slots=True)
class Figures:
    """Agreement of one unit with its labels; identities are those with a picture of it."""

    code: str
    icc: float
    pcc: float
    mae: float
    f1: float
    base_rate: float
    pictures: int
    identities: int


def _of_closure(code: str, closed: Float32) -> Float32:
    """41, 42, 45 and 46 from 43's sides (n, 2), 0–5; as `analysis.facs.intensity` and the labels define them."""
    share = np.clip(closed / 5, 0, 1)
    if code == "41":
        return np.interp(share, [0.12, 0.45, 0.6], [0, 5, 0]).max(1).astype(np.float32)
    if code == "42":
        return np.interp(share, [0.45, 0.75, 0.95], [0, 5, 0]).max(1).astype(np.float32)
    if code == "46":
        return np.abs(closed[:, 0] - closed[:, 1]).astype(np.float32)
    return np.asarray(closed.max(1), np.float32)


def by_code(values: Float32, code: str) -> Float32:
    """Intensity of a code, the larger of its sides (of those that are known), 0–5, (n,), from targets (n, …)."""
    if code in FROM_LIDS:
        return _of_closure(code, np.clip(values[:, columns_of("43")], 0, 5))
    return np.asarray(np.clip(np.fmax.reduce(values[:, columns_of(code)], axis=1), 0, 5), np.float32)


def learned_code(code: str) -> str:
    return "43" if code in FROM_LIDS else code


def calibrate(shard: Shard, value: Float32, doubt: Float32) -> Calibration:
    """Calibrate on identities that the candidate was not fitted on."""
    gain: dict[str, float] = {}
    offset: dict[str, float] = {}
    noise: dict[str, float] = {}
    frontal = np.abs(shard.yaw) <= MAX_YAW_DEG
    for code in dict.fromkeys(code for code, _ in TARGETS):
        places = columns_of(code)
        said, true = value[:, places], shard.labels[:, places]
        known = np.isfinite(said) & np.isfinite(true) & frontal[:, None]
        if known.sum() < 50 or true[known].std() < 1e-3 or said[known].std() < 1e-3:
            gain[code], offset[code], noise[code] = 1.0, 0.0, 1.0
            continue
        gain[code], offset[code] = _line(said[known], true[known])
        scaled = np.clip(gain[code] * said + offset[code], 0, 5)
        at_rest = known & shard.neutral[:, None]
        noise[code] = float(max(0.3, np.quantile(scaled[at_rest], 0.95)))
    of_targets = np.array([gain[code] for code, _ in TARGETS], np.float32)
    offsets = np.array([offset[code] for code, _ in TARGETS], np.float32)
    scaled = value * of_targets + offsets
    return Calibration(gain, offset, noise, intervals.entries(shard, scaled, doubt * of_targets))


def _line(said: Float32, true: Float32) -> tuple[float, float]:
    """Gain and offset that agree best (ICC) once the line is limited to 0–5; the offset is never above 0.

    Most faces do not show a unit. What a net says of them is small but not nothing, and is cut off below.
    """
    best = (-1.0, 1.0, 0.0)
    for floor in _FLOORS:
        for gain in _GAINS:
            agreement = icc31(np.clip(gain * (said - floor), 0, 5), true)
            best = max(best, (agreement, gain, -gain * floor))
    return best[1], best[2]


def calibrated(value: Float32, calibration: Calibration) -> Float32:
    """Answers on the labels' scale, unlimited."""
    codes = [code for code, _ in TARGETS]
    gain = np.array([calibration.gain[code] for code in codes], np.float32)
    offset = np.array([calibration.offset[code] for code in codes], np.float32)
    return value * gain + offset


def figures(shard: Shard, value: Float32, rows: Mask) -> dict[str, Figures]:
    """Figures of every code over some rows; ``value`` is calibrated."""
    out = {}
    for code in ACTION_UNITS:
        said, true = by_code(value[rows], code), by_code(shard.labels[rows], code)
        present = np.nan_to_num(true) > 1
        out[code] = Figures(
            code,
            icc31(said, true),
            pearson(said, true),
            mae(said, true),
            f1(said, true),
            base_rate(true),
            int(np.isfinite(true).sum()),
            len(np.unique(shard.identity[rows][present])),
        )
    return out


def headline(found: Mapping[str, Figures]) -> float:
    """Mean ICC(3,1) over the 23 units of `HEADLINE` that were shown; NaN where none was."""
    known = [found[code].icc for code in HEADLINE if not np.isnan(found[code].icc)]
    return float(np.mean(known)) if known else float("nan")
