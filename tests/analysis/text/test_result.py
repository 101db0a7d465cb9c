"""From file to text.json: scores where the language is known, None and the reason where not, session means."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analysis import cli
from analysis.text import meanings, reading
from analysis.text.classifier import default
from analysis.text.result import result
from analysis.text.session import FEWEST
from analysis.training.text.card import PAPER
from tests.analysis.text.test_language import ENGLISH, OTHERS

TALK = """WEBVTT

00:00.000 --> 00:02.000
<v Anna>How was it for you?

00:02.000 --> 00:05.000
<v Bo>I was so happy about it. Thank you!

00:05.000 --> 00:09.000
<v Bo>Das war wirklich ein schöner Tag mit euch.

00:09.000 --> 00:12.000
<v Anna>And the other part?

00:12.000 --> 00:20.000
<v Bo>That made me really angry. I hate waiting. What a stupid rule. I did not understand it at all.

00:20.000 --> 00:26.000
<v Bo>But in the end it was fine. I love the people there. It was a good day.
"""


@pytest.fixture(scope="module")
def found():
    return result(reading.read_bytes(TALK.encode(), "talk.vtt"))


def test_units_hold_what_the_contract_says(found):
    assert found["language"] == "en"
    assert found["kind"] == "vtt"
    joy = found["units"][1]
    assert (joy["speaker"], joy["text"], joy["language"]) == ("Bo", "I was so happy about it.", "en")
    assert joy["start_us"] == 2_000_000
    assert list(joy["scores"]) == list(default().labels)
    assert joy["top"][0] == "joy"
    assert joy["states"]["joy"] >= joy["scores"]["joy"]
    assert joy["valence"] > 0.3
    angry = next(unit for unit in found["units"] if "angry" in unit["text"])
    assert angry["states"]["anger"] > 0.3
    assert angry["valence"] < -0.3


def test_a_foreign_unit_has_no_score_and_the_reason(found):
    german = found["units"][3]
    assert german["language"] == "de"
    assert german["scores"] is None
    assert german["top"] == []
    assert "does not know this language (de)" in german["why"]
    assert any("One unit is in another language" in warning for warning in found["warnings"])


def test_the_session_is_the_mean_of_the_scored_units(found):
    scored = [unit for unit in found["units"] if unit["scores"]]
    session = found["session"]
    assert (session["units"], session["scored"]) == (len(found["units"]), len(scored))
    for label in ("joy", "anger", "neutral"):
        row = session["labels"][label]
        assert row["mean"] == pytest.approx(np.mean([unit["scores"][label] for unit in scored]), abs=2e-4)
        assert row["low"] <= row["mean"] <= row["high"]
    assert session["scored"] >= FEWEST
    assert -1 <= session["valence"]["low"] <= session["valence"]["mean"] <= session["valence"]["high"] <= 1
    assert set(found["speakers"]) == {"Anna", "Bo"}
    assert found["speakers"]["Anna"]["labels"]["joy"]["low"] is None  # two sentences are too few
    assert "boredom" in found["missing_states"]
    assert "boredom" not in session["states"]


def test_it_is_json_without_nan_and_names_the_model(found):
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["model"]["sha256"] == default().sha256
    assert found["model"]["version"] == default().version


def test_a_foreign_or_unknown_document_gets_no_score():
    french = result(reading.read_typed(OTHERS["fr"]))
    assert french["language"] == "fr"
    assert all(unit["scores"] is None for unit in french["units"])
    assert french["session"]["labels"]["joy"] == {"mean": None, "low": None, "high": None}
    assert "knows only en" in french["warnings"][0]
    unknown = result(reading.read_typed("mmh"))
    assert unknown["language"] is None
    assert "could not be told" in unknown["units"][0]["why"]
    assert result(reading.read_typed("mmh"), language="en")["units"][0]["scores"] is not None


def test_every_label_has_a_meaning_and_a_reason():
    known = meanings.meanings()
    assert set(known) == set(default().labels)
    states = {entry.state for entry in known.values()} - {""}
    assert states == {
        "joy", "anger", "confusion", "interest", "sadness", "disgust", "fear", "stress", "surprise", "neutral",
    }  # fmt: skip
    assert set(meanings.missing()) == {"boredom", "contempt", "pain", "fatigue"}
    assert sum(entry.valence > 0 for entry in known.values()) == 12  # the paper's groups
    assert sum(entry.valence < 0 for entry in known.values()) == 11
    assert PAPER == 0.46


def test_states_take_the_likeliest_label_and_valence_the_difference():
    labels = ["joy", "amusement", "anger", "approval", "curiosity"]
    scores = np.array([0.2, 0.5, 0.1, 0.7, 0.3], np.float32)
    assert meanings.states(labels, scores) == pytest.approx({"joy": 0.5, "anger": 0.1, "interest": 0.3})
    assert meanings.valences(labels, scores[None])[0] == pytest.approx(0.6)


def test_the_command_prints_a_table_and_writes_the_file(tmp_path, capsys):
    file = tmp_path / "talk.vtt"
    file.write_text(TALK, encoding="utf-8")
    assert cli.main(["text", str(file), "--out", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    assert "0:00:02  Bo" in shown
    assert "no score" in shown
    assert "90 % interval" in shown
    written = json.loads((tmp_path / "out" / "text.json").read_text(encoding="utf-8"))
    assert [unit["speaker"] for unit in written["units"]][:2] == ["Anna", "Bo"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["text.json"]


def test_the_command_prints_json_and_says_what_is_wrong(tmp_path, capsys):
    file = tmp_path / "a.txt"
    file.write_text(ENGLISH, encoding="utf-8")
    assert cli.main(["text", str(file), "--json", "--language", "de"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["language"] == "de"
    assert cli.main(["text", str(file), "--language", "english please"]) == 1
    assert "no language code" in capsys.readouterr().err
    assert cli.main(["text", str(tmp_path / "none.txt")]) == 1
    assert "cannot be read" in capsys.readouterr().err
