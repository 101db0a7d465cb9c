"""Segments, lids, gates and exclusive pairs on made signals."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from analysis.facs.baseline import automatic_neutral, chosen_neutral
from analysis.facs.codes import CATALOGUE, HEAD_CODES
from analysis.facs.events import Event, events
from analysis.facs.gates import GATES, factor, opened, split_jaw
from analysis.facs.intensity import MACHINE_CODES, Intensities, intensities
from analysis.facs.rules import MACHINE_UNITS
from analysis.facs.segments import Limits, segments, spans_above
from tests.analysis.made import REST, bump, closed, series, smile

TIMES = np.arange(250) * 40_000
SECONDS = TIMES / 1e6


def scored(neutral_us: int = 200_000, times: np.ndarray = TIMES, **changes) -> tuple[Intensities, list[Event]]:
    one = series(times, **changes)
    neutral = chosen_neutral(one, neutral_us)
    assert neutral is not None
    found = intensities(one, neutral)
    return found, events(one, found)


def of(found: list[Event], *codes: str) -> list[Event]:
    return [event for event in found if event.code in codes]


def test_a_resting_face_has_no_events() -> None:
    found, none = scored(noise=0.005)
    assert none == []
    assert all(np.nanmax(values) < 1 for values in found.both.values())


def test_a_smile_is_one_event_with_its_onset_apex_offset_and_letter() -> None:
    _, found = scored(**smile(SECONDS))
    (event,) = of(found, "12")
    assert event.side == "both"
    assert event.intensity in "DE"
    assert event.onset_us / 1e6 == pytest.approx(1.0, abs=0.15)
    assert event.apex_us / 1e6 == pytest.approx(1.5, abs=0.2)
    assert event.offset_us / 1e6 == pytest.approx(3.2, abs=0.2)
    assert 0.5 < event.confidence <= 1


@pytest.mark.parametrize(("sides", "named"), [("L", "left"), ("R", "right"), ("LR", "both")])
def test_the_side_is_the_subjects(sides: str, named: str) -> None:
    found, listed = scored(**smile(SECONDS, sides=sides))
    assert [event.side for event in of(listed, "12")] == [named]
    strong = found.sides["12"]["L" if "L" in sides else "R"]
    np.testing.assert_allclose(found.both["12"], np.fmax(found.sides["12"]["L"], found.sides["12"]["R"]))
    assert strong.max() == pytest.approx(found.both["12"].max(), abs=1e-4)


def test_uneven_frame_times_keep_the_onset() -> None:
    rng = np.random.default_rng(8)
    times = np.cumsum(rng.integers(15_000, 70_000, 250))
    _, found = scored(times=times, **smile(times / 1e6))
    (event,) = of(found, "12")
    assert event.onset_us / 1e6 == pytest.approx(1.0, abs=0.2)


def test_a_gap_ends_an_event_and_no_event_spans_one() -> None:
    frame = np.array([*range(50), *range(80, 250)])
    times = frame * 40_000
    one = series(times, frame=frame, **smile(times / 1e6, onset=1.0, apex=1.4, fall=5.0, offset=5.6))
    neutral = chosen_neutral(one, 200_000)
    assert neutral is not None
    found = of(events(one, intensities(one, neutral)), "12")
    assert len(found) == 2
    assert found[0].offset_us <= 49 * 40_000
    assert found[1].onset_us >= 80 * 40_000


@pytest.mark.parametrize(
    ("shut", "sides", "code", "side"),
    [(0.08, "LR", "45", "both"), (0.9, "LR", "43", "both"), (0.2, "L", "46", "left"), (0.2, "R", "46", "right")],
)
def test_blink_closure_and_wink(shut: float, sides: str, code: str, side: str) -> None:
    _, found = scored(**closed(SECONDS, 3.0, shut, sides))
    (event,) = of(found, "43", "45", "46")
    assert (event.code, event.side) == (code, side)
    assert event.intensity == "E"
    assert event.onset_us / 1e6 == pytest.approx(3.0, abs=0.08)


def test_a_short_blink_at_the_frame_rate_is_not_smoothed_away() -> None:
    dip = {f"eye_open_{side}": np.where(np.isin(np.arange(250), (100, 101)), -0.25, 0.0) for side in "LR"}
    _, found = scored(**dip)
    assert [event.code for event in of(found, "43", "45", "46")] == ["45"]


def test_blinks_do_not_raise_brows_cheeks_or_lids() -> None:
    lids = closed(SECONDS, 3.0, 0.1)
    shape = lids["eye_open_L"] / lids["eye_open_L"].min()
    leak = {f"{name}_{s}": 0.3 * shape for s in "LR" for name in ("brow_out_y", "cheek_y", "lid_lower_y")}
    found, listed = scored(**lids, **leak)
    assert {event.code for event in listed} == {"45"}
    assert all(found.both[code].max() < 1 for code in ("1", "2", "5", "6", "7"))


def test_a_long_closure_gates_5_6_and_7() -> None:
    lids = closed(SECONDS, 3.0, 1.5)
    shape = lids["eye_open_L"] / lids["eye_open_L"].min()
    found, _ = scored(**lids, cheek_y_L=0.4 * shape, cheek_y_R=0.4 * shape, lid_lower_y_L=0.3 * shape)
    held = (SECONDS > 3.3) & (SECONDS < 4.4)
    for code in ("5", "6", "7"):
        assert found.both[code][held].max() == 0


def test_an_open_mouth_gates_what_it_imitates() -> None:
    shape = bump(SECONDS, 2, 2.5, 4, 4.5)
    jaw = {"chin_y": -0.8 * shape, "jaw_y": -0.8 * shape, "mouth_gap": 1.2 * shape}
    corner = {f"corner_bend_{s}": -0.5 * shape for s in "LR"} | {f"lip_lower_y_{s}": -0.9 * shape for s in "LR"}
    found, listed = scored(**jaw, **corner, lip_lower_mid_y=0.6 * shape)
    assert {event.code for event in listed} == {"25", "26"}
    held = (SECONDS > 2.6) & (SECONDS < 3.9)
    assert all(found.both[code][held].max() == 0 for code in ("15", "16", "17", "23", "24"))


def test_an_opening_is_26_or_27_by_its_peak_and_never_both() -> None:
    small, large = bump(SECONDS, 1, 1.5, 2, 2.5), bump(SECONDS, 5, 5.5, 6, 6.5)
    drop = 0.6 * small + 1.5 * large
    found, listed = scored(chin_y=-drop, jaw_y=-drop, mouth_gap=1.5 * drop)
    assert [event.code for event in of(listed, "26", "27")] == ["26", "27"]
    assert ((found.both["26"] > 0) & (found.both["27"] > 0)).sum() == 0


def test_split_jaw_keeps_what_was_not_measured_unmeasured() -> None:
    raw = np.where(np.arange(250) < 20, np.nan, 8 * bump(SECONDS, 3, 4, 5, 6))
    parts = split_jaw(series(TIMES), raw)
    assert np.isnan(parts["26"][:20]).all()
    assert np.isnan(parts["27"][:20]).all()
    assert np.nanmax(parts["27"]) == pytest.approx(4.0)


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: f"{gate.code}-by-{gate.by}")
def test_every_gate_opens_and_closes_as_the_table_says(gate) -> None:
    assert gate.code in CATALOGUE
    assert gate.by in {"lids", "jaw"} or gate.by in CATALOGUE
    assert opened(gate.on, gate.off, np.array([gate.on, gate.off, np.nan])).tolist() == [1.0, 0.0, 1.0]
    names = {other.by for other in GATES if other.code == gate.code}
    fully = {name: np.array([next(g.on for g in GATES if g.code == gate.code and g.by == name)]) for name in names}
    assert factor(gate.code, fully) == 1.0
    assert factor(gate.code, fully | {gate.by: np.array([gate.off])}) == 0.0
    assert factor(gate.code, {}) == 1.0


def test_head_turns_and_gaze_go_to_the_subjects_side() -> None:
    turn = 25 * bump(SECONDS, 2, 2.6, 3.5, 4)
    found, listed = scored(yaw_deg=turn)
    assert [(event.code, event.side) for event in listed if event.code in HEAD_CODES] == [("51", "")]
    assert found.both["52"].max() == 0
    look = 0.2 * bump(SECONDS, 2, 2.2, 3.0, 3.2)
    _, listed = scored(gaze_x_L=-look, gaze_x_R=-look)
    assert [event.code for event in listed] == ["62"]
    _, listed = scored(gaze_x_L=-look, gaze_x_R=look)
    assert [event.code for event in listed] == ["66"]
    _, listed = scored(pitch_deg=-turn)
    assert [event.code for event in listed if event.code in HEAD_CODES] == ["54"]


def test_beyond_the_yaw_limit_nothing_is_measured_and_nothing_is_zero() -> None:
    turn = 55 * bump(SECONDS, 3, 3.5, 5, 5.5)
    found, _ = scored(yaw_deg=turn)
    away = turn > 41
    assert away.any()
    for code in MACHINE_CODES:
        assert np.isnan(found.both[code][away]).all(), code
        assert np.isfinite(found.both[code][turn < 20]).all(), code
    side = (turn > 29) & (turn < 37)  # a gate opens again only three degrees inside its limit
    assert np.isnan(found.sides["12"]["L"][side]).all()  # turned to the own left: the left side is hidden
    assert np.isfinite(found.sides["12"]["R"][side]).all()


def test_tiny_faces_are_not_measured() -> None:
    found, listed = scored(
        iris_px=np.where(SECONDS > 5, -19.0, 0.0), **smile(SECONDS, onset=6.0, apex=6.5, fall=7, offset=8)
    )
    assert np.isnan(found.both["12"][SECONDS > 5.1]).all()
    assert listed == []


def test_the_chosen_neutral_changes_the_result() -> None:
    changes = smile(SECONDS, onset=1.0, apex=1.5, fall=5.0, offset=5.6)
    at_rest, _ = scored(neutral_us=200_000, **changes)
    smiling, _ = scored(neutral_us=3_000_000, **changes)
    held = (SECONDS > 2) & (SECONDS < 4.5)
    assert at_rest.both["12"][held].min() > 4
    assert smiling.both["12"][held].max() < 0.5


def test_the_automatic_neutral_avoids_the_smile_even_when_it_lasts() -> None:
    one = series(TIMES, noise=0.003, **smile(SECONDS, onset=0.2, apex=0.8, fall=8.5, offset=9.0))
    neutral = automatic_neutral(one)
    assert neutral.method == "automatic"
    assert neutral.time_us < 400_000 or neutral.time_us > 8_800_000
    assert abs(neutral.values["corner_y_L"] - one["corner_y_L"][-1]) < 0.05


def test_the_chosen_neutral_takes_still_neighbours_and_says_when_nobody_is_there() -> None:
    one = series(TIMES, **smile(SECONDS))
    still, moving = chosen_neutral(one, 5_000_000), chosen_neutral(one, 1_240_000)
    assert still is not None
    assert moving is not None
    assert still.frames > 15
    assert moving.frames < 5
    assert chosen_neutral(one, 60_000_000) is None


def test_pose_alone_is_not_an_expression() -> None:
    # the mesh's own leakage is taken out, so a face that does nothing but leak as fitted stays at rest
    from analysis.facs.deviation import pose_leakage

    yaw = 20 * bump(SECONDS, 2, 2.6, 3.5, 4)
    leak = {name: c[0] * yaw + c[1] * np.abs(yaw) for name, c in pose_leakage().items()}
    found, listed = scored(yaw_deg=yaw, **leak)
    assert {event.code for event in listed} <= {"51"}
    assert all(found.both[code].max() < 1 for code in MACHINE_UNITS)


class TestSegments:
    """Hysteresis on bare curves."""

    one = series(TIMES)

    def found(self, curve: np.ndarray, limits: Limits | None = None) -> list[tuple[int, int, int]]:
        values = np.clip(curve, 0, 5)
        return [(s.onset, s.apex, s.offset) for s in segments(self.one, values, curve, limits or Limits())]

    def test_a_wobble_between_the_thresholds_is_one_event(self) -> None:
        curve = np.zeros(250)
        curve[50:100] = 1.5 + 0.7 * np.sin(np.arange(50))
        assert len(self.found(curve)) == 1

    def test_below_the_upper_threshold_is_none(self) -> None:
        curve = np.zeros(250)
        curve[50:100] = 0.95
        assert self.found(curve) == []

    def test_short_ones_are_dropped_and_near_ones_joined(self) -> None:
        curve = np.zeros(250)
        curve[50:52] = 3.0
        assert self.found(curve, Limits(least_us=300_000)) == []
        curve = np.zeros(250)
        curve[50:70], curve[73:90] = 3.0, 3.0
        assert len(self.found(curve, Limits(join_us=200_000))) == 1
        assert len(self.found(curve, Limits(join_us=80_000))) == 2

    def test_the_onset_is_the_start_of_the_rise_below_zero(self) -> None:
        curve = 6 * bump(SECONDS, 2.0, 3.0, 5.0, 6.0) - 1.0
        ((onset, apex, offset),) = self.found(curve)
        assert 2.0 <= SECONDS[onset] <= 2.25
        assert SECONDS[apex] == pytest.approx(2.8, abs=0.15)
        assert 5.75 <= SECONDS[offset] <= 6.0

    def test_nan_breaks_an_event(self) -> None:
        curve = np.where((SECONDS > 2) & (SECONDS < 6), 3.0, 0.0)
        values = curve.copy()
        values[100] = np.nan
        assert len(segments(self.one, values, values, Limits())) == 2
        assert len(spans_above(self.one, values, 1.0, 0.5)) == 2

    def test_events_never_overlap(self) -> None:
        rng = np.random.default_rng(9)
        for _ in range(50):
            curve = np.convolve(rng.standard_normal(260), np.ones(11), "valid") * 0.8
            found = self.found(curve)
            assert all(a <= b <= c for a, b, c in found)
            assert all(first[2] <= second[0] for first, second in pairwise(found))


def test_a_blink_ends_when_the_lids_are_back_though_they_rest_lower_than_before() -> None:
    """A smile begins with the blink: its folds hide part of the right eye for a second, which stays open."""
    lids = closed(SECONDS, 3.0, 0.08)
    lids["eye_open_R"] = np.minimum(
        lids["eye_open_R"], -0.40 * REST["eye_open_L"]["mean"] * bump(SECONDS, 2.9, 3.1, 4.2, 4.3)
    )
    found, listed = scored(**lids)
    (event,) = of(listed, "43", "45", "46")
    assert (event.code, event.side) == ("45", "both")
    assert event.offset_us - event.onset_us <= 500_000
    assert found.both["45"][(SECONDS > 3.6) & (SECONDS < 4.1)].max() == 0


def test_two_blinks_with_half_open_lids_between_them_are_no_closure() -> None:
    first, second = closed(SECONDS, 3.0, 0.16), closed(SECONDS, 3.64, 0.16)
    half = -0.40 * REST["eye_open_L"]["mean"] * bump(SECONDS, 3.0, 3.1, 4.0, 4.1)
    lids = {name: np.minimum(np.minimum(first[name], second[name]), half) for name in first}
    _, listed = scored(**lids)
    assert [event.code for event in of(listed, "43", "45", "46")] == ["45", "45"]


def test_a_flicker_of_the_mesh_does_not_open_closed_eyes() -> None:
    lids = closed(SECONDS, 3.0, 2.0)
    for values in lids.values():
        values[100] *= 0.4
    _, listed = scored(**lids)
    (event,) = of(listed, "43", "45", "46")
    assert event.code == "43"
    assert event.offset_us - event.onset_us > 1_900_000


def test_a_blink_has_no_side() -> None:
    """A weak closure of one eye is no wink, and half a blink does not exist."""
    lids = closed(SECONDS, 3.0, 0.08, "L")
    _, listed = scored(**{name: 0.55 * values for name, values in lids.items()})
    assert [(event.code, event.side) for event in of(listed, "43", "45", "46")] == [("45", "both")]
