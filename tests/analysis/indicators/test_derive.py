"""A result folder in, three files out; and when they hold nothing."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from analysis.indicators import STATEMENT, Allowed, Marker, Override, derive
from analysis.indicators.catalogue import inputs
from analysis.indicators.evaluate import Drawn
from analysis.indicators.measures import _PROCEDURES, measured
from analysis.types import AnalysisError
from tests.analysis.indicators import made

SECONDS = 120
S = 1_000_000


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    """Two minutes with face, combinations, states, voice and words."""
    path = tmp_path_factory.mktemp("rich")
    blinks = [("45", "both", at * S, at * S + 200_000) for at in range(3, 117, 4)]
    presses = [("24", "", at * S, (at + 1) * S) for at in (10, 30, 50, 70, 90, 110)]
    dimples = [("14", "left", 60 * S, 61 * S), ("14", "both", 80 * S, 81 * S)]
    made.folder(
        path,
        seconds=SECONDS,
        events=[*blinks, *presses, *dimples],
        AU12=made.during(SECONDS, (20, 60)),
        AU6=made.during(SECONDS, (20, 40)),
        AU4=made.during(SECONDS, (90, 102)),
        AU62=made.during(SECONDS, (100, 120), high=4.0),
    )
    (path / "combinations.csv").write_text(
        "id,name,kind,face,side,onset_us,apex_us,offset_us,strength,confidence,codes,variant\n"
        "contempt-dimpler,Contempt,expression,0,left,60000000,60500000,66000000,2,0.5,L14,\n"
    )
    made.states(path, SECONDS, joy=lambda at: 0.8 if 20 <= at < 60 else 0.1, neutral=0.3, valence=0.2, arousal=0.5)
    made.voice(
        path,
        [(0, 50, ""), (64, 100, "")],
        SECONDS,
        arousal=0.8,
        rate_per_s=4.0,
        pitch_range_st=6.0,
        pause_share=0.2,
    )
    made.text(path, (20, 40, {"joy": 0.8}), (64, 84, {"anger": 0.6, "joy": 0.1}))
    return path


def value(rich, name, markers=()):
    """An input's value as the catalogue defines it."""
    from analysis.indicators.derive import _Face
    from analysis.indicators.grid import grid_over
    from analysis.indicators.measures import Material
    from analysis.indicators.session import read
    from analysis.indicators.speaking import Said, own

    session = read(rich)
    grid = grid_over(session.start_us, session.end_us)
    own_ = own(session, 0, Said({}, {}, seen=1), made.RESEARCH)
    face = _Face(session.faces[0], grid, own_, [])
    material = Material(face.track, grid, face.engagement, face.compared, own_, markers)
    part = measured(inputs()[name], material)
    return part if isinstance(part, str) else part.num.sum() / part.den.sum()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("duchenne_share", 0.5),
        ("smile_share", 40 / 120),
        ("brow_lowered_share", 0.1),
        ("lip_press_rate", 3.0),
        ("one_sided_14_rate", 0.5),
        ("blink_rate", 29 / 2),
        ("lip_bite_rate", 0.0),
        ("nod_rate", 0.0),
        ("gaze_toward", 100 / 120),
        ("head_toward", 1.0),
        ("contempt_combination_share", 0.05),
        ("joy_state", (40 * 0.8 + 79 * 0.1) / 119),
        ("face_valence", 0.2),
        ("voice_arousal", 0.8),
        ("speech_rate", 4.0),
        ("pitch_range", 6.0),
        ("pause_share", 0.2),
        ("speech_share", 86 / 120),
        ("positive_words", 0.45),
        ("negative_words", 0.3),
        ("channel_agreement", 0.5),  # glad words from 20 to 40 s, angry ones from 64 to 84 s, a positive face
    ],
)
def test_every_input_is_what_the_session_holds(rich, name, expected):
    assert value(rich, name) == pytest.approx(expected, abs=0.011)


def test_engagement_and_expressivity_are_inputs_too(rich):
    assert 60 < value(rich, "engagement") < 90
    assert 0 < value(rich, "expressivity") < 0.5


def test_what_was_not_estimated_says_so(rich):
    assert value(rich, "anger_state") == "The state anger was not estimated."
    assert value(rich, "answer_latency") == "No question is marked in this recording."


def test_answers_are_timed_from_the_end_of_a_question_to_the_speech_that_follows(rich):
    asked = [Marker("a", "question", 55 * S, 62 * S), Marker("b", "question", 30 * S, 31 * S)]
    # the first is answered after 2 s, at the second the person already speaks
    assert value(rich, "answer_latency", asked) == pytest.approx(1.0)


