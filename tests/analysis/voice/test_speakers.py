"""Who speaks: by hand, by two microphones, or nobody can say."""

import json

import numpy as np
import pytest

from analysis.training.voice_table import speaker_error, two_microphones
from analysis.types import AnalysisError
from analysis.voice.speakers import Mark, assigned, by_channel, by_hand, marks, read_marks

NONE = np.zeros((100, 1), np.float32)


def test_marks_cut_speech_and_nobody_speaks_where_two_do():
    given = [Mark(0, 500, "A"), Mark(400, 1000, "B"), Mark(2000, 3000, "A")]
    assert by_hand([(100, 1200), (2500, 2600)], given) == [
        (100, 400, "A"),
        (400, 500, None),
        (500, 1000, "B"),
        (1000, 1200, None),
        (2500, 2600, "A"),
    ]
    assert assigned([(100, 300)], given, NONE) == ([(100, 300, "A")], "hand")


def test_one_channel_is_one_speaker():
    assert assigned([(0, 10), (20, 30)], None, NONE) == ([(0, 10, "1"), (20, 30, "1")], "one")


def test_two_microphones():
    method, wrong = speaker_error(*two_microphones(8.0, seconds=15))
    assert method == "channels"
    assert wrong < 0.02


@pytest.mark.parametrize("gain_db", [0.0, -12.0])
def test_a_stereo_recording_of_one_room_is_not_two_microphones(gain_db):
    rng = np.random.default_rng(1)
    level = rng.normal(-30, 6, 2000)
    both = np.stack([level, level + gain_db + rng.normal(0, 1.5, 2000)], axis=1).astype(np.float32)
    assert by_channel([(0, 30_000_000)], both) is None
    same = np.stack([level, level], axis=1).astype(np.float32)
    assert by_channel([(0, 30_000_000)], same) is None
    assert by_channel([], both) is None


def test_short_runs_go_to_the_neighbour():
    level = np.full((400, 2), -60, np.float32)
    level[:200, 0] = level[200:, 1] = -20
    found = by_channel([(0, 6_400_000)], level)
    assert [who for *_, who in found] == ["1", "2"]
    assert found[0][1] == found[1][0] == pytest.approx(3_200_000, abs=150_000)
    assert (found[0][0], found[-1][1]) == (0, 6_400_000)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "list"),
        ([1], "Entry 1"),
        ([{"start_us": 0, "end_us": 1.5, "speaker": "A"}], "Entry 1"),
        ([{"start_us": 0, "end_us": 5, "speaker": "A"}, {"start_us": 9, "end_us": 5, "speaker": "A"}], "Entry 2"),
        ([{"start_us": 0, "end_us": 5, "speaker": " "}], "names a speaker"),
    ],
)
def test_marks_that_are_none(content, said):
    with pytest.raises(AnalysisError, match=said):
        marks(content)


def test_marks_from_a_file(tmp_path):
    path = tmp_path / "who.json"
    with pytest.raises(AnalysisError, match=r"who\.json cannot be read"):
        read_marks(path)
    path.write_text("{")
    with pytest.raises(AnalysisError, match="not JSON"):
        read_marks(path)
    path.write_text(json.dumps([{"start_us": 0, "end_us": 5, "speaker": " Anna "}]))
    assert read_marks(path) == (Mark(0, 5, "Anna"),)
