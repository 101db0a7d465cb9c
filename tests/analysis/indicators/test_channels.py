"""Agreement and contradiction of channels: marked where both are clear, described, never judged."""

from __future__ import annotations

import re

import pytest

from analysis.indicators import derive
from analysis.indicators.channels import parse, shipped
from tests.analysis.indicators import made

S = 1_000_000
SMILE = {"AU6": made.during(60, (20, 40)), "AU12": made.during(60, (20, 40))}


def found(path, **options):
    return derive(path, allowed=made.RESEARCH, **options).channels


def test_sad_words_beside_6_12_are_a_contradiction_said_in_words_that_stop_there(tmp_path):
    made.folder(tmp_path, seconds=60, **SMILE)
    made.text(tmp_path, (10, 30, {"sadness": 0.8, "neutral": 0.1}), (30, 50, {"neutral": 0.9, "sadness": 0.05}))
    (one,) = found(tmp_path)["stretches"]
    assert (one["start_us"], one["end_us"]) == (20 * S, 30 * S)
    assert one["kind"] == "contradict"
    assert one["words"] == "The words read as sadness while the face shows 6+12."
    assert one["channels"]["face"]["codes"] == ["6", "12"]
    assert one["channels"]["text"]["value"] == pytest.approx(-0.8)


def test_glad_words_beside_6_12_agree(tmp_path):
    made.folder(tmp_path, seconds=60, **SMILE)
    made.text(tmp_path, (0, 60, {"joy": 0.7, "love": 0.2}))
    channels = found(tmp_path)
    assert {one["kind"] for one in channels["stretches"]} == {"agree"}
    assert channels["faces"][0]["agree_s"] == pytest.approx(20)
    assert channels["faces"][0]["contradict_s"] == 0


@pytest.mark.parametrize("scores", [{"sadness": 0.15}, {"sadness": 0.5, "joy": 0.4}, {"surprise": 0.9}])
def test_words_whose_interval_holds_the_middle_say_nothing(tmp_path, scores):
    made.folder(tmp_path, seconds=60, **SMILE)
    made.text(tmp_path, (0, 60, scores))
    assert found(tmp_path)["stretches"] == []


def test_codes_whose_lower_end_is_below_b_do_not_stand(tmp_path):
    made.folder(tmp_path, seconds=60, half=2.5, **SMILE)
    made.text(tmp_path, (0, 60, {"sadness": 0.9}))
    assert found(tmp_path)["stretches"] == []


@pytest.mark.parametrize(
    ("voice", "face", "rule"),
    [
        (0.8, {"arousal": 0.2}, "voice_aroused_face_calm"),
        (0.8, {"neutral": 0.9}, "voice_aroused_face_neutral"),
        (0.8, {"arousal": 0.9}, "voice_aroused_face_aroused"),
        (0.2, {"arousal": 0.8}, "voice_calm_face_aroused"),
        (0.2, {"arousal": 0.2}, "voice_calm_face_calm"),
        (0.55, {"arousal": 0.2}, None),
        (0.8, {"arousal": 0.45}, None),
    ],
)
def test_voice_and_face_are_compared_only_where_both_intervals_leave_the_middle(tmp_path, voice, face, rule):
    made.folder(tmp_path, seconds=60)
    made.states(tmp_path, 60, **face)
    made.voice(tmp_path, [(0, 60, "")], 60, arousal=voice)
    stretches = found(tmp_path)["stretches"]
    assert {one["rule"] for one in stretches} == ({rule} if rule else set())
    assert [(one["start_us"], one["end_us"]) for one in stretches] == ([(0, 60 * S)] if rule else [])


def test_with_several_people_nothing_is_compared_until_somebody_says_who_speaks(tmp_path):
    made.folder(tmp_path, seconds=60, **SMILE)
    made.voice(tmp_path, [(0, 30, "A"), (30, 60, "B")], 60, arousal=0.9)
    made.text(tmp_path, (20, 40, {"sadness": 0.9}), speaker="A")
    channels = found(tmp_path)
    assert channels["stretches"] == []
    assert "nobody said which speaker is this face" in channels["faces"][0]["notes"][0]
    assert found(tmp_path, speakers={0: "A"})["stretches"]
    assert not found(tmp_path, speakers={0: "B"})["stretches"]


def test_a_voice_and_words_of_one_name_each_are_one_person(tmp_path):
    made.folder(tmp_path, seconds=60, **SMILE)
    made.voice(tmp_path, [(0, 60, "1")], 60, arousal=0.5)
    made.text(tmp_path, (20, 40, {"sadness": 0.9}), speaker="Anna")
    assert len(found(tmp_path)["stretches"]) == 1
    assert len(found(tmp_path, speakers={0: ["1", "Anna"]})["stretches"]) == 1


def test_rules_describe_and_do_not_interpret():
    interpreting = re.compile(
        r"\b(hid\w*|fak\w*|mask\w*|real(ly)?|means?|suggest\w*|because|genuin\w*|feel\w*)\b", re.I
    )
    for rule in shipped().rules:
        assert not interpreting.search(rule.words), rule.words
        assert len({one.channel for one in rule.when}) > 1


def test_a_rule_of_one_channel_or_without_a_middle_is_refused():
    stored = {
        "version": "1",
        "middle": {"valence": 0.0},
        "text_error": 0.2,
        "code_at": 1.0,
        "code_share": 0.5,
        "words": {"positive": [], "negative": []},
    }
    text = {"channel": "text", "measure": "valence", "side": "below"}
    rule = {"id": "x", "kind": "agree", "words": "w"}
    with pytest.raises(ValueError, match="two channels"):
        parse({**stored, "rule": [{**rule, "when": [text]}]})
    pride = {"channel": "face", "measure": "pride", "side": "above"}
    with pytest.raises(ValueError, match="no middle"):
        parse({**stored, "rule": [{**rule, "when": [text, pride]}]})
    with pytest.raises(ValueError, match="measure with its side or codes"):
        parse({**stored, "rule": [{**rule, "when": [text, {"channel": "face", "measure": "valence"}]}]})
