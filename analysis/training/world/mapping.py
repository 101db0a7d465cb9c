"""From Action Units to each rig's shapes, and from a posed face to its labels.

The intensity of an AU is 5 × its activation, before the identity's own strength of movement (``Style``), with
these exceptions, made so that equal pictures get equal labels:

- AU25 is measured: 12 mm between the inner lip edges, beyond the neutral face's, are 5.
- 41, 42, 43, 45 and 46 are read from how far the upper lid has come down (`closure`, 0 open to 1 shut): 43 and 45
  are 5 × closure (their difference is time), 41 peaks at 0.45, 42 at 0.75, 46 is one eye's closure beyond the
  other's.
- 44 is a strong 7 with the upper lid a little down; giving 44 therefore labels 7 too.

Gains and alternatives of an identity, and the AU → shape table of the ICT rig, are those of the project's first
experiments (their measured recoverability is in the training report).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.facs.codes import ACTION_UNITS
from analysis.training.world.types import Activation, Float32, Labels

Weights = dict[str, float]
Pair = tuple[float, float]

#: The AUs of the first experiments: their gains are drawn first, so that those identities keep their gains.
_FIRST: Final = tuple(
    str(code) for code in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 22, 23, 24, 25, 26, 27, 28, 45)
)
_LIDS: Final = frozenset({"41", "42", "43", "44", "45", "46"})
GAP_OF_5_CM: Final = 1.2
#: A jaw that opens also swings back; more distance than this for each centimetre of height is no opening but a lip
#: moved forward, in or sideways (28–30, 32).
_DISTANCE_PER_HEIGHT: Final = 2.0
_DROOP, _SLIT, _SHUT = 0.45, 0.75, 0.95


@dataclass(frozen=True)
class Style:
    """How one identity moves.

    Attributes
    ----------
    gain : mapping of str to float
        Strength of each AU's movement, 0.82–1.18; the label does not contain it.
    mix : mapping of str to float
        0–1: which of several shapes for one AU this face uses.
    """

    gain: Mapping[str, float]
    mix: Mapping[str, float]


def style(seed: int) -> Style:
    """Draw the style of identity `seed`."""
    rng = np.random.default_rng(seed + 99)
    gain: dict[str, float] = {}
    mix: dict[str, float] = {}
    for codes in (_FIRST, tuple(code for code in ACTION_UNITS if code not in _FIRST)):
        gain |= {code: float(rng.uniform(0.82, 1.18)) for code in codes}
        mix |= {code: float(rng.random()) for code in codes}
    return Style(gain, mix)


def lip_gap_cm(top: Float32, bottom: Float32, rest_top: Float32, rest_bottom: Float32) -> float:
    """How far the middle points of the inner lip edges have moved apart since the neutral face, ≥ 0.

    Parameters
    ----------
    top, bottom, rest_top, rest_bottom : (3,) float32
        The two points on the posed and on the neutral face, centimetres.
    """
    _, height, depth = (float(x) for x in (top - bottom) - (rest_top - rest_bottom))
    return max(0.0, min(math.hypot(height, depth), _DISTANCE_PER_HEIGHT * height))


def _pair(activation: Activation, code: str) -> Pair:
    return activation.get(code, (0.0, 0.0))


def closure(activation: Activation) -> Pair:
    """How far each upper lid is down, 0–1, from whichever of 41–46 is asked for most."""

    def of(side: int) -> float:
        droop, slit, squint = (_pair(activation, code)[side] for code in ("41", "42", "44"))
        return max(
            _DROOP * droop,
            (_DROOP + (_SLIT - _DROOP) * slit) if slit > 0 else 0.0,
            (0.05 + 0.15 * squint) if squint > 0 else 0.0,
            *(_pair(activation, code)[side] for code in ("43", "45", "46")),
        )

    return of(0), of(1)


def tightened(activation: Activation) -> Pair:
    """Activation of AU7 with what 44 adds to it."""

    def of(side: int) -> float:
        squint = _pair(activation, "44")[side]
        return max(_pair(activation, "7")[side], (0.6 + 0.4 * squint) if squint > 0 else 0.0)

    return of(0), of(1)


def _lid_labels(activation: Activation) -> Labels:
    shut, tight = closure(activation), tightened(activation)

    def ramp(x: float, low: float, high: float) -> float:
        return float(np.clip((x - low) / (high - low), 0, 1))

    def squint(side: int) -> float:
        asked = min(ramp(tight[side], 0.6, 1.0), ramp(shut[side], 0.05, 0.2))
        return asked * (1 - ramp(shut[side], 0.5, 0.8))

    def droop(side: int) -> float:
        c = shut[side]
        return ramp(c, 0, _DROOP) * (1 - ramp(c, _DROOP, 0.6)) * (1 - min(1.0, 2 * squint(side)))

    def slit(side: int) -> float:
        return ramp(shut[side], _DROOP, _SLIT) * (1 - ramp(shut[side], _SLIT, _SHUT))

    def both(of: Callable[[int], float]) -> Pair:
        return 5 * of(0), 5 * of(1)

    closed = both(lambda side: shut[side])
    return {
        "7": both(lambda side: tight[side]),
        "41": both(droop),
        "42": both(slit),
        "43": closed,
        "44": both(squint),
        "45": closed,
        "46": both(lambda side: max(0.0, shut[side] - shut[1 - side])),
    }


def labels(activation: Activation, lip_gap_cm: float) -> Labels:
    """Intensities of the 44 AUs, 0–5, subject's (left, right), equal for AUs that have no side.

    Parameters
    ----------
    activation : mapping of str to (float, float)
        What was asked for.
    lip_gap_cm : float
        What the posed mesh shows.
    """
    found: Labels = dict.fromkeys(ACTION_UNITS, (0.0, 0.0))
    for code, (left, right) in activation.items():
        if code in found and code not in _LIDS:
            found[code] = (5 * left, 5 * right)
    found["37"] = (max(found["37"]),) * 2  # its two values say where on the lip the tongue is
    part = float(np.clip(lip_gap_cm / GAP_OF_5_CM, 0, 1)) * 5
    return found | {"25": (part, part)} | _lid_labels(activation)


class _Sum:
    """Shape weights being added up for one AU after another."""

    def __init__(self) -> None:
        self.weights: Weights = {}

    def add(self, shape: str, weight: float) -> None:
        if weight:
            self.weights[shape] = self.weights.get(shape, 0.0) + weight

    def sides(self, shape: str, pair: Pair, scale: float = 1.0) -> None:
        self.add(f"{shape}_L", pair[0] * scale)
        self.add(f"{shape}_R", pair[1] * scale)


def _tongue_reach(amount: float) -> float:
    """Quick at first: the tongue has a way to go behind the teeth before anyone sees it."""
    return 1 - (1 - min(amount, 1.0)) ** 2


def _scaled(activation: Activation, how: Style) -> dict[str, Pair]:
    """Activations times gains; lids come without a gain, so that a shut eye is shut."""
    scaled = {
        code: (left * how.gain[code], right * how.gain[code])
        for code, (left, right) in activation.items()
        if code in how.gain and code not in _LIDS and code != "7"
    }
    for code in {"19", "37"} & scaled.keys():
        left, right = scaled[code]
        scaled[code] = _tongue_reach(left), _tongue_reach(right)
    tight = tightened(activation)
    scaled["7"] = (tight[0] * how.gain["7"], tight[1] * how.gain["7"])
    return scaled


_ICT_SIDES: Final[Mapping[str, str]] = {
    "1": "browInnerUp",
    "2": "browOuterUp",
    "4": "browDown",
    "5": "eyeWide",
    "7": "eyeSquint",
    "11": "own_11",
    "12": "mouthSmile",
    "14": "mouthDimple",
    "15": "mouthFrown",
    "16": "mouthLowerDown",
    "20": "mouthStretch",
    "24": "mouthPress",
    "31": "own_31",
    "34": "cheekPuff",
    "35": "own_35",
    "36": "own_36",
    "37": "own_37",
    "38": "own_38",
    "39": "own_39",
}
_ICT_WHOLE: Final[Mapping[str, tuple[tuple[str, float], ...]]] = {
    "8": (("own_8", 1.0),),
    "17": (("mouthShrugLower", 0.9),),
    "18": (("mouthPucker", 1.0),),
    "19": (("own_19", 1.0), ("mouthLowerDown_L", 0.5), ("mouthLowerDown_R", 0.5), ("jawOpen", 0.2)),
    "21": (("own_21", 1.0),),
    "22": (("mouthFunnel", 1.0),),
    "23": (("own_23", 1.0),),
    "26": (("jawOpen", 0.5),),
    "28": (("mouthRollLower", 0.9), ("mouthRollUpper", 0.8)),
    "29": (("jawForward", 1.0),),
    "32": (("mouthRollLower", 0.9), ("mouthUpperUp_L", 0.45), ("mouthUpperUp_R", 0.45), ("mouthShrugLower", 0.2)),
    "33": (("mouthFunnel", 0.4), ("mouthPucker", 0.2)),
    "37": (("mouthLowerDown_L", 0.3), ("mouthLowerDown_R", 0.3), ("jawOpen", 0.1)),
}


def ict_shapes(activation: Activation, how: Style) -> Weights:
    """Weights of ICT-FaceKit's shapes and of our own, 0–1.15."""
    total, mix = _Sum(), how.mix
    for code, (left, right) in _scaled(activation, how).items():
        pair, mean, q = (left, right), (left + right) / 2, mix[code]
        if code in _ICT_SIDES:
            total.sides(_ICT_SIDES[code], pair)
        for shape, weight in _ICT_WHOLE.get(code, ()):
            total.add(shape, weight * (max(pair) if code == "37" else mean))
        if code == "6":
            total.sides("cheekSquint", pair, q)
            total.sides("cheekRaiser", pair, 1 - q)
        elif code == "9":
            total.sides("noseSneer", pair, 0.9)
        elif code == "10":
            total.sides("mouthUpperUp", pair, 0.6 + 0.4 * q)
            total.add("mouthShrugUpper", mean * 0.5 * (1 - q))
        elif code == "13":
            total.sides("own_13", pair)
            total.sides("mouthSmile", pair, 0.2)
        elif code == "25":
            total.sides("mouthLowerDown", pair, 0.35 + 0.2 * q)
            total.add("mouthShrugUpper", mean * 0.35 * (1 - q))
            total.add("jawOpen", 0.05 * mean)
        elif code == "27" and mean > 0:
            total.add("jawOpen", 0.5 + 0.45 * mean)
            total.add("own_27", 0.6 * mean)
        elif code == "30":
            total.add("jawLeft", left)
            total.add("jawRight", right)
        elif code == "33":
            total.sides("cheekPuff", pair, 0.9)
        elif code == "34":
            total.sides("mouthPress", pair, 0.25)
    total.add("mouthClose", mean_of(activation, "8") * total.weights.get("jawOpen", 0.0))
    total.sides("eyeBlink", closure(activation))
    _ict_gaze(activation, total)
    return {shape: min(weight, 1.15) for shape, weight in total.weights.items()}


