"""What a live session says of labelled clips, with nothing of the future."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from analysis import media
from analysis.facs.series import FaceSeries, smooth
from analysis.live.engine import Engine
from analysis.live.recent import Recent
from analysis.live.settling import as_plain, from_plain
from tests.conftest import MEDIA

CLIP = "d1_smile_6_12_then_12"
STEP = 2  # of the clip's 25 pictures a second


def frames(count):
    """Pictures and times of the clip's start."""
    found = []
    for frame in media.FrameReader(MEDIA / f"{CLIP}.mp4"):
        if frame.index % STEP == 0:
            found.append((frame.rgb, frame.time_us))
        if len(found) == count:
            break
    return found


@pytest.fixture(scope="module")
def pictures():
    return frames(70)


@pytest.fixture(scope="module")
def looked(pictures):
    engine = Engine()
    return engine, [engine.see(*one) for one in pictures]


def test_nothing_is_said_before_a_neutral_face_was_found(looked):
    _, seen = looked
    first = next(index for index, one in enumerate(seen) if one.neutral is not None)
    assert all(one.both == {} for one in seen[:first])
    assert seen[0].progress.share == 0
    shares = [one.progress.share for one in seen[: first + 1]]
    assert shares == sorted(shares)
    assert 2_000_000 <= seen[first].time_us < 4_000_000  # two calm seconds, found without looking ahead
    assert seen[first].neutral.method == "automatic"


def test_a_smile_is_seen_when_it_is_there_and_on_both_sides(looked):
    with (MEDIA / f"{CLIP}.csv").open() as file:
        labels = {round(1e6 * float(row["time_s"])): float(row["AU12"]) for row in csv.DictReader(file)}
    _, seen = looked
    times = np.array(sorted(labels))
    said = [(one.both["12"], labels[int(times[np.abs(times - one.time_us).argmin()])]) for one in seen if one.both]
    strong = [live for live, truth in said if truth >= 2.5]
    absent = [live for live, truth in said if truth == 0]
    assert len(strong) >= 10
    assert min(strong) >= 1.0
    assert np.median(absent) <= 0.3
    last = next(one for one in reversed(seen) if one.both)
    assert set(last.sides["12"]) == {"L", "R"}
    assert last.points.shape == (478, 3)
    assert last.faces == 1


def test_the_neutral_travels_to_another_worker(looked, pictures):
    engine, seen = looked
    other = Engine(neutral=from_plain(as_plain(engine.neutral)))
    begun = [other.see(*one) for one in pictures[-8:]]
    assert begun[-1].both  # at once, without two calm seconds
    for code in ("1", "12", "25"):
        assert begun[-1].both[code] == pytest.approx(seen[-1].both[code], abs=0.4)
    with pytest.raises(ValueError, match="no neutral face"):
        from_plain({"values": {"made_up": 1.0}, "method": "automatic", "time_us": 0, "frames": 1})
    with pytest.raises(ValueError, match="no neutral face"):
        from_plain([1, 2])


def test_a_person_names_the_neutral_only_while_a_face_is_seen(pictures):
    engine = Engine()
    assert engine.take_neutral() is None
    for one in pictures[:8]:
        engine.see(*one)
    chosen = engine.take_neutral()
    assert chosen.method == "chosen"
    assert engine.see(*pictures[8]).both
    grey = np.full_like(pictures[0][0], 90)
    empty = engine.see(grey, 20_000_000)
    assert (empty.faces, empty.points, empty.both) == (0, None, {})
    assert engine.take_neutral() is None
    assert engine.neutral is chosen
    engine.forget_neutral()
    assert engine.neutral is None


def test_a_second_face_is_noticed_and_a_clock_that_jumps_back_harmless(pictures):
    engine = Engine()
    for rgb, time_us in pictures[:14]:
        half = rgb[::2, ::2]
        seen = engine.see(np.hstack([half, half]), time_us)
    assert seen.faces == 2
    assert engine.see(np.hstack([half, half]), 0).time_us > time_us


def test_the_quick_filter_is_the_filter():
    rng = np.random.default_rng(1)
    values = rng.normal(size=40)
    values[17] = np.nan
    number = np.r_[np.arange(25), np.arange(26, 41)]
    known = (number, number * 40_000, {"x": values.astype(np.float32)})
    for window in (0.06, 0.22, 0.36):
        expected = smooth(FaceSeries(*known), values, window)
        np.testing.assert_allclose(smooth(Recent(*known), values, window), expected, atol=1e-9)
