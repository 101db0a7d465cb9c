"""A study's own formulas of indicators: refused, tried, saved, taken back, used by readings, told apart."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest
from django.urls import reverse

from analysis.indicators import formulas
from facsweb.audit.models import Entry
from facsweb.coding.models import Layer
from facsweb.meaning import comparing_formulas, indicators, inputs, services
from facsweb.meaning.models import OwnIndicator, Reading
from facsweb.studies.models import Consent, Scope

pytestmark = pytest.mark.django_db
#: A worker's heartbeat is a connection of its own, which must see what the test wrote.
WORKING = pytest.mark.django_db(transaction=True)
SHIPPED = formulas.shipped().indicators[0]


def address(page, study, *more):
    return reverse(f"meaning:{page}", args=[study.pk, *more])


def typed(one=SHIPPED, **changed):
    """What the page sends: the formula, the session to try it on left out."""
    data = {"note": one.note, "reason": "Nods count double here.", "expected": "0", "action": "save"}
    for row in formulas.as_row(one)["input"]:
        key = row["input"]
        data |= {f"{key}-{name}": str(row[name]) for name in ("weight", "direction", "low", "high", "why")}
        data |= {f"{key}-used": "on", f"{key}-sources": "\n".join(row["sources"])}
    return {key: value for key, value in (data | changed).items() if value is not None}


DOUBLE = {"nod_rate-weight": "2", "nod_rate-high": "8", "duchenne_share-used": None}
ADDED = {
    **{"blink_rate-used": "on", "blink_rate-weight": "1", "blink_rate-direction": "lowers", "blink_rate-low": "5"},
    **{"blink_rate-high": "35", "blink_rate-why": "A guess.", "blink_rate-sources": "Our pilot 2, 2026"},
}


@pytest.fixture
def saved(study, people):
    row = formulas.as_row(SHIPPED)
    row["input"][2]["weight"] = 2.0
    fields = {key: row[key] for key in ("name", "note", "input")}
    return indicators.save(people["analyst"], study, "trust_score", fields, reason="Nods count.", expected=0)


def test_the_page_shows_formulas_inputs_sources_statement_and_what_is_fixed(client_as, study):
    assert client_as("manager").get(address("indicators", study)).status_code == 403
    page = client_as("coder").get(address("indicators", study)).content.decode()
    for one in formulas.shipped().indicators:
        assert f"{one.name}, <span>exploratory</span>" in page
        for term in one.terms:
            assert f"u({term.input.id}, {term.low:g}, {term.high:g})" in page
    for words in (
        "does not detect",
        "no validated Action Unit formula",
        "What nobody changes here",
        "at least 60 s",
    ):
        assert words in page
    assert page.count("against:") == sum(
        source.startswith("against:") for one in formulas.shipped().indicators for term in one.terms
        for source in term.sources
    )  # fmt: skip
    study.setting = "recruitment"
    study.save()
    assert (
        "computes no indicator about applicants"
        in client_as("coder").get(address("indicators", study)).content.decode()
    )


def test_one_is_changed_with_its_reason_and_taken_back_step_by_step(client_as, study, people):
    coder = client_as("coder")
    change = address("indicator_change", study, "trust_score")
    page = coder.post(change, typed(**DOUBLE, **ADDED), follow=True).content.decode()
    assert "Trust Score is saved as the study’s version 1" in page
    assert "This study’s own formula, version 1, by Coder Person" in page
    assert "+ 2 · u(nod_rate, 0, 8)" in page
    one = OwnIndicator.objects.get()
    assert (one.key, one.number, one.author, one.removed) == ("trust_score", 1, people["coder"], False)
    assert one.reason == "Nods count double here."
    assert one.changes == [
        "Share of smiling time with 6 beside 12: left out",
        "Nods per minute: weight 2, no longer 1, between 0 and 8, no longer between 0 and 6",
        "Blinks (45) per minute: added, weight 1, between 5 and 35, lowers the value",
    ]
    kept = formulas.of(one.definition)
    assert (kept.name, kept.version, kept.author) == ("Trust Score", "own 1", "Coder Person")
    coder.post(change, typed(kept, expected="1", **{"blink_rate-weight": "3"}))
    back = address("indicator_back", study, "trust_score")
    late = coder.post(back, {"number": "1", "expected": "1"}, follow=True).content.decode()
    assert "Somebody else changed this formula" in late
    coder.post(back, {"number": "1", "expected": "2"})
    assert indicators.entry(study, "trust_score").row.number == 3
    assert indicators.entry(study, "trust_score").indicator.terms == kept.terms
    page = coder.post(back, {"number": "0", "expected": "3"}, follow=True).content.decode()
    assert "Back to the shipped formula. The study’s recordings" in page
    assert indicators.entry(study, "trust_score").indicator == SHIPPED
    versions = coder.get(change).content.decode()
    assert [row.number for row in indicators.revisions(study, "trust_score")] == [4, 3, 2, 1]
    assert versions.count("Bring it back") == 3
    twice = coder.post(back, {"number": "0", "expected": "4"}, follow=True).content.decode()
    assert "that is what holds already" in twice
    told = [entry.details for entry in Entry.objects.filter(action="indicator.write").order_by("number")]
    assert [one["number"] for one in told] == [1, 2, 3, 4]
    assert told[0]["reason"] == "Nods count double here."
    assert told[3]["removed"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("nod_rate-weight", "0", "more than 0"),
        ("nod_rate-weight", "much", "Enter a number."),
        ("nod_rate-weight", "", "Weight is a number."),
        ("nod_rate-high", "0", "Low must be less than high, and both within 0 to 60 (per minute)"),
        ("nod_rate-direction", "sideways", "Select a valid choice"),
        ("nod_rate-why", " ", "Why is a text of 1 to 600 characters."),
        ("nod_rate-why", "Liars nod.", "the product does not detect that"),
        ("nod_rate-sources", "", "Name a source"),
        ("note", "Shows who is honest.", "the product does not detect that"),
        ("reason", "", "This field is required."),
        ("reason", "To find lies", "the product does not detect that"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_nothing_typed_is_lost(client_as, study, field, value, said):
    answer = client_as("analyst").post(
        address("indicator_change", study, "trust_score"),
        typed(**{"gaze_toward-why": "Typed just now", field: value}),
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    error = re.search(rf'id="id_{field}_error">(.*?)</ul>', page)
    assert error, "at its field"
    assert said in error[1]
    assert "Typed just now" in page
    assert not OwnIndicator.objects.exists()


def test_a_formula_of_one_input_and_one_without_a_change_are_refused(client_as, study):
    change = address("indicator_change", study, "trust_score")
    one = {f"{term.input.id}-used": None for term in SHIPPED.terms[1:]}
    assert "It needs 2 to 30 inputs." in client_as("analyst").post(change, typed(**one)).content.decode()
    same = client_as("analyst").post(change, typed())
    assert same.status_code == 422
    assert "nothing was saved" in same.content.decode().lower()
    assert not OwnIndicator.objects.exists()


def test_an_indicator_of_the_study_s_own(client_as, study):
    analyst, new = client_as("analyst"), address("indicator_new", study)
    refused = {"Truth": "does not detect", "lie-score": "does not detect", "Diagnosis": "no judgement"}
    for name, said in {**refused, "trust score": "has an indicator of this name"}.items():
        answer = analyst.post(new, typed(name=name))
        assert answer.status_code == 422
        assert said in answer.content.decode()
    analyst.post(new, typed(name="Warmth"))
    assert [one.name for one in indicators.entries(study)][-1] == "Warmth"
    analyst.post(address("indicator_back", study, "own_warmth"), {"number": "0", "expected": "1"})
    page = analyst.get(address("indicators", study)).content.decode()
    assert "Taken out" in page
    assert "Warmth, <span>" not in page
    shown = analyst.get(address("indicator_change", study, "own_warmth")).content.decode()
    assert 'value="Warmth"' in shown
    analyst.post(address("indicator_back", study, "own_warmth"), {"number": "1", "expected": "2"})
    assert indicators.entry(study, "own_warmth").row.number == 3
    assert analyst.post(new, typed(name="Wärmth")).status_code == 302, (
        "another key for a name that is spelled otherwise"
    )
    assert OwnIndicator.objects.filter(key="own_warmth_2").exists()


def test_two_people_do_not_overwrite_each_other(client_as, study, saved):
    change = address("indicator_change", study, "trust_score")
    late = client_as("administrator").post(change, typed(**DOUBLE))
    assert late.status_code == 422
    assert "Somebody else changed this formula" in late.content.decode()
    assert 'name="nod_rate-weight" value="2"' in late.content.decode()
    assert OwnIndicator.objects.count() == 1


def test_the_file_of_formulas_is_what_the_engine_reads(client_as, study, saved):
    text = client_as("coder").get(address("indicators_file", study)).content.decode()
    found = formulas.parse(text)
    assert [one.id for one in found.indicators] == [one.id for one in formulas.shipped().indicators]
    assert found.indicators[0].version == "own 1"
    assert indicators.file_of(study, {"trust_score": 1}) == text
    assert indicators.file_of(study, {}) == ""


@WORKING
def test_trying_computes_both_and_writes_nothing(client_as, study, run, read):
    reading = read(run)
    assert reading.state == "succeeded", reading.error + reading.error_detail
    before = {path: path.read_bytes() for path in sorted(services.folder(reading).iterdir())}
    counts = Counter((model, model.objects.count()) for model in (OwnIndicator, Reading, Entry))
    change = address("indicator_change", study, "trust_score")
    answer = client_as("analyst").post(change, typed(**DOUBLE, action="try", session=str(run.pk), reason=None))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Nothing is saved" in page
    assert 'name="nod_rate-weight" value="2"' in page
    (one,) = answer.context["trial"].faces
    assert [row["most"] for row in one.typed["inputs"]] == [20.0, 40.0, 20.0, 20.0]
    assert [row["most"] for row in one.holds["inputs"]] == [20.0] * 5
    assert "at least 60 s are needed" in page, "ten seconds give no value, and say why"
    assert before == {path: path.read_bytes() for path in sorted(services.folder(reading).iterdir())}
    assert counts == Counter((model, model.objects.count()) for model in (OwnIndicator, Reading, Entry))


@WORKING
def test_nobody_tries_on_what_they_code_blind_or_nobody_agreed_to(client_as, study, run, read, people, consent):
    read(run)
    change = address("indicator_change", study, "trust_score")

    def offered(role):
        form = client_as(role).get(change).context["form"]
        return [value for value, _ in form.about.fields["session"].choices]

    assert offered("coder") == [str(run.pk)]
    Layer.objects.create(run=run, kind="coder", owner=people["coder"], mode="blind", state="open")
    assert offered("coder") == []
    sneaked = client_as("coder").post(change, typed(action="try", session=str(run.pk)))
    assert sneaked.status_code == 422
    assert sneaked.context["trial"] is None
    assert offered("analyst") == [str(run.pk)]
    Consent.objects.filter(pk=consent.pk).update(scopes=[str(Scope.VIDEO), str(Scope.AUDIO)])
    assert offered("analyst") == []


@WORKING
def test_a_reading_uses_the_formulas_that_hold_and_says_which(client_as, study, run, read, people):
    first = read(run)
    assert "indicators" not in first.inputs
    url = address("indicator_change", study, "trust_score")
    client_as("analyst").post(url, typed(**DOUBLE))
    assert services.is_outdated(first)
    assert Reading.objects.filter(run=run, state="queued").count() == 1, "read again by itself"
    reading = read(run)
    assert reading.state == "succeeded", reading.error + reading.error_detail
    assert reading.inputs["indicators"] == {"trust_score": 1}
    folder = services.folder(reading)
    told = json.loads((folder / "indicators.json").read_text())
    one = told["faces"][0]["indicators"][0]
    assert (one["version"], one["author"]) == ("own 1", "Analyst Person")
    assert [row["id"] for row in one["inputs"]][:2] == ["one_sided_14_rate", "nod_rate"]
    assert told["formulas"]["sha256"] == formulas.read(folder / "formulas.toml").sha256
    assert "formulas.toml" in reading.files
    said = "his study’s own formula, version 1, by Analyst Person"
    assert f"T{said}" in client_as("coder").get(f"/runs/{run.pk}/meaning/").content.decode()
    drawer = json.loads(client_as("coder").get(f"/runs/{run.pk}/lanes?face=0").content)["indicators"]
    assert f"T{said}" in drawer["list"][0]["formula"]
    assert drawer["list"][1]["formula"].startswith("Shipped formula 1.")
    client_as("analyst").post(address("indicator_back", study, "trust_score"), {"number": "0", "expected": "1"})
    again = read(run)
    assert "indicators" not in again.inputs
    assert not services.is_outdated(again)
    assert not (services.folder(again) / "formulas.toml").exists()
    assert inputs.own_indicators(study) == []


def test_a_formula_whose_input_is_gone_stops_no_page(client_as, study, saved):
    definition = {**saved.definition, "input": [*saved.definition["input"][:2], {"input": "gone"}]}
    OwnIndicator.objects.filter(pk=saved.pk).update(definition=definition)
    for page in (address("indicators", study), address("indicator_change", study, "trust_score")):
        assert "no such input" in client_as("coder").get(page).content.decode()
    client_as("coder").post(address("indicator_back", study, "trust_score"), {"number": "0", "expected": "1"})
    assert indicators.entry(study, "trust_score").indicator == SHIPPED


def test_sessions_of_different_formulas_are_told_apart_by_what_decides_the_value():
    def told(weight, version):
        row = {"id": "nod_rate", "weight": weight, "direction": "raises", "anchors": [0, 6]}
        return {"id": "trust_score", "version": version, "author": "A", "date": "2026-11-22", "inputs": [row]}

    def words(one, numbers=None):
        return comparing_formulas._sign(one), comparing_formulas.which(one, numbers)

    alike = {"trust_score": Counter([words(told(0.2, "own 1"), {"trust_score": 1}), words(told(0.2, "1.0"))])}
    assert comparing_formulas.mixed(alike) == {}
    ((_, used),) = comparing_formulas.used(alike)
    assert "1 with shipped formula 1.0" in used
    apart = {"trust_score": Counter([words(told(0.4, "own 1"), {"trust_score": 1}), words(told(0.2, "1.0"))])}
    assert "1 with this study’s own formula, version 1, by A" in comparing_formulas.mixed(apart)["trust_score"]
    assert comparing_formulas.used(apart) == []
