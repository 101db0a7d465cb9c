"""Clips with labels for every frame; what renders needs moderngl, EGL and FACSWEB_WORLD_SOURCES."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from analysis.facs.codes import ACTION_UNITS
from analysis.training.world import screenplay
from analysis.training.world.screenplay import Act, labels_in_time

ALL = frozenset(ACTION_UNITS)


def play(seed: int = 0, duration_s: float = 30.0, codes: frozenset[str] = ALL) -> screenplay.Screenplay:
    return screenplay.write(np.random.default_rng(seed), codes, duration_s)


def test_an_act_rises_stays_and_falls():
    act = Act({"12": (1.0, 0.5)}, 1.0, 1.4, 2.0, 2.6)
    assert [act.share(time) for time in (0.9, 1.0, 1.4, 1.7, 2.0, 2.6, 2.7)] == [0, 0, 1, 1, 1, 0, 0]
    assert act.share(1.2) == pytest.approx(0.5)
    assert act.share(2.3) == pytest.approx(0.5)


def test_acts_follow_each_other_with_rest_between_and_at_both_ends():
    for seed in range(20):
        written = play(seed)
        assert written.acts[0].onset_s >= 1
        assert written.acts[-1].offset_s <= written.duration_s
        for one, two in pairwise(written.acts):
            assert two.onset_s - one.offset_s > 0.1
        assert written.activation(0.0) == {}
        assert written.activation(written.duration_s) == {}
        middle = written.acts[0]
        assert written.activation((middle.apex_s + middle.release_s) / 2) == middle.activation


def test_every_expression_comes_before_one_comes_again():
    shown = [set(act.activation) for act in play(3, 60.0).acts if set(act.activation) != {"45"}]
    assert len(shown) > len(screenplay.EXPRESSIONS)
    assert len({frozenset(one) for one in shown[: len(screenplay.EXPRESSIONS)]}) == len(screenplay.EXPRESSIONS)


def test_a_rig_shows_only_what_it_can():
    shown = {code for act in play(codes=frozenset({"12", "25"})).acts for code in act.activation}
    assert shown <= {"12", "25", "45"}


def test_the_head_turns_and_never_jumps():
    written = play(1)
    poses = [written.pose(time) for time in np.arange(0, 30, 0.04)]
    angles = np.array([[pose.yaw, pose.pitch, pose.roll] for pose in poses])
    assert np.abs(angles[:50]).max() <= 2
    assert np.abs(angles[:, 0]).max() > 5
    assert np.abs(np.diff(angles, axis=0)).max() < 3  # degrees a frame


def test_a_blink_is_45_and_not_eyes_that_close():
    lids = dict.fromkeys(ACTION_UNITS, (0.0, 0.0)) | {"41": (2.0, 2.0), "43": (3.0, 3.0), "45": (3.0, 3.0)}
    blink = labels_in_time(lids, {"45": (0.6, 0.6)})
    assert (blink["41"], blink["43"], blink["45"]) == ((0, 0), (0, 0), (3, 3))
    closed = labels_in_time(lids, {"43": (0.6, 0.6)})
    assert (closed["41"], closed["43"], closed["45"]) == ((2, 2), (3, 3), (0, 0))


def test_a_clip_that_is_too_short_is_refused():
    with pytest.raises(ValueError, match="no room"):
        play(duration_s=2.0)


def test_a_clip_is_rendered_and_its_labels_are_read_by_the_reports(world: Path, tmp_path: Path):
    from analysis import media
    from analysis.training.world import clip
    from analysis.validation.events import read_labels, read_spans

    what = clip.Clip(world, "ict", 5, duration_s=5.2, seed=1, rate=15, size=96)
    video = clip.write(what, tmp_path)
    frames = list(media.frames(video))
    with video.with_suffix(".csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(frames) == len(rows) == 78
    assert frames[0].rgb.shape == (96, 96, 3)
    times = [frame.time_us for frame in frames]
    assert times == pytest.approx([round(float(row["time_s"]) * 1e6) for row in rows], abs=1000)
    assert rows[0]["phase"] == rows[-1]["phase"] == "neutral"
    planned, shown = read_spans(tmp_path / clip.EVENTS)[video.stem], read_labels(video.with_suffix(".csv"))
    assert {span.code for span in planned} <= {span.code for span in shown}
    for span in shown:
        if span.code != "25":  # the gap of the lips: also of other units
            (same,) = [one for one in planned if one.code == span.code]
            assert abs(same.onset_us - span.onset_us) <= 2 * 66_667
            assert abs(same.offset_us - span.offset_us) <= 2 * 66_667
    # again the same, and another clip beside it
    first = video.with_suffix(".csv").read_bytes()
    clip.write(what, tmp_path)
    clip.write(clip.Clip(world, "ict", 6, duration_s=5.2, rate=10, size=96), tmp_path)
    assert video.with_suffix(".csv").read_bytes() == first
    assert set(read_spans(tmp_path / clip.EVENTS)) == {"ict_5_1", "ict_6_0"}
