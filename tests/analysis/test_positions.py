"""Every head and eye position, each from its own movement, to the subject's side."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.facs.baseline import chosen_neutral
from analysis.facs.codes import EYE_CODES, HEAD_CODES
from analysis.facs.events import events
from analysis.facs.intensity import intensities
from tests.analysis.made import bump, series

TIMES = np.arange(250) * 40_000
#: Code → what moves, and how far. The subject's left is positive yaw; up is positive pitch and gaze height.
MOVEMENTS = {
    "51": {"yaw_deg": 25.0},
    "52": {"yaw_deg": -25.0},
    "53": {"pitch_deg": 20.0},
    "54": {"pitch_deg": -20.0},
    "55": {"roll_deg": 20.0},
    "56": {"roll_deg": -20.0},
    "57": {"distance_cm": -15.0},
    "58": {"distance_cm": 15.0},
    "61": {"gaze_x_L": 0.2, "gaze_x_R": 0.2},
    "62": {"gaze_x_L": -0.2, "gaze_x_R": -0.2},
    "63": {"gaze_y_L": 0.15, "gaze_y_R": 0.15},
    "64": {"gaze_y_L": -0.15, "gaze_y_R": -0.15},
    "65": {"gaze_x_L": 0.15, "gaze_x_R": -0.15},
    "66": {"gaze_x_L": -0.15, "gaze_x_R": 0.15},
}


def test_none_is_forgotten() -> None:
    assert set(MOVEMENTS) == {*HEAD_CODES, *EYE_CODES}


@pytest.mark.parametrize("code", MOVEMENTS)
def test_one_movement_is_one_event_of_its_code(code: str) -> None:
    shape = bump(TIMES / 1e6, 2.0, 2.5, 3.5, 4.0)
    moved = {name: size * shape for name, size in MOVEMENTS[code].items()}
    one = series(TIMES, **moved)
    neutral = chosen_neutral(one, 200_000)
    assert neutral is not None
    found = [event for event in events(one, intensities(one, neutral)) if event.code in MOVEMENTS]
    assert [(event.code, event.side) for event in found] == [(code, "")]
    assert found[0].intensity in "BCDE"
    assert found[0].onset_us / 1e6 == pytest.approx(2.1, abs=0.25)
    assert found[0].offset_us / 1e6 == pytest.approx(3.9, abs=0.25)
