"""``python -m analysis indicators``."""

from __future__ import annotations

import json

import pytest

from analysis.cli import main
from analysis.indicators import STATEMENT
from tests.analysis.indicators import made
from tests.analysis.indicators.test_formulas import ONE


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    path = tmp_path_factory.mktemp("results")
    made.folder(path, AU12=made.during(120, (20, 40)), AU6=made.during(120, (20, 30)))
    made.text(path, (22, 30, {"sadness": 0.9}))
    return path


def test_the_account_begins_with_the_statement_and_says_exploratory_beside_every_indicator(results, capsys):
    assert main(["indicators", str(results), "--consent", "video, emotion,text", "--purpose", "research"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(STATEMENT)
    assert out.count("(exploratory, version") == 3
    assert "The words read as sadness while the face shows 6+12." in out
    assert "Credibility Signal (exploratory, version 1.0): no value." in out


def test_without_consent_it_says_what_is_needed(results, capsys):
    assert main(["indicators", str(results)]) == 0
    out = capsys.readouterr().out
    assert out.count("Nothing was said about consent and the study's purpose") == 3


def test_own_formulas_markers_and_json(results, tmp_path, capsys):
    (tmp_path / "own.toml").write_text(ONE)
    (tmp_path / "markers.json").write_text(json.dumps([{"name": "q", "kind": "question", "start_us": 20_000_000}]))
    options = ["--formulas", str(tmp_path / "own.toml"), "--markers", str(tmp_path / "markers.json"), "--json"]
    assert main(["indicators", str(results), "--consent", "video,emotion", "--purpose", "research", *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in found["indicators"]["faces"][0]["indicators"]] == ["calm"]
    assert found["responses"]["responses"][0]["marker"] == "q"
    assert main(["indicators", str(results), "--markers", str(tmp_path / "markers.json")]) == 0
    assert "question q, face 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "content", "option", "said"),
    [
        ("f.toml", "x", "--formulas", "no TOML"),
        ("m.json", '[{"name": "q"}]', "--markers", "no list of markers"),
        ("m.json", '[{"name": "q", "kind": "dream", "start_us": 1}]', "--markers", "task, question, scene"),
    ],
)
def test_files_that_make_no_sense_are_refused_in_one_sentence(
    results, tmp_path, capsys, name, content, option, said
):
    (tmp_path / name).write_text(content)
    assert main(["indicators", str(results), option, str(tmp_path / name)]) == 1
    assert said in capsys.readouterr().err


def test_an_exception_needs_its_reason(results, capsys):
    options = [
        "--consent",
        "video,emotion",
        "--purpose",
        "workplace",
        "--override",
        "medical",
        "",
        "x",
        "2026-01-01",
    ]
    assert main(["indicators", str(results), *options]) == 1
    assert "needs its ground, its reason" in capsys.readouterr().err


def test_who_speaks_is_said_by_face(results, capsys):
    asked = ["indicators", str(results), "--consent", "video,emotion,text", "--purpose", "research"]
    assert main([*asked, "--speaker", "0=Anna", "--speaker", "nobody=Ben"]) == 0
    assert "The words read as sadness" not in capsys.readouterr().out, "the words are nobody's by name"
    assert main([*asked, "--speaker", "Anna"]) == 1
    assert "0=Anna" in capsys.readouterr().err
