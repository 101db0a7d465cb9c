"""From deviations to intensities: one rule an Action Unit, stated as what the face must do, in centimetres.

A rule measures an amount; ``rest`` is the amount that noise reaches at rest (intensity 0), ``full`` the amount at
maximum (intensity 5); in between it is linear. The constants come from the anatomy that FACS describes and from
three synthetic clips and 120 stills; they are not calibrated on people (docs/model_cards/au-rules.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from analysis.facs.codes import ACTION_UNITS
from analysis.facs.deviation import Deviation
from analysis.facs.series import Float64

Side = Literal["L", "R"]


def _up(values: Float64) -> Float64:
    return np.maximum(values, 0.0)


@dataclass(frozen=True, slots=True)
class Rule:
    """How one Action Unit is measured.

    Attributes
    ----------
    code : str
    amount : callable
        (deviation, side) to amount; midline rules ignore the side.
    rest, full : float
        Amounts at intensity 0 and 5.
    sided : bool
    """

    code: str
    amount: Callable[[Deviation, Side], Float64]
    rest: float
    full: float
    sided: bool

    def raw(self, deviation: Deviation, side: Side) -> Float64:
        """Intensity before it is limited to 0–5, shape (n,); NaN where not measured."""
        amount = self.amount(deviation, side)
        return np.asarray(5 * (amount - self.rest) / (self.full - self.rest))

    @property
    def floor(self) -> float:
        """What noise reaches at rest, in units of intensity: the distance from no deviation to intensity 0."""
        return 5 * self.rest / (self.full - self.rest)


def _au1(d: Deviation, s: Side) -> Float64:
    return d(f"brow_in_y_{s}")


def _au2(d: Deviation, s: Side) -> Float64:
    # raising the inner brow lifts the outer part by about 0.4 of it; that share is not 2
    return d(f"brow_out_y_{s}") - 0.4 * _up(d(f"brow_in_y_{s}"))


def _au4(d: Deviation, s: Side) -> Float64:
    lowered = -(d(f"brow_in_y_{s}") + 2 * d(f"brow_mid_y_{s}") + d(f"brow_out_y_{s}")) / 4
    together = -d(f"brow_in_x_{s}")
    return 0.5 * _up(lowered) + 0.3 * _up(together) + 0.35 * _up(d.relative("skin_glabella"))


def _au5(d: Deviation, s: Side) -> Float64:
    return d(f"lid_upper_y_{s}")


def _au6(d: Deviation, s: Side) -> Float64:
    return 0.7 * d(f"cheek_y_{s}") + 0.6 * _up(d(f"under_eye_y_{s}")) + 0.2 * _up(d(f"lid_lower_y_{s}"))


def _au7(d: Deviation, s: Side) -> Float64:
    return 0.7 * d(f"lid_lower_y_{s}") + 0.3 * _up(-d(f"lid_upper_y_{s}"))


def _au9(d: Deviation, s: Side) -> Float64:
    skin = d.relative(f"skin_nose_side_{s}") + d.relative("skin_nose_root")
    return 0.5 * d(f"ala_y_{s}") + 0.3 * d(f"ala_x_{s}") + 0.1 * _up(skin) - 0.25 * _up(d(f"corner_x_{s}"))


def _au10(d: Deviation, s: Side) -> Float64:
    raised = d(f"lip_upper_y_{s}") - 0.6 * _up(d(f"corner_y_{s}"))
    return raised + 0.04 * _up(d.relative(f"skin_nasolabial_{s}"))


def _au12(d: Deviation, s: Side) -> Float64:
    return 0.6 * d(f"corner_y_{s}") + 0.3 * d(f"corner_x_{s}") - 0.25 * d(f"corner_z_{s}")


def _au14(d: Deviation, s: Side) -> Float64:
    crease = 0.1 * _up(d.relative(f"skin_dimple_{s}")) + 0.1 * _up(d.relative(f"skin_nasolabial_{s}"))
    other: Side = "R" if s == "L" else "L"
    # buccinator bends the corner without lifting it much; a corner that rises is 12
    return (
        0.6 * d(f"corner_bend_{s}") + crease - 0.45 * _up(np.minimum(d(f"corner_y_{s}"), d(f"corner_y_{other}")))
    )


def _au15(d: Deviation, s: Side) -> Float64:
    return -0.7 * d(f"corner_bend_{s}") - 0.3 * d(f"corner_y_{s}") + 0.06 * _up(d.relative(f"skin_dimple_{s}"))


def _au16(d: Deviation, s: Side) -> Float64:
    # what the lower lip does beyond the jaw
    return -d(f"lip_lower_y_{s}") - _up(-d("jaw_y")) * 0.9 - 0.4 * _up(-d("corner_y_" + s))


def _au17(d: Deviation, s: Side) -> Float64:
    return 0.5 * d("lip_lower_mid_y") + 0.6 * d("lip_lower_z") - 0.2 * _up(d("mouth_width"))


def _au18(d: Deviation, s: Side) -> Float64:
    return -0.7 * d("mouth_width") + 0.3 * _up(d("lip_upper_z") + d("lip_lower_z"))


def _au20(d: Deviation, s: Side) -> Float64:
    return d(f"corner_x_{s}") - 0.8 * _up(d(f"corner_y_{s}")) - 0.5 * _up(d(f"corner_bend_{s}"))


def _au22(d: Deviation, s: Side) -> Float64:
    return -0.5 * d("mouth_width") + 0.5 * (d("lip_upper_thick") + d("lip_lower_thick"))


def _au23(d: Deviation, s: Side) -> Float64:
    thinner = -(d("lip_upper_thick") + d("lip_lower_thick"))
    return 0.6 * thinner + 0.3 * _up(-d("lips_height")) - 0.3 * _up(d("mouth_width"))


def _au24(d: Deviation, s: Side) -> Float64:
    return -0.6 * d("lips_height") - 0.5 * d("mouth_gap") - 0.3 * _up(d("mouth_width"))


def _au25(d: Deviation, s: Side) -> Float64:
    return d("mouth_gap")


def _jaw(d: Deviation, s: Side) -> Float64:
    return -0.5 * d("chin_y") - 0.5 * d("jaw_y")


def _au28(d: Deviation, s: Side) -> Float64:
    rest = max(d.neutral.values["lip_upper_thick"] + d.neutral.values["lip_lower_thick"], 0.3)
    return -(d("lip_upper_thick") + d("lip_lower_thick")) / rest


#: 26 and 27 share one amount and are told apart by `analysis.facs.gates.split_jaw`; 43, 45 and 46 come from
#: `analysis.facs.lids`.
RULES: Final[tuple[Rule, ...]] = (
    Rule("1", _au1, 0.06, 0.80, True),
    Rule("2", _au2, 0.07, 0.45, True),
    Rule("4", _au4, 0.05, 0.35, True),
    Rule("5", _au5, 0.06, 0.22, True),
    Rule("6", _au6, 0.05, 0.30, True),
    Rule("7", _au7, 0.03, 0.20, True),
    Rule("9", _au9, 0.08, 0.40, True),
    Rule("10", _au10, 0.08, 0.45, True),
    Rule("12", _au12, 0.08, 0.85, True),
    Rule("14", _au14, 0.08, 0.35, True),
    Rule("15", _au15, 0.06, 0.35, True),
    Rule("16", _au16, 0.08, 0.50, True),
    Rule("17", _au17, 0.06, 0.40, False),
    Rule("18", _au18, 0.12, 0.80, False),
    Rule("20", _au20, 0.08, 0.60, True),
    Rule("22", _au22, 0.12, 0.70, False),
    Rule("23", _au23, 0.12, 0.60, False),
    Rule("24", _au24, 0.08, 0.55, False),
    Rule("25", _au25, 0.06, 1.20, False),
    Rule("26", _jaw, 0.12, 0.80, False),
    Rule("28", _au28, 0.35, 0.85, False),
)

#: Action Units that the rules measure (27, 43, 45 and 46 follow from others); learned scorers answer for more.
MACHINE_UNITS: Final[tuple[str, ...]] = tuple(
    sorted({*(rule.code for rule in RULES), "27", "43", "45", "46"}, key=int)
)
_MEASURED: Final = frozenset({"12", "25", "45"})
#: What the rules' figures are worth, where they are chosen instead of the learned scorer (their model card).
RULE_TIERS: Final[dict[str, str]] = {
    code: "measured" if code in _MEASURED else "experimental" if code in MACHINE_UNITS else "human-coded only"
    for code in ACTION_UNITS
}
