"""Intensities 0–5 of every code that the machine proposes, for one face."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from analysis.facs.baseline import Neutral
from analysis.facs.codes import ACTION_UNITS, CATALOGUE, EYE_CODES, HEAD_CODES
from analysis.facs.deviation import Deviation
from analysis.facs.gates import exclude, gate, split_jaw
from analysis.facs.lids import Lids, lids
from analysis.facs.quality import far_side, measurable
from analysis.facs.rules import MACHINE_UNITS, RULES, Side
from analysis.facs.series import FaceSeries, Float64, bridge
from analysis.scoring.code import CODE_COLUMNS
from analysis.scoring.package import Package
from analysis.scoring.scorer import Scores, is_scorable, scores
from analysis.scoring.targets import FROM_LIDS

#: What is proposed where the rules alone answer.
MACHINE_CODES: Final[tuple[str, ...]] = (*MACHINE_UNITS, *HEAD_CODES, *EYE_CODES)
#: Lids and gaze cannot be read while the eye blinks, and the mesh's brows jump with the lids; what they did before
#: and after is joined.
_BRIDGED: Final = ("1", "2", "4", "5", "6", "7", *EYE_CODES)
_BRIDGE_US: Final = 100_000
#: Lids on their way to and from a closure are neither droop nor slit.
_LID_TRAVEL_US: Final = 200_000
#: The net must see at least so much of 27 for an open jaw to be a stretch.
_STRETCHED: Final = 1.0
Curves = dict[str, dict[str, Float64]]

# Head and eyes: (codes of the positive and negative direction, measure, value at 0, value at 5). FACS leaves the
# grades of positions to the coder's eye; these degrees and shares are our own convention.
_HEAD: Final = (
    ("51", "52", "yaw_deg", 4.0, 35.0),
    ("53", "54", "pitch_deg", 4.0, 30.0),
    ("55", "56", "roll_deg", 4.0, 30.0),
    ("58", "57", "distance_share", 0.05, 0.35),
)
_EYES: Final = (
    ("61", "62", "gaze_side", 0.05, 0.20),
    ("63", "64", "gaze_height", 0.05, 0.18),
    ("66", "65", "vergence", 0.08, 0.25),
)


@dataclass(frozen=True, slots=True)
class Intensities:
    """Intensities of one face.

    Attributes
    ----------
    both : dict of str to float64, shape (n,)
        0–5 by code, the larger of the two sides where the code is sided; NaN where not measured.
    sides : dict of str to dict
        By sided code, ``L`` and ``R``, the subject's.
    curves : dict of str to float64, shape (n,)
        By code the curve before it was limited to 0–5, for finding where a rise starts.
    floors : dict of str to float
        What noise reaches at rest, in units of intensity.
    widths : dict of str to float64, shape (n,)
        By code half the width of its interval, in units of intensity; only of codes that a learned scorer answers.
    """

    both: dict[str, Float64]
    sides: dict[str, dict[str, Float64]]
    curves: dict[str, Float64]
    floors: dict[str, float]
    widths: dict[str, Float64] = field(default_factory=dict)

    @property
    def intervals(self) -> dict[str, tuple[Float64, Float64]]:
        """By code the ends of the interval that holds the label of 90 % of held-out faces, 0–5, each shape (n,).

        NaN where the intensity is.
        """
        return {
            code: (_limit(self.both[code] - width), _limit(self.both[code] + width))
            for code, width in self.widths.items()
        }


def _around(series: FaceSeries, spans: list[slice]) -> list[slice]:
    """Spans widened by a tenth of a second within their run, joined where they then touch."""
    out: list[slice] = []
    for span in spans:
        run = next(r for r in series.runs if r.start <= span.start < r.stop)
        first = int(np.searchsorted(series.time_us, series.time_us[span.start] - _BRIDGE_US))
        last = int(np.searchsorted(series.time_us, series.time_us[span.stop - 1] + _BRIDGE_US, side="right"))
        wide = slice(max(first, run.start), min(last, run.stop))
        if out and wide.start <= out[-1].stop and out[-1].start >= run.start:
            out[-1] = slice(out[-1].start, wide.stop)
        else:
            out.append(wide)
    return out


def _directions(deviation: Deviation) -> dict[str, Float64]:
    """Head and eye codes before limiting."""
    d, rest = deviation, deviation.neutral.values
    values = {
        "yaw_deg": d("yaw_deg"),
        "pitch_deg": d("pitch_deg"),
        "roll_deg": d("roll_deg"),
        "distance_share": d("distance_cm") / max(rest["distance_cm"], 1.0),
        "gaze_side": (d("gaze_x_L") + d("gaze_x_R")) / 2,
        "gaze_height": (d("gaze_y_L") + d("gaze_y_R")) / 2,
        "vergence": d("gaze_x_R") - d("gaze_x_L"),
    }
    out: dict[str, Float64] = {}
    for positive, negative, name, low, high in (*_HEAD, *_EYES):
        out[positive] = 5 * (values[name] - low) / (high - low)
        out[negative] = 5 * (-values[name] - low) / (high - low)
    return out


def _larger(sides: dict[str, Float64]) -> Float64:
    return np.asarray(np.fmax(sides["L"], sides["R"]))


def _largest(parts: Mapping[str, Float64]) -> Float64:
    return np.asarray(np.fmax.reduce(list(parts.values())))


def _widths_of(code: str) -> str:
    """The learned code whose error is a code's: what the lids do is one number."""
    return "43" if code in FROM_LIDS else code


def _limit(values: Float64) -> Float64:
    return np.asarray(np.clip(values, 0.0, 5.0))


