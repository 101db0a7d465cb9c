"""The catalogue of combinations: sources, what the Investigator's Guide lists, errors in words, its page."""

from __future__ import annotations

import re
import tomllib
from itertools import product
from pathlib import Path

import pytest

from analysis.facs import combination_table
from analysis.facs.codes import CATALOGUE
from analysis.facs.combination_model import GRADES, Combination, Variant
from analysis.facs.combinations import CHECKS, CombinationError, catalogue, parse, parse_all, read_sources, sources
from analysis.types import AnalysisError

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = REPOSITORY / "analysis" / "facs" / "combinations.toml"
#: Typed from two public copies of the Guide's table (2002), one combination a line: units without letters,
#: what may be there or not left out, alternatives written out.
GUIDE = {
    "surprise": "1+2+5+26 1+2+5+27 1+2+5 1+2+26 1+2+27 5+26 5+27",
    "fear": (
        "1+2+4+5+20+25 1+2+4+5+20+26 1+2+4+5+20+27 1+2+4+5+25 1+2+4+5+26 1+2+4+5+27 "
        "1+2+4+5+U20+25 1+2+4+5+U20+26 1+2+4+5+U20+27 1+2+4+5 1+2+5 5+20"
    ),
    "happiness": "6+12 12",
    "sadness": "1+4+11+15 1+4+15 6+15 1+4+11 1+4+15+17 11+15 11+17",
    "disgust": "9 9+15+16 9+16+26 9+17 10 10+16+25 10+16+26 10+17",
    "anger": (
        "4+5+7+23+25 4+5+7+23+26 4+5+7+17+23 4+5+7+17+24 4+5+7+23 4+5+7+24 "
        "5+7+23+25 5+7+23+26 4+7+23+25 4+7+23+26 4+5+23+25 4+5+23+26 "
        "5+7+17+23 5+7+17+24 4+7+17+23 4+7+17+24 4+5+17+23 4+5+17+24 "
        "5+7+23 5+7+24 4+7+23 4+7+24 4+5+23 4+5+24"
    ),
}
#: Letters that the Guide names (fear's 5 is our reading of 5Z): at least one variant with it.
LETTERS = {"surprise": {"5B"}, "fear": {"5D"}, "happiness": {"12C"}, "sadness": {"15B"}}
#: What may be there besides.
OPTIONAL = {"sadness": {"54", "64", "25", "26"}, "anger": {"10", "22"}}


def entry(name: str) -> Combination:
    return next(one for one in catalogue() if one.id == name)


def written_out(variant: Variant) -> set[str]:
    """Every set of required codes that meets the variant."""
    groups = [
        [("U" if unit.side == "unilateral" else "") + unit.code for unit in group] for group in variant.required
    ]
    return {"+".join(sorted(set(one), key=lambda u: int(u.strip("U")))) for one in product(*groups)}


@pytest.mark.parametrize("name", GUIDE)
def test_every_prototype_and_major_variant_of_the_guide_is_there_and_none_besides(name):
    found = entry(name)
    ranked = [variant for variant in found.variants if variant.rank in {"prototype", "major variant"}]
    assert len(ranked) == len(found.variants)
    listed = {"+".join(sorted(text.split("+"), key=lambda u: int(u.strip("U")))) for text in GUIDE[name].split()}
    assert set().union(*(written_out(variant) for variant in ranked)) == listed
    units = {str(unit) for variant in ranked for group in variant.required for unit in group}
    assert LETTERS.get(name, set()) <= units
    optional = {unit.code for variant in ranked for group in variant.optional for unit in group}
    assert OPTIONAL.get(name, set()) <= optional
    assert found.grade == "manual"


def test_every_entry_cites_a_source_with_its_year_and_names_other_meanings():
    assert len(catalogue()) >= 30
    for one in catalogue():
        assert one.citation, one.id
        for source in one.citation:
            assert str(source.year) in source.text, source.key
            assert re.fullmatch(r"(10\.\d{4,9}/\S+)?", source.doi), source.key
        assert one.alternatives, one.id
        assert one.grade in GRADES
    used = {source.key for one in catalogue() for source in one.citation}
    assert set(sources()) - used <= {"barrett-2019"}  # cited by the page, of all of them


def test_an_entry_without_a_source_does_not_load():
    told = tomllib.loads(DATA.read_text(encoding="utf-8"))
    for number, one in enumerate(told["combination"]):
        without = {name: value for name, value in one.items() if name != "citation"}
        with pytest.raises(CombinationError, match="citation: say where it comes from"):
            parse(without, sources())
        assert catalogue()[number] == parse(one, sources())


def test_every_source_says_when_and_by_what_it_was_checked():
    told = tomllib.loads(DATA.read_text(encoding="utf-8"))["source"]
    for key, one in told.items():
        found = sources()[key]
        assert found.check in CHECKS, key
        assert found.checked == one["checked"]
        wrong = ["", "abstract", "2026-11-22: heard", "2026-13-01: abstract", "2026-11-22 abstract"]
        for words in (None, *wrong):
            changed = {name: value for name, value in one.items() if name != "checked"}
            with pytest.raises(CombinationError, match=f"source {key}: checked: write when and by what"):
                read_sources({key: changed if words is None else changed | {"checked": words}})
    assert not parse(GOOD).citation[0].checked  # a user's own words