def mean_of(activation: Activation, code: str) -> float:
    """Mean of the two sides' activation."""
    return sum(_pair(activation, code)) / 2


def _ict_gaze(activation: Activation, total: _Sum) -> None:
    for code, left, right in (
        ("61", "Out", "In"),
        ("62", "In", "Out"),
        ("63", "Up", "Up"),
        ("64", "Down", "Down"),
        ("65", "Out", "Out"),
        ("66", "In", "In"),
    ):
        amount = _pair(activation, code)
        total.add(f"eyeLook{left}_L", amount[0])
        total.add(f"eyeLook{right}_R", amount[1])


_MH_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "4": ("4", "4_a", "4"),
    "6": ("6", "6_a"),
    "9": ("9", "9_a"),
    "17": ("17", "17_a"),
    "18": ("18", "18_a"),
    "25": ("25", "25_a"),
}
#: Strength against the target's own where that is too faint or too strong to stand for 5.
_MH_STRENGTH: Final[Mapping[str, float]] = {"11": 3.0, "31": 1.2}
_MH_WHOLE: Final[Mapping[str, tuple[tuple[str, float], ...]]] = {
    "8": (("own_8", 1.0),),
    "19": (("own_19", 1.0), ("25_L", 0.5), ("25_R", 0.5), ("26", 0.12)),
    "21": (("own_21", 1.0),),
    "22": (("22_25_up_down", 1.0),),
    "26": (("26", 0.55),),
    "37": (("25_L", 0.5), ("25_R", 0.5), ("26", 0.1)),
}