def _rule_curves(deviation: Deviation, without: Collection[str]) -> Curves:
    """What the rules say, by code and side, before limiting; but of codes that another scorer answers."""
    raw: Curves = {}
    for rule in RULES:
        if rule.code in without:
            continue
        sides: tuple[Side, ...] = ("L", "R") if rule.sided else ("L",)
        raw[rule.code] = {side if rule.sided else "": rule.raw(deviation, side) for side in sides}
    return raw


def _jaw_amount(curves: Mapping[str, Mapping[str, Float64]]) -> Float64:
    """Opening of the jaw in 26's intensity, going on beyond 5 where the net sees a stretch."""
    drop, stretch = curves["26"][""], curves["27"][""]
    return np.asarray(np.where(stretch >= np.maximum(_STRETCHED, drop), 5 + stretch, drop))


def _lowered_lids(series: FaceSeries, closed: Mapping[str, Float64], eyes: Lids) -> Curves:
    """41 (droop) and 42 (slit) from how far the lids stay down, outside blinks, closures, winks and their ways.

    The aperture's shares follow the training world's labels (`analysis.training.world.mapping`): a droop is most
    itself at 0.45 of the way to shut, a slit at 0.75.
    """
    shut = np.zeros(len(series), bool)
    for span in eyes.spans:
        first = np.searchsorted(series.time_us, series.time_us[span.start] - _LID_TRAVEL_US)
        last = np.searchsorted(series.time_us, series.time_us[span.stop - 1] + _LID_TRAVEL_US, side="right")
        shut[first:last] = True
    out: Curves = {"41": {}, "42": {}}
    for side in "LR":
        share = np.clip(closed[side] / 5, 0.0, 1.0)
        droop = np.interp(share, [0.12, 0.45, 0.6], [0.0, 5.0, 0.0])
        slit = np.interp(share, [0.45, 0.75, 0.95], [0.0, 5.0, 0.0])
        for code, value in (("41", droop), ("42", slit)):
            value = np.where(np.isfinite(share), value, np.nan)
            out[code][side] = np.where(shut & np.isfinite(value), 0.0, value)
    return out


def _learned_curves(series: FaceSeries, found: Scores, eyes: Lids) -> Curves:
    """What the nets say, by code and side, before limiting; the jaw as one amount under 26."""
    raw = {code: dict(sides) for code, sides in found.curves.items() if code not in {"27", "43"}}
    if "26" in raw and "27" in found.curves:
        raw["26"] = {"": _jaw_amount(found.curves)}
    if "43" in found.curves:
        raw |= _lowered_lids(series, found.curves["43"], eyes)
    return raw


def intensities(series: FaceSeries, neutral: Neutral, package: Package | None = None) -> Intensities:
    """Measure one face against its neutral.

    Parameters
    ----------
    series : FaceSeries
    neutral : Neutral
    package : Package, optional
        A learned scorer; the rules answer for what it leaves out, or for everything without it or where the
        measurement is older than learned scorers.

    Returns
    -------
    Intensities
        All 44 Action Units that the scorers answer for, and head and eye codes.
    """
    deviation = Deviation(series, neutral)
    hidden = far_side(series)
    eyes = lids(deviation, hidden)
    shut = _around(series, eyes.blinks)
    learned: Curves = {}
    widths: dict[str, Float64] = {}
    if package is not None and is_scorable(series) and CODE_COLUMNS[0] in neutral.values:
        found = scores(package, series, neutral, measurable(series))
        learned = _learned_curves(series, found, eyes)
        widths = {code: _largest(parts) for code, parts in found.errors.items()}
    raw = _rule_curves(deviation, learned.keys()) | learned
    raw |= {code: {"": curve} for code, curve in _directions(deviation).items()}
    for code, part in raw.items():
        for side, curve in part.items():
            seen = np.where(hidden[side], np.nan, curve) if side else curve
            part[side] = bridge(series, seen, shut) if code in _BRIDGED else seen

    curves = {code: _larger(part) if len(part) == 2 else part[""] for code, part in raw.items()}
    curves["27"] = curves["26"]
    curves |= dict.fromkeys(("43", "45", "46"), _larger(eyes.raw))
    jaw = split_jaw(series, curves["26"])
    by = {code: _limit(curve) for code, curve in curves.items()}
    long_shut = _larger(eyes.parts["43"])  # blinks are bridged, winks leave one eye open
    by |= {"lids": long_shut, "jaw": np.asarray(np.fmax(jaw["26"], 2 * jaw["27"]))}

    limited = {code: {side: _limit(curve) for side, curve in part.items()} for code, part in raw.items()}
    sides = {code: part for code, part in limited.items() if len(part) == 2}
    both = {code: _larger(part) if len(part) == 2 else part[""] for code, part in limited.items()}
    gate(both, sides, by, learned=frozenset(learned))
    both |= jaw
    sides |= eyes.parts
    both |= {code: _larger(part) for code, part in eyes.parts.items()}
    exclude(both, sides)
    floors = {rule.code: rule.floor for rule in RULES} | dict.fromkeys(("27", "43", "45", "46"), 0.75)
    floors |= {code: 5 * low / (high - low) for a, b, _, low, high in (*_HEAD, *_EYES) for code in (a, b)}
    if package is not None:
        floors |= {code: package.about["codes"][code]["rest_noise"] for code in learned}
    order = (*ACTION_UNITS, *HEAD_CODES, *EYE_CODES)
    shown = {code: both[code] for code in order if code in both}
    own = {code: widths[_widths_of(code)] for code in ACTION_UNITS if code in both and _widths_of(code) in widths}
    return Intensities(shown, sides, curves, floors, own)


def sided_units() -> tuple[str, ...]:
    """Action Units that have a left and a right column, in numeric order."""
    return tuple(code for code in ACTION_UNITS if CATALOGUE[code].sided)
