"""Formulas: the shipped ones, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import analysis.indicators
from analysis.indicators import catalogue, formulas
from analysis.types import AnalysisError

SHIPPED = (Path(analysis.indicators.__file__).parent / "formulas.toml").read_text(encoding="utf-8")
ONE = """
version = "mine"
[[indicator]]
id = "calm"
name = "Calm"
version = "3"
author = "A. Person"
date = "2026-01-31"
note = "Ours."
[[indicator.input]]
input = "blink_rate"
weight = 2
direction = "lowers"
low = 10
high = 30
why = "A guess."
sources = ["choice of ours: no source found"]
[[indicator.input]]
input = "head_toward"
weight = 1
direction = "raises"
why = "A guess."
sources = ["choice of ours: no source found"]
"""


def test_the_three_indicators_ship_with_version_author_date_and_a_source_for_every_input():
    found = formulas.shipped()
    assert [one.id for one in found.indicators] == ["trust_score", "credibility_signal", "resistance_indicator"]
    assert [one.name for one in found.indicators] == ["Trust Score", "Credibility Signal", "Resistance Indicator"]
    for one in found.indicators:
        assert one.version
        assert one.author
        assert one.date
        for term in one.terms:
            assert term.sources
            assert term.why


def test_every_input_is_complete_and_reaches_a_procedure():
    from analysis.indicators.measures import _PROCEDURES

    assert {one.measure for one in catalogue.inputs().values()} == set(_PROCEDURES) == set(catalogue.MEASURES)


def test_an_own_formula_is_read_with_its_own_anchors_or_those_of_the_catalogue():
    found = formulas.parse(ONE).indicators[0]
    assert [(term.input.id, term.weight, term.low, term.high) for term in found.terms] == [
        ("blink_rate", 2.0, 10.0, 30.0),
        ("head_toward", 1.0, 0.4, 1.0),
    ]
    assert formulas.parse(ONE).sha256 != formulas.parse(ONE + "\n").sha256


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("weight = 2", "weight = -2", "more than 0"),
        ("weight = 2", 'weight = "__import__"', "weight is a number"),
        ("weight = 2", "weight = true", "weight is a number"),
        ("weight = 2", "weight = nan", "weight is a number"),
        ('"lowers"', '"down"', "direction is one of"),
        ("low = 10", "low = 40", "low must be less than high"),
        ("high = 30", "high = 900", "within 0 to 120"),
        ('"blink_rate"', '"blood_pressure"', "no such input"),
        ('"head_toward"', '"blink_rate"', "uses an input twice"),
        ('["choice of ours: no source found"]', "[]", "name a source"),
        ('id = "calm"', 'id = "Calm!"', "small letters"),
        ('date = "2026-01-31"', 'date = "yesterday"', "date is written like"),
        ('note = "Ours."', 'note = ""', "1 to 600"),
        ('note = "Ours."', 'note = "Finds who lies."', "does not detect"),
        ('name = "Calm"', 'name = "Deception"', "does not detect"),
        ('name = "Calm"', 'name = "Truth Score"', "does not detect"),
        ('name = "Calm"', 'name = "LieScore"', "does not detect"),
        ('name = "Calm"', 'name = "Ｌｉｅ\u200b Score"', "does not detect"),
        ('name = "Calm"', 'name = "Diagnosis"', "no judgement on a person"),
        ('id = "calm"', 'id = "lie_score"', "does not detect"),
        ("weight = 2", "weight = 1e-20", "at least 0.001"),
        ("low = 10", "low = 29.95", "at least 0.12 apart"),
        ('note = "Ours."', 'note = "Ours."\nfail_below = 40', "not known here"),
        ('why = "A guess."', 'why = "A guess."\nformula = "eval(x)"', "not known here"),
        ('version = "mine"', 'version = "mine"\nlimits = {}', "not known here"),
        ('version = "mine"', "version = ", "no TOML"),
    ],
)
def test_a_formula_that_is_wrong_or_claims_too_much_is_refused_with_a_sentence(old, new, said):
    assert old in ONE
    with pytest.raises(AnalysisError, match=said):
        formulas.parse(ONE.replace(old, new, 1))


def test_words_that_only_look_like_a_claim_are_none():
    told = ONE.replace('note = "Ours."', 'note = "Written in December, decently; believed, relied upon."')
    assert formulas.parse(told.replace('"A. Person"', '"Trygve Lie"')).indicators[0].author == "Trygve Lie"


def test_all_faults_are_found_with_the_field_they_are_in():
    row = formulas.as_row(formulas.parse(ONE).indicators[0])
    row |= {"name": "", "note": "Finds liars."}
    row["input"][1] |= {"weight": "much", "low": 2.0, "sources": []}
    found = [(one.term, one.field) for one in formulas.faults(row)]
    assert found == [("", "name"), ("", "note"), *(("head_toward", key) for key in ("weight", "low", "sources"))]


def test_formulas_are_written_as_they_are_read():
    odd = ONE.replace('why = "A guess."', r'why = "A \"guess\" \\ of ours,\n\u007f “0,5”"', 1)
    found = formulas.parse(odd)
    text = formulas.write(found.indicators, "a study's own")
    again = formulas.parse(text)
    assert (again.indicators, again.version) == (found.indicators, "a study's own")
    assert formulas.write(again.indicators, again.version) == text
    assert formulas.of(formulas.as_row(found.indicators[0])) == found.indicators[0]


def test_a_file_without_indicators_or_of_one_input_is_refused(tmp_path):
    with pytest.raises(AnalysisError, match="at least one"):
        formulas.parse('version = "1"')
    with pytest.raises(AnalysisError, match="needs 2 to 30"):
        formulas.parse(ONE[: ONE.rindex("[[indicator.input]]")])
    with pytest.raises(AnalysisError, match="same id"):
        formulas.parse(ONE + ONE[ONE.index("[[indicator]]") :])
    with pytest.raises(AnalysisError, match="cannot be read"):
        formulas.read(tmp_path / "none.toml")
    (tmp_path / "own.toml").write_text(SHIPPED)
    assert formulas.read(tmp_path / "own.toml") == formulas.shipped()