def test_every_emotion_of_the_issue_has_an_entry():
    groups = {one.group for one in catalogue()}
    assert groups >= {
        *("surprise", "fear", "happiness", "sadness", "disgust", "anger", "contempt", "pain", "confusion"),
        *("interest", "boredom", "embarrassment", "stress", "fatigue", "scepticism", "confounder"),
    }
    pain = entry("pain").variants[0].score
    assert pain is not None
    assert pain.parts == (("4",), ("6", "7"), ("9", "10"), ("43",))
    assert pain.most == 16
    assert entry("contempt").variants[0].unilateral
    assert entry("speech").needs == ("50",)
    assert not entry("duchenne-smile").needs


def test_words_that_the_product_does_not_say():
    text = DATA.read_text(encoding="utf-8").lower() + combination_table.markdown().lower()
    assert re.search(r"\b(lie|lies|lying|liar|decept\w*|deceit|truthful\w*|diagnos\w*)\b", text) is None


GOOD = {"id": "tight-smile", "name": "Tight smile", "formula": "12+24", "citation": "our own choice"}


def test_a_users_own_is_read_from_toml_and_from_a_mapping():
    made = parse(GOOD)
    text = 'id = "tight-smile"\nname = "Tight smile"\nformula = "12 + au24"\ncitation = "our own choice"\n'
    assert parse(text).required == made.required
    assert parse(f"[[combination]]\n{text}").id == "tight-smile"
    assert (made.group, made.grade, made.kind) == ("own", "ours", "expression")
    assert str(made.citation[0]) == "our own choice"
    rich = parse({**GOOD, "formula": "U12B+R14/15C[+25/26]", "without": "6D+9", "order": ["12"], "least_ms": 200})
    assert [[str(unit) for unit in group] for group in rich.required] == [["U12B"], ["R14", "15C"]]
    assert [[str(unit) for unit in group] for group in rich.optional] == [["25", "26"]]
    assert [str(unit) for unit in rich.excluded] == ["6D", "9"]
    assert rich.variants[0].timing.least_us == 200_000
    assert parse({**GOOD, "formula": "12B", "without": "12D"}).excluded[0].letter == "D"  # a range


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"formula": "3+12"}, "'3' is not a FACS code"),
        ({"formula": "12+smile"}, "formula: 'smile' is not a code"),
        ({"formula": "12++4"}, "cannot be read; join codes with"),
        ({"formula": "[12]+4"}, "cannot be read"),
        ({"formula": "12F"}, "'12F' is not a code"),
        ({"formula": "U25+12"}, "25 .* has no side"),
        ({"formula": "70+12"}, "formula: 70 says what cannot be seen"),
        ({"formula": "12+12B"}, "12 is asked for twice"),
        ({"formula": "24+25"}, "24 and 25 exclude each other"),
        ({"formula": "51+52"}, "together_ms"),
        ({"formula": ""}, "formula: write the codes"),
        ({"formula": "1+" * 150 + "2"}, "at most 200 characters"),
        ({"without": "12"}, "without: 12 contradicts 12"),
        ({"formula": "12C", "without": "12B"}, "12B contradicts 12C"),
        ({"without": "6/7"}, "without: join the codes with"),
        ({"citation": ""}, "citation: "),
        ({"id": "Tight smile"}, "id: write small letters"),
        ({"name": " "}, "name: write what it is called"),
        ({"name": 7}, "name: write text"),
        ({"kind": "mood"}, "kind: write one of"),
        ({"group": "joy"}, "group: write one of"),
        ({"grade": "certain"}, "grade: write one of"),
        ({"formual": "12"}, "formual: there is no such field"),
        ({"least_ms": -3}, "least_ms: write a number"),
        ({"least_ms": 500, "longest_ms": 200}, "nothing could last that long"),
        ({"order": ["6"]}, "order: 6 is not among"),
        ({"variant": [{"formula": "1"}]}, "formula: write it inside the variants"),
        ({"formula": None}, "formula: write text"),
        ({"score": {"parts": [["4"]]}}, "score: write"),
    ],
)
def test_errors_name_the_field_and_say_what_to_do(change, words):
    with pytest.raises(CombinationError, match=words) as raised:
        parse({**GOOD, **change})
    assert isinstance(raised.value, AnalysisError)
    assert str(raised.value).startswith("combination")


def test_files_of_several_say_what_is_wrong():
    one = '[[combination]]\nid = "a"\nname = "A"\nformula = "1"\ncitation = "own choice"\n'
    assert [found.id for found in parse_all(one + one.replace('"a"', '"b"'))] == ["a", "b"]
    with pytest.raises(CombinationError, match="'a' stands twice"):
        parse_all(one + one)
    with pytest.raises(CombinationError, match="This is not TOML"):
        parse_all("id = unquoted")
    with pytest.raises(CombinationError, match="begin each with a line"):
        parse_all("")
    two = {name: value for name, value in GOOD.items() if name != "formula"}
    with pytest.raises(CombinationError, match="are the same"):
        parse({**two, "variant": [{"formula": "12+24"}, {"formula": "12+24", "rank": "prototype"}]})
    with pytest.raises(CombinationError, match="there is no source 'nobody'"):
        parse({**GOOD, "citation": ["nobody"], "grade": "ours", "group": "own"}, sources())


def test_the_page_holds_the_table_that_the_data_gives():
    page = (REPOSITORY / "docs" / "combinations.md").read_text(encoding="utf-8")
    table = combination_table.markdown()
    assert table in page, "run: python -m analysis combinations --list, and put it under 'All entries'"
    for name, words in {**GRADES, **CHECKS}.items():
        assert f"| {name} | {words} |" in page
    assert all(f"*({one.checked})*" in page for one in sources().values())
    assert {code for one in catalogue() for code in one.codes} <= set(CATALOGUE)