def mh_shapes(activation: Activation, how: Style) -> Weights:
    """Weights of FACSHuman's targets (cut into sides as ``_L``, ``_R``) and of our own."""
    total = _Sum()
    for code, (left, right) in _scaled(activation, how).items():
        pair, mean, q = (left, right), (left + right) / 2, how.mix[code]
        if code == "27":
            total.add("26", (0.55 + 0.45 * mean) if mean > 0 else 0.0)
            total.add("own_27", mean)
        elif code == "12":
            uneven = abs(left - right) > 0.25 * max(pair)
            # the one-sided targets are weaker than the whole ones
            total.sides(
                "L12" if uneven or q < 0.5 else "12" if q < 0.75 else "12_a",
                pair,
                1.15 if q < 0.5 or uneven else 1,
            )
        elif code == "30":
            total.add("30_L", left)
            total.add("30_R", right)
        elif code in ("36", "37"):
            total.sides(f"own_{code}", pair)
        elif code not in _MH_WHOLE:
            names = _MH_CHOICES.get(code, (code,))
            total.sides(names[int(q * len(names) * 0.999)], pair, _MH_STRENGTH.get(code, 1.0))
        for shape, weight in _MH_WHOLE.get(code, ()):
            total.add(shape, weight * (max(pair) if code == "37" else mean))
    total.add("own_8_closed", mean_of(activation, "8") * total.weights.get("26", 0.0))
    total.sides("43", closure(activation))
    for code, scale in (("61", 0.8), ("62", 0.8), ("63", 0.6), ("64", 0.6), ("65", 0.8), ("66", 0.8)):
        total.sides(code, _pair(activation, code), scale)
    return total.weights
