"""Engagement: what raises and lowers the curve, what is missing, what is not known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.indicators.engagement import COMPONENTS, engagement, screen, settings, shipped
from analysis.indicators.grid import grid_over
from analysis.indicators.session import read
from tests.analysis.indicators import made


def curve(path, speech=None, **changes):
    session = read(made.folder(path, seconds=60, **changes))
    return engagement(session.faces[0], grid_over(session.start_us, session.end_us), speech=speech)


@pytest.fixture(scope="module")
def still(tmp_path_factory):
    """Looks at the screen, does not move, does not speak."""
    return curve(tmp_path_factory.mktemp("still"), speech=[])


def test_windows_are_ten_seconds_every_two(still):
    assert len(still.curve.value) == 26
    assert (still.curve.end_us - still.curve.start_us == 10_000_000).all()
    assert set(np.diff(still.curve.start_us)) == {2_000_000}


def test_a_still_silent_face_toward_the_screen_has_the_weights_of_what_it_does(still):
    weights = shipped().weights
    assert still.curve.value == pytest.approx(100 * (weights["presence"] + weights["gaze"] + weights["head"]))
    assert {name: float(values[0]) for name, values in still.components.items()} == {
        "presence": 1,
        "gaze": 1,
        "head": 1,
        "expressivity": 0,
        "speech": 0,
    }


@pytest.mark.parametrize(
    ("component", "changes", "expected"),
    [
        ("head", {"yaw": made.during(60, (30, 60), high=60.0)[:] * (np.arange(600) >= 350)}, 0.0),
        ("gaze", {"AU61": made.during(60, (40, 60), high=4.0)}, 0.0),
        ("gaze", {"AU63": made.during(60, (40, 60), high=2.0)}, 0.5),
        ("expressivity", {"AU6": made.during(60, (40, 60)), "AU12": made.during(60, (40, 60))}, 1.0),
    ],
)
def test_each_component_moves_the_curve_by_its_weight(tmp_path, still, component, changes, expected):
    found = curve(tmp_path, speech=[], **changes)
    assert found.components[component][-1] == pytest.approx(expected)
    change = 100 * shipped().weights[component] * (expected - still.components[component][-1])
    assert found.curve.value[-1] - still.curve.value[-1] == pytest.approx(change)
    assert found.curve.low[-1] <= found.curve.value[-1] <= found.curve.high[-1]


def test_speech_counts_as_its_share_and_unknown_speech_widens_the_interval(tmp_path, still):
    spoken = curve(tmp_path / "a", speech=[(0, 30_000_000)])
    assert spoken.components["speech"][0] == pytest.approx(1)
    assert spoken.components["speech"][-1] == 0
    unknown = curve(tmp_path / "b", speech=None)
    assert np.isnan(unknown.components["speech"]).all()
    assert unknown.why["speech"]
    # it counts as the middle, with all that it could be
    weight = 100 * shipped().weights["speech"]
    assert unknown.curve.value[0] - still.curve.value[0] == pytest.approx(weight / 2)
    assert unknown.curve.high[0] - unknown.curve.value[0] >= 0.45 * weight - 1e-6
    wide = unknown.curve.high - unknown.curve.low
    assert (wide > still.curve.high - still.curve.low).all()


def test_a_face_out_of_sight_has_no_engagement_rather_than_none(tmp_path):
    seen = np.ones(600, bool)
    seen[300:500] = False
    found = curve(tmp_path, speech=[], seen=seen)
    hidden = (found.curve.start_us >= 30e6) & (found.curve.end_us <= 50e6)
    assert np.isnan(found.curve.value[hidden]).all()
    assert (found.components["presence"][hidden] == 0).all()
    assert np.isfinite(found.curve.value[0])


def test_the_screen_is_where_the_head_points_most_often(tmp_path):
    yaw = np.full(600, 14.0)
    yaw[:200] = -30.0
    session = read(made.folder(tmp_path, seconds=60, yaw=yaw, pitch=-10.0))
    assert screen(session.faces[0]) == pytest.approx((14, -10), abs=3)
    found = engagement(session.faces[0], grid_over(session.start_us, session.end_us))
    assert found.components["head"][0] == 0
    assert found.components["head"][-1] == pytest.approx(1)


def test_while_speaking_the_mouth_counts_less(tmp_path):
    silent = curve(tmp_path / "a", speech=[], AU12=made.during(60, (40, 60)))
    speaking = curve(tmp_path / "b", speech=[(0, 60_000_000)], AU12=made.during(60, (40, 60)))
    assert speaking.components["expressivity"][-1] == pytest.approx(
        shipped().expressivity["speaking"] * silent.components["expressivity"][-1]
    )


def test_what_is_always_there_is_the_persons_rest(tmp_path):
    found = curve(tmp_path, speech=[], AU12=np.full(600, 2.0))
    assert (found.components["expressivity"] == 0).all()


def test_wider_scores_give_a_wider_curve(tmp_path):
    smile = {"AU12": made.during(60, (20, 60), high=2.0)}
    narrow, wide = (curve(tmp_path / str(half), speech=[], half=half, **smile) for half in (0.1, 1.0))
    assert (wide.curve.high - wide.curve.low)[-1] > (narrow.curve.high - narrow.curve.low)[-1]


def test_settings_are_checked_and_every_weight_has_its_source():
    assert set(shipped().sources) == {*COMPONENTS}
    with pytest.raises(ValueError, match="sum to 1"):
        replace(shipped(), weights={**shipped().weights, "gaze": 0.9})
    with pytest.raises(ValueError, match="full must come before none"):
        replace(shipped(), gaze={"full": 3.0, "none": 1.0, "error": 1.0})
    with pytest.raises(ValueError, match="unexpected keyword"):
        settings({"vesrion": "1"})
