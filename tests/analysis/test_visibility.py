"""Why a unit is not scored: gates of the whole face, of a side and of regions, and the events 70–74."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.facs.codes import ACTION_UNITS, CATALOGUE, EYE_CODES, HEAD_CODES
from analysis.facs.quality import beyond, face_gates, far_side, measurable, quality, steady
from analysis.facs.regions import NEEDS, REASON_WORDS, REGIONS, regions_of
from analysis.facs.series import FaceSeries
from analysis.facs.visibility import (
    Visibility,
    gate_codes,
    hide,
    inside_picture,
    unscorable,
    visibility,
    visibility_events,
)
from tests.analysis.made import HEIGHT, WIDTH, series

TIMES = np.arange(250) * 40_000
SECONDS = TIMES / 1e6
ROWS = np.arange(250)
SIZE = (WIDTH, HEIGHT)
MIDDLE = (SECONDS >= 4) & (SECONDS < 6)
WELL_INSIDE = (SECONDS > 4.4) & (SECONDS < 5.6)
WELL_OUTSIDE = (SECONDS < 3.6) | (SECONDS > 6.4)
ALL = (*ACTION_UNITS, *HEAD_CODES, *EYE_CODES)


def with_shares(one: FaceSeries, **shares: np.ndarray) -> FaceSeries:
    columns = {**one.columns, **{f"visible_{name}": share.astype(np.float32) for name, share in shares.items()}}
    return FaceSeries(one.frame, one.time_us, columns)


def covered(*regions: str, when: np.ndarray = MIDDLE) -> Visibility:
    return visibility(with_shares(series(TIMES), **{name: np.where(when, 0.1, 0.95) for name in regions}), SIZE)


def scores(n: int = 250) -> tuple[dict[str, np.ndarray], dict[str, dict[str, np.ndarray]]]:
    """A scorer's output for all codes: left 2, right 1, so the unit is 2."""
    sides = {code: {"L": np.full(n, 2.0), "R": np.full(n, 1.0)} for code in ALL if CATALOGUE[code].sided}
    return {code: np.full(n, 2.0) for code in ALL}, sides


def test_every_unit_says_what_it_needs() -> None:
    assert set(NEEDS) == {*ACTION_UNITS, *EYE_CODES}
    assert {region for code in NEEDS for region in regions_of(code)} == set(REGIONS)
    assert regions_of("7", "L") == ("eye_L",)
    assert regions_of("7") == ("eye_L", "eye_R")
    assert regions_of("46", "L") == ("eye_L", "eye_R")
    assert regions_of("17") == ("mouth", "chin")
    assert regions_of("51") == ()
    lower = {code for code in ACTION_UNITS if CATALOGUE[code].group == "lower_face"}
    assert all("mouth" in NEEDS[code] for code in lower - {"9"})


def test_a_face_in_full_view_has_no_reason_and_absent_columns_count_as_visible() -> None:
    seen = visibility(series(TIMES), SIZE)
    assert not any(mask.any() for mask in seen.reasons().values())
    both, sides = scores()
    shown, shown_sides = hide(both, sides, seen)
    assert all((shown[code] == 2.0).all() for code in ALL)
    assert all((shown_sides[code]["R"] == 1.0).all() for code in sides)
    unknown = visibility(with_shares(series(TIMES), mouth=np.full(250, np.nan)), SIZE)
    assert not unknown.hidden("mouth").any()
    assert visibility_events(TIMES, ROWS, series(TIMES), seen) == []


@pytest.mark.parametrize("region", REGIONS)
def test_a_covered_region_takes_exactly_the_units_that_need_it(region: str) -> None:
    seen = covered(region)
    both, sides = scores()
    shown, shown_sides = hide(both, sides, seen)
    for code in ALL:
        if code in sides:
            for side in "LR":
                needed = region in regions_of(code, side)
                assert np.isnan(shown_sides[code][side][MIDDLE]).all() == needed, (code, side)
                assert np.isfinite(shown_sides[code][side][WELL_OUTSIDE]).all()
            gone = all(region in regions_of(code, side) for side in "LR")
        else:
            gone = region in regions_of(code)
        assert np.isnan(shown[code][MIDDLE]).all() == gone, code
        assert np.isfinite(shown[code][WELL_OUTSIDE]).all()


