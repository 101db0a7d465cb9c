"""Short events of the face, in recordings that are fast enough to tell."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analysis.facs.events import Event
from analysis.facs.micro import LONGEST_US, MICRO_CODES, micro, timed
from analysis.interpretation import interpret
from tests.analysis.made import series, write_measurement


def event(code: str, lasts_us: int, onset_us: int = 1_000_000) -> Event:
    return Event(code, "both", "B", onset_us, onset_us + lasts_us // 2, onset_us + lasts_us, 0.5)


def test_half_a_second_is_the_longest_and_the_order_is_by_onset():
    own = [event("12", 500_000, 3_000_000), event("4", 500_001), event("14", 160_000), event("1", 2_000_000)]
    found = micro(40_000, own)
    assert found["possible"]
    assert [one["code"] for one in found["events"]] == ["14", "12"]
    assert found["events"][1] == {
        "code": "12",
        "side": "both",
        "onset_us": 3_000_000,
        "apex_us": 3_250_000,
        "offset_us": 3_500_000,
    }
    assert LONGEST_US == 500_000


@pytest.mark.parametrize("code", ["41", "42", "43", "45", "46", "51", "55", "61", "66", "70", "73"])
def test_lids_head_eyes_and_visibility_are_none(code):
    assert micro(33_333, [event(code, 200_000)])["events"] == []
    assert code not in MICRO_CODES


@pytest.mark.parametrize(
    ("interval_us", "possible"),
    [
        (40_000, True),
        (40_040, True),
        (33_367, True),
        (8_333, True),
        (41_708, False),
        (66_667, False),
        (1e6, False),
    ],
)
def test_slower_than_25_frames_a_second_nothing_is_named_and_the_reason_is(interval_us, possible):
    found = micro(interval_us, [event("12", 300_000)])
    assert found["possible"] is possible
    assert bool(found["events"]) is possible
    assert f"{1e6 / interval_us:.3g} frames/s" in found["why"]
    assert ("too few" in found["why"]) is not possible


@pytest.mark.parametrize(("step_us", "possible"), [(40_000, True), (80_000, False)])
def test_the_summary_says_it_for_every_face(tmp_path, step_us, possible):
    times = np.arange(150) * step_us
    write_measurement(tmp_path, {0: series(times, noise=0.003)}, times)
    interpret(tmp_path)
    face = json.loads((tmp_path / "summary.json").read_text())["faces"][0]
    assert face["micro"]["possible"] is possible
    assert face["micro"]["events"] == []


def test_what_is_cut_short_has_no_known_duration():
    """By the recording's edges, by a frame without the face, or by a hand: the rest of it was not seen."""
    frame = np.array([*range(50), *range(51, 101)])
    one = series(frame * 40_000, frame=frame)
    shown = np.ones(100)
    hidden = np.where(np.arange(100) < 80, 1.0, np.nan)  # from 3.24 s on
    own = [event("12", 320_000, onset) for onset in (0, 400_000, 1_640_000, 1_720_000, 2_040_000, 3_680_000)]
    known = timed(
        one, {"12": shown, "14": hidden}, [*own, event("14", 320_000, 2_880_000), event("14", 240_000, 2_880_000)]
    )
    assert [(found.code, found.onset_us, found.offset_us) for found in known] == [
        ("12", 400_000, 720_000),
        ("14", 2_880_000, 3_120_000),
    ]


def test_where_frames_are_few_no_duration_is_known_though_they_are_many_elsewhere():
    times = np.cumsum([0, *[33_333] * 60, *[100_000] * 20, *[33_333] * 60])
    one = series(times)
    fast, slow = event("12", 300_000, int(times[20])), event("12", 400_000, int(times[65]))
    assert timed(one, {"12": np.ones(len(times))}, [fast, slow]) == [fast]


def test_a_picture_has_no_frame_rate(tmp_path):
    times = np.zeros(1, np.int64)
    write_measurement(tmp_path, {0: series(times)}, times)
    (face,) = interpret(tmp_path).summary["faces"]
    assert face["micro"]["possible"] is False
    assert "frames/s" not in face["micro"]["why"]
