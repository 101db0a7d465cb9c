"""Action Units to shapes, and labels of a posed face."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.facs.codes import ACTION_UNITS, CATALOGUE
from analysis.training.world import mapping
from analysis.training.world.types import Activation

NEUTRAL_STYLE = mapping.Style(dict.fromkeys(ACTION_UNITS, 1.0), dict.fromkeys(ACTION_UNITS, 0.3))


def both(amount: float, *codes: str) -> Activation:
    return dict.fromkeys(codes, (amount, amount))


def test_a_label_is_five_times_the_activation_and_sides_stay_apart() -> None:
    found = mapping.labels({"12": (0.8, 0.2), "4": (0.5, 0.5)}, 0.0)

    assert set(found) == set(ACTION_UNITS)
    assert found["12"] == (4.0, 1.0)
    assert found["4"] == (2.5, 2.5)
    assert found["6"] == (0.0, 0.0)


def test_the_identity_s_strength_is_not_in_the_label_but_in_the_shapes() -> None:
    strong = mapping.Style({**NEUTRAL_STYLE.gain, "12": 1.15}, NEUTRAL_STYLE.mix)
    act = both(0.5, "12")

    assert mapping.ict_shapes(act, strong)["mouthSmile_L"] == pytest.approx(0.575)
    assert mapping.labels(act, 0.0)["12"] == (2.5, 2.5)


@pytest.mark.parametrize(("gap", "expected"), [(0.0, 0.0), (0.6, 2.5), (1.2, 5.0), (3.0, 5.0)])
def test_parted_lips_are_measured_whatever_was_asked_for(gap: float, expected: float) -> None:
    assert mapping.labels(both(0.9, "25"), gap)["25"] == pytest.approx((expected, expected))


def test_a_lip_that_moves_sideways_or_forward_opens_nothing() -> None:
    zero = np.zeros(3, np.float32)

    def gap(*moved: float) -> float:
        return mapping.lip_gap_cm(zero, np.array(moved, np.float32), zero, zero)

    assert gap(1.0, 0.0, 0.0) == 0
    assert gap(0.0, 0.0, 1.0) == 0
    assert gap(0.0, 0.5, 0.0) == 0
    assert gap(0.0, -0.6, -0.8) == pytest.approx(1.0)


def test_a_blink_is_full_closure_and_not_a_slit_or_a_wink() -> None:
    found = mapping.labels(both(1.0, "45"), 0.0)

    assert found["43"] == found["45"] == (5.0, 5.0)
    assert found["41"] == found["42"] == found["44"] == found["46"] == (0.0, 0.0)


@pytest.mark.parametrize("code", ["41", "42", "44"])
def test_each_degree_of_closure_gets_the_label_asked_for(code: str) -> None:
    for amount in (0.4, 0.7, 1.0):
        found = mapping.labels(both(amount, code), 0.0)
        others = {"41", "42", "44"} - {code}
        assert found[code][0] == pytest.approx(5 * amount, abs=1e-6)
        assert all(found[other][0] < found[code][0] for other in others)


def test_equal_pictures_get_equal_labels_whichever_code_closed_the_lids() -> None:
    by_droop = mapping.labels(both(0.8, "41"), 0.0)
    by_blink = mapping.labels(both(mapping.closure(both(0.8, "41"))[0], "45"), 0.0)

    assert by_droop == by_blink


def test_a_wink_closes_one_eye() -> None:
    found = mapping.labels({"46": (0.9, 0.0)}, 0.0)

    assert found["46"] == (4.5, 0.0)
    assert found["45"] == (4.5, 0.0)


def test_a_squint_is_a_strong_lid_tightener() -> None:
    found = mapping.labels(both(0.5, "44"), 0.0)

    assert found["7"] == (4.0, 4.0)
    assert mapping.ict_shapes(both(0.5, "44"), NEUTRAL_STYLE)["eyeSquint_L"] == pytest.approx(0.8)


def test_lids_close_fully_whatever_the_identity_s_strength() -> None:
    weak = mapping.Style(dict.fromkeys(ACTION_UNITS, 0.82), NEUTRAL_STYLE.mix)

    assert mapping.ict_shapes(both(1.0, "45"), weak)["eyeBlink_L"] == 1.0
    assert mapping.mh_shapes(both(1.0, "43"), weak)["43_R"] == 1.0


@pytest.mark.parametrize("shapes", [mapping.ict_shapes, mapping.mh_shapes])
@pytest.mark.parametrize("code", [code for code in ACTION_UNITS if code != "8"])
def test_every_action_unit_moves_something_and_more_of_it_moves_more(shapes, code: str) -> None:
    weak, strong = (sum(shapes(both(amount, code), NEUTRAL_STYLE).values()) for amount in (0.3, 0.9))

    assert 0 < weak < strong
    assert shapes({}, NEUTRAL_STYLE) == {}


@pytest.mark.parametrize("shapes", [mapping.ict_shapes, mapping.mh_shapes])
@pytest.mark.parametrize(
    "code", [c for c in ACTION_UNITS if CATALOGUE[c].sided and c not in ("30", "10", "25", "33")]
)
def test_one_side_of_a_sided_unit_leaves_the_other_side_alone(shapes, code: str) -> None:
    moved = shapes({code: (0.8, 0.0)}, NEUTRAL_STYLE)

    assert any(name.endswith("_L") for name in moved)
    assert not any(name.endswith("_R") for name in moved)


def test_lips_meet_over_an_open_jaw_only() -> None:
    assert "mouthClose" not in mapping.ict_shapes(both(1.0, "8"), NEUTRAL_STYLE)
    opened = mapping.ict_shapes(both(1.0, "8", "26"), NEUTRAL_STYLE)

    assert opened["mouthClose"] == opened["jawOpen"] == 0.5


def test_gaze_moves_both_eyes_the_same_way() -> None:
    left = mapping.ict_shapes({"61": (0.4, 0.4)}, NEUTRAL_STYLE)

    assert left == {"eyeLookOut_L": 0.4, "eyeLookIn_R": 0.4}


def test_style_is_drawn_from_the_seed_and_within_its_range() -> None:
    first, again, other = (mapping.style(seed) for seed in (7, 7, 8))

    assert first == again != other
    assert all(0.82 <= gain <= 1.18 for gain in first.gain.values())
    assert set(first.gain) == set(first.mix) == set(ACTION_UNITS)