def test_with_one_eye_covered_the_unit_is_the_other_sides() -> None:
    shown, shown_sides = hide(*scores(), covered("eye_L"))
    assert np.isnan(shown_sides["7"]["L"][MIDDLE]).all()
    assert (shown["7"][MIDDLE] == 1.0).all()
    assert (shown["7"][WELL_OUTSIDE] == 2.0).all()
    assert np.isnan(shown["46"][MIDDLE]).all()
    assert (shown["12"] == 2.0).all()


def test_hands_on_the_mouth_never_become_17() -> None:
    both, sides = scores()
    shown, _ = hide(both | {"17": np.where(MIDDLE, 5.0, 0.0)}, sides, covered("mouth"))
    assert np.nanmax(shown["17"]) == 0.0


def test_a_turned_head_takes_the_far_side_first_and_then_everything() -> None:
    yaw = np.select([MIDDLE, (SECONDS >= 6) & (SECONDS < 8)], [33.0, 50.0], 0.0)
    seen = visibility(series(TIMES, yaw_deg=yaw), SIZE)
    shown, shown_sides = hide(*scores(), seen)
    assert np.isnan(shown_sides["12"]["L"][MIDDLE]).all()
    assert (shown_sides["12"]["R"][MIDDLE] == 1.0).all()
    assert (shown["12"][MIDDLE] == 1.0).all()
    assert (shown["25"][MIDDLE] == 2.0).all()
    gone = (SECONDS >= 6) & (SECONDS < 8)
    assert all(np.isnan(shown[code][gone]).all() for code in ALL)
    texts, index = gate_codes(250, ROWS, seen)
    named = np.array(texts)[index]
    assert set(named[MIDDLE]) == {"turned:left"}
    assert set(named[gone]) == {"turned"}
    right = visibility(series(TIMES, yaw_deg=-yaw), SIZE)
    assert right.sides["R"][MIDDLE].all()
    assert not right.sides["L"].any()


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("turned", {"yaw_deg": -48.0}),
        ("turned", {"pitch_deg": 45.0}),
        ("small", {"iris_px": -19.0}),
        ("blurred", {"sharpness": -0.5}),
    ],
)
def test_each_gate_of_the_whole_face_has_its_own_name(reason: str, changes: dict[str, float]) -> None:
    one = series(TIMES, **{name: change * MIDDLE for name, change in changes.items()})
    gates = face_gates(one)
    assert gates[reason][MIDDLE].all()
    assert not gates[reason][~MIDDLE].any()
    assert not any(mask.any() for name, mask in gates.items() if name != reason)
    assert (quality(one)[MIDDLE] == 0).all()
    assert (quality(one)[~MIDDLE] > 0.5).all()
    assert (measurable(one) == ~MIDDLE).all()


def test_a_fast_head_is_moving_and_a_slow_one_is_not() -> None:
    def swing(widths_a_second: float) -> np.ndarray:
        at = 220 * widths_a_second * np.clip(SECONDS - 4, 0, 0.6)
        return face_gates(series(TIMES, box_x=at))["moving"]

    fast = swing(4.0)
    assert fast[(SECONDS > 4.1) & (SECONDS < 4.5)].all()
    assert not fast[(SECONDS < 3.8) | (SECONDS > 4.9)].any()
    assert not swing(1.5).any()


def test_landmarks_that_are_not_finite_are_gated() -> None:
    one = series(TIMES, yaw_deg=np.where(MIDDLE, np.nan, 0.0), iris_px=np.where(MIDDLE, np.nan, 0.0))
    assert (measurable(one) == ~MIDDLE).all()