def test_all_files_are_written_as_the_contract_has_them(rich):
    found = derive(rich, allowed=made.RESEARCH, markers=[Marker("q", "question", 62 * S, 63 * S)])
    table = pq.read_table(rich / "engagement.parquet")
    assert table.column_names == [
        *("face", "start_us", "end_us", "value", "low", "high"),
        *("presence", "gaze", "head", "expressivity", "speech"),
    ]
    ends = [np.array(table[name]) for name in ("low", "value", "high")]
    assert (ends[0] <= ends[1]).all()
    assert (ends[1] <= ends[2]).all()
    indicators = json.loads((rich / "indicators.json").read_text())
    assert indicators == json.loads(json.dumps(found.indicators))
    assert indicators["statement"] == STATEMENT
    assert "validated Action Unit formula" in STATEMENT
    (face,) = indicators["faces"]
    for one in face["indicators"]:
        assert 0 <= one["low"] <= one["value"] <= one["high"] <= 100
        assert one["word"] == "exploratory"
        assert sum(row["points"] for row in one["inputs"]) == pytest.approx(one["value"], abs=0.1)
        assert {row["input"] for row in one["sensitivity"]} == {row["id"] for row in one["inputs"]}
        assert all(row["sources"] for row in one["inputs"])
    assert json.loads((rich / "channels.json").read_text())["stretches"]
    (answer,) = json.loads((rich / "responses.json").read_text())["responses"]
    assert answer["marker"] == "q"


def test_the_same_session_and_seed_give_the_same_and_markers_go_when_they_go(rich):
    first, second = (derive(rich, allowed=made.RESEARCH, seed=3).indicators for _ in range(2))
    assert first == second
    assert not (rich / "responses.json").exists()


def test_without_consent_named_no_indicator_has_a_value_or_shows_its_inputs(rich):
    for allowed in (None, Allowed(frozenset({"video"}), "research"), Allowed(frozenset({"video", "emotion"}))):
        for one in derive(rich, allowed=allowed).indicators["faces"][0]["indicators"]:
            assert one["value"] is None
            assert one["why"]
            assert one["inputs"] == []


def test_consent_without_voice_and_words_leaves_them_out(rich):
    found = derive(rich, allowed=Allowed(frozenset({"video", "emotion", "indicators"}), "research"))
    by_id = {one["id"]: one for one in found.indicators["faces"][0]["indicators"]}
    assert by_id["credibility_signal"]["value"] is None
    assert "60% of the formula's weight" in by_id["credibility_signal"]["why"][0]
    missing = {row["missing"] for row in by_id["credibility_signal"]["inputs"]}
    assert "Consent does not cover the voice." in missing
    assert found.channels["stretches"] == []
    assert by_id["trust_score"]["value"] is not None


def test_without_consent_to_indicators_there_is_no_engagement_and_what_channels_say_stays(rich):
    scopes = made.RESEARCH.scopes - {"indicators"}
    found = derive(rich, allowed=Allowed(scopes, "research"))
    assert found.engagement == {}
    assert pq.read_table(rich / "engagement.parquet").num_rows == 0
    assert found.channels["faces"]
    for one in found.indicators["faces"][0]["indicators"]:
        assert (one["value"], one["inputs"]) == (None, [])
        assert "does not cover exploratory indicators" in one["why"][0]


def test_a_face_whose_person_refused_indicators_has_none_beside_one_who_agreed(rich):
    found = derive(rich, allowed=made.RESEARCH, refused={0: ["indicators"]})
    assert 0 not in found.engagement
    assert "did not agree to exploratory indicators" in found.indicators["faces"][0]["indicators"][0]["why"][0]


@pytest.mark.parametrize("purpose", ["workplace", "education", "recruitment"])
def test_where_the_purpose_forbids_nothing_at_all_is_computed(rich, purpose):
    found = derive(rich, allowed=Allowed(made.RESEARCH.scopes, purpose))
    assert found.engagement == {}
    assert pq.read_table(rich / "engagement.parquet").num_rows == 0
    assert found.channels["stretches"] == []
    assert found.channels["why"]
    assert all(one["value"] is None and one["why"] for one in found.indicators["faces"][0]["indicators"])


def test_a_recorded_safety_reason_opens_the_workplace(rich):
    override = Override("safety", "Fatigue of drivers", "Safety officer", "2026-11-01")
    found = derive(rich, allowed=Allowed(made.RESEARCH.scopes, "workplace", override))
    assert found.indicators["faces"][0]["indicators"][0]["value"] is not None
    assert found.indicators["allowed"]["override"]["by"] == "Safety officer"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seconds": 50}, "scored for 50 s; at least 60 s"),
        ({"seconds": 200, "seen": np.arange(2000) < 800}, "scored in 40% of the recording"),
    ],
)
def test_too_short_or_too_little_seen_has_no_value(tmp_path, changes, said):
    found = derive(made.folder(tmp_path, **changes), allowed=made.RESEARCH)
    for one in found.indicators["faces"][0]["indicators"]:
        assert one["value"] is None
        assert any(said in sentence for sentence in one["why"])


def test_every_face_has_its_own_and_nobody_is_ranked(tmp_path):
    found = derive(made.folder(tmp_path, faces=2), allowed=made.RESEARCH)
    assert [face["face"] for face in found.indicators["faces"]] == [0, 1]
    text = json.dumps(found.indicators).lower()
    assert not any(word in text for word in ("rank", "passed", "failed", "threshold", "suspicious"))


def test_a_folder_without_results_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(AnalysisError, match="no readable summary"):
        derive(tmp_path)


def test_procedures_never_return_zero_for_nothing(rich):
    assert isinstance(Drawn(None, "why", float("nan"), np.zeros(1)).why, str)
    assert set(_PROCEDURES) == {one.measure for one in inputs().values()}