class TestHysteresis:
    """Limits with a way back, and time constants."""

    one = series(TIMES)

    def test_a_value_that_wobbles_about_its_limit_is_one_gate(self) -> None:
        yaw = np.where(MIDDLE, 40.0 + 2.0 * np.sign(np.sin(np.arange(250))), 0.0)
        assert np.abs(np.diff(face_gates(series(TIMES, yaw_deg=yaw))["turned"].astype(int))).sum() == 2

    def test_flickers_are_dropped_and_short_pauses_closed(self) -> None:
        flicker = np.isin(ROWS, [50])
        assert not steady(self.one, flicker).any()
        pause = MIDDLE & ~np.isin(ROWS, range(120, 124))
        np.testing.assert_array_equal(steady(self.one, pause), MIDDLE)
        wide = MIDDLE & ~np.isin(ROWS, range(118, 124))
        np.testing.assert_array_equal(steady(self.one, wide), wide)

    def test_the_edges_of_a_run_and_gaps_stay_as_they_are(self) -> None:
        frame = np.array([*range(100), *range(150, 300)])
        broken = series(frame * 40_000, frame=frame)
        edge = np.isin(np.arange(250), [99, 100])  # the last before the gap and the first after it
        np.testing.assert_array_equal(steady(broken, edge), edge)
        gate = np.isin(np.arange(250), [*range(90, 98), *range(103, 110)])
        np.testing.assert_array_equal(steady(broken, gate), gate)

    def test_time_counts_and_not_frames(self) -> None:
        times = np.arange(250) * 10_000
        fast = series(times)
        assert not steady(fast, np.isin(ROWS, range(50, 57))).any()  # 70 ms
        assert steady(fast, np.isin(ROWS, range(50, 59))).sum() == 9

    def test_steady_is_stable_and_unknown_values_are_within(self) -> None:
        rng = np.random.default_rng(5)
        for _ in range(50):
            mask = rng.random(250) < 0.5
            once = steady(self.one, mask)
            np.testing.assert_array_equal(steady(self.one, once), once)
        assert not beyond(self.one, np.full(250, np.nan), 1.0, 0.5).any()

    def test_the_far_side_has_its_own_way_back(self) -> None:
        yaw = np.where(MIDDLE, 27.5, 0.0)
        assert not far_side(series(TIMES, yaw_deg=yaw))["L"].any()
        yaw[WELL_INSIDE] = 29.0
        assert far_side(series(TIMES, yaw_deg=yaw))["L"][MIDDLE].all()


@pytest.mark.parametrize(
    ("move", "region", "reason"),
    [
        ({"box_y": 280.0}, "mouth", "cut:mouth"),  # the picture ends above the lips
        ({"box_y": -190.0}, "brows", "cut:brows"),
        ({"box_x": -280.0}, "eye_R", "cut:eye_R"),  # the subject's right is on the picture's left
        ({"box_x": 320.0}, "eye_L", "cut:eye_L"),
    ],
)
def test_what_lies_beyond_the_pictures_edge_is_cut(move: dict[str, float], region: str, reason: str) -> None:
    (name,) = move
    slide = np.interp(SECONDS, [3.0, 4.0, 6.0, 7.0], [0, 1, 1, 0])  # slow enough not to be called moving
    one = series(TIMES, **{name: move[name] * slide})
    seen = visibility(one, SIZE)
    assert seen.hidden(region)[MIDDLE].all()
    assert not seen.hidden(region)[(SECONDS < 3) | (SECONDS > 7)].any()
    texts, index = gate_codes(250, ROWS, seen)
    assert all(reason in text.split(";") for text in np.array(texts)[index][MIDDLE])
    assert not visibility(one).hidden(region).any()  # without the picture's size nothing is known


def test_a_tilted_face_is_cut_where_its_parts_are() -> None:
    one = series(TIMES, roll_deg=90.0, box_w=40.0, box_h=-40.0)  # the chin points to the picture's left
    at_the_left_edge = series(TIMES, roll_deg=90.0, box_w=40.0, box_h=-40.0, box_x=-250.0)
    assert (inside_picture(one, "mouth", SIZE) == 1).all()
    assert (inside_picture(at_the_left_edge, "chin", SIZE) < 0.2).all()
    assert (inside_picture(at_the_left_edge, "brows", SIZE) == 1).all()


@pytest.mark.parametrize(
    ("regions", "code"),
    [(("brows",), "70"), (("eye_L", "eye_R"), "71"), (("mouth",), "72"), (("mouth", "chin", "nose"), "72")],
)
def test_hidden_parts_are_events(regions: tuple[str, ...], code: str) -> None:
    one = with_shares(series(TIMES), **{name: np.where(MIDDLE, 0.1, 0.95) for name in regions})
    (event,) = visibility_events(TIMES, ROWS, one, visibility(one, SIZE))
    assert (event.code, event.side, event.intensity) == (code, "", "")
    assert event.onset_us == event.apex_us == pytest.approx(4_000_000, abs=130_000)
    assert event.offset_us == pytest.approx(5_960_000, abs=130_000)
    assert 0.75 < event.confidence < 0.95


def test_one_covered_eye_is_no_71() -> None:
    assert visibility_events(TIMES, ROWS, series(TIMES), covered("eye_L")) == []


def test_brows_and_mouth_at_once_are_two_events() -> None:
    found = visibility_events(TIMES, ROWS, series(TIMES), covered("brows", "mouth"))
    assert [event.code for event in found] == ["70", "72"]


def test_everything_covered_is_73_and_nothing_else() -> None:
    found = visibility_events(TIMES, ROWS, series(TIMES), covered(*REGIONS))
    assert [event.code for event in found] == ["73"]


def test_a_face_that_the_gates_leave_out_is_74() -> None:
    one = series(TIMES, iris_px=-19.0 * MIDDLE)
    seen = visibility(one, SIZE)
    (event,) = visibility_events(TIMES, ROWS, one, seen)
    assert (event.code, event.onset_us, event.offset_us) == ("74", 4_000_000, 5_960_000)
    assert event.confidence == 1.0
    assert unscorable(seen)[MIDDLE].all()


def test_a_face_that_is_lost_is_73_but_not_before_it_came_or_after_it_went() -> None:
    there = np.flatnonzero(~MIDDLE & (SECONDS >= 1) & (SECONDS < 9))
    one = series(TIMES[there], frame=there)
    seen = visibility(one, SIZE)
    (event,) = visibility_events(TIMES, there, one, seen)
    assert (event.code, event.onset_us, event.offset_us) == ("73", 4_000_000, 5_960_000)
    texts, index = gate_codes(250, there, seen)
    named = np.array(texts)[index]
    assert set(named[there]) == {""}
    assert set(np.delete(named, there)) == {"no face"}


def test_a_moment_without_the_face_is_no_event() -> None:
    there = np.delete(ROWS, range(100, 104))
    one = series(TIMES[there], frame=there)
    assert visibility_events(TIMES, there, one, visibility(one, SIZE)) == []
    there = np.delete(ROWS, range(100, 105))
    one = series(TIMES[there], frame=there)
    assert [e.code for e in visibility_events(TIMES, there, one, visibility(one, SIZE))] == ["73"]


def test_several_reasons_are_joined_and_each_is_a_known_word() -> None:
    one = with_shares(series(TIMES, iris_px=-19.0 * MIDDLE), mouth=np.where(MIDDLE, 0.0, 1.0))
    texts, index = gate_codes(250, ROWS, visibility(one, SIZE))
    assert np.array(texts)[index][120] == "small;occluded:mouth"
    assert set(visibility(one, SIZE).reasons()) < set(REASON_WORDS)
    every = visibility(with_shares(one, **dict.fromkeys(REGIONS, np.ones(250))), SIZE)
    assert {*every.reasons(), "no face"} == set(REASON_WORDS)


@pytest.mark.parametrize("seed", range(10))
def test_a_hole_always_has_a_reason_and_a_reason_always_makes_a_hole(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def blocks(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, 25).repeat(10)

    shares = {name: np.clip(blocks(-0.5, 2.0), 0, 1) for name in REGIONS}
    one = with_shares(series(TIMES, yaw_deg=blocks(-35, 35), iris_px=-np.clip(blocks(-40, 20), 0, 19)), **shares)
    seen = visibility(one, SIZE)
    shown, shown_sides = hide(*scores(), seen)
    texts, index = gate_codes(250, ROWS, seen)
    named = np.array(texts)[index]
    holes = np.any([np.isnan(values) for values in shown.values()], axis=0)
    holes |= np.any([np.isnan(values) for part in shown_sides.values() for values in part.values()], axis=0)
    np.testing.assert_array_equal(holes, named != "")
    for code, part in shown_sides.items():
        np.testing.assert_array_equal(np.isnan(shown[code]), np.isnan(part["L"]) & np.isnan(part["R"]))
    np.testing.assert_array_equal(
        unscorable(seen), np.all([np.isnan(shown[code]) for code in ACTION_UNITS], axis=0)
    )
