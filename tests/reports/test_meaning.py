"""Combinations and states in a report: from the signed coding, from the machine's reading, or not at all."""

from __future__ import annotations

import pytest

from analysis.indicators import formulas
from analysis.indicators.statement import EXPLORATORY, STATEMENT
from facsweb.coding.models import Layer
from facsweb.meaning import indicators, job, services
from facsweb.reports import document, meaning
from facsweb.studies.models import Consent, Scope, Study
from tests.reports.test_document_text import squeezed, text_of

pytestmark = pytest.mark.django_db
#: A worker's heartbeat is a connection of its own, which must see what the test wrote.
WORKING = pytest.mark.django_db(transaction=True)


def test_combinations_are_those_of_the_signed_coding(layer):
    told = meaning.section(layer)
    found = {row["id"]: row for row in told["combinations"]}
    assert found["happiness"]["codes"].startswith("6")
    assert "12C" in found["happiness"]["codes"], "as the coder changed it, not as the machine proposed it"
    assert found["duchenne-smile"]["grade"]
    assert not {"blink"} & set(found)
    assert told["states"] == []
    assert told["calibration"] == meaning.NO_COHORT


def test_without_consent_to_states_there_is_no_section(layer, consent):
    Consent.objects.filter(pk=consent.pk).update(scopes=[str(Scope.VIDEO)])
    layer.refresh_from_db()
    assert meaning.section(layer) is None


@pytest.fixture
def read(layer, redis):
    reading = services.ask(None, layer.run)
    job.perform(reading.pk, 1, worker="worker A")
    reading.refresh_from_db()
    assert reading.state == "succeeded", reading.error + reading.error_detail


@WORKING
def test_the_document_says_both_and_what_they_are_not(read, report, client_as):
    said = report.sign_off.content["meaning"]
    assert said["states"][0]["rows"][0]["value"] > 0
    assert said["reading"]["versions"]
    text = squeezed(text_of(report.pdf.read()))
    for words in ("Combinations and states", "never a diagnosis", "Duchenne", "joy", "90 % interval", "No cohort"):
        assert squeezed(words) in text
    page = client_as("manager").get(f"/reports/{report.pk}/").content.decode()
    assert "Combinations and states" in page
    assert "joy" in page


@WORKING
def test_indicators_are_frozen_with_formula_decomposition_and_statement(layer, people, client_as, redis):
    formula = formulas.as_row(formulas.shipped().indicators[0])
    formula["input"] = formula["input"][1:]
    fields = {key: formula[key] for key in ("name", "note", "input")}
    indicators.save(people["analyst"], layer.study, "trust_score", fields, reason="No smiles here.", expected=0)
    reading = services.active(layer.run)
    job.perform(reading.pk, 1, worker="worker A")
    said = meaning.section(layer)["indicators"]
    one, other, _ = said["faces"][0]["list"]
    assert one["value"] is None
    assert "at least 60 s" in one["why"][0]
    assert one["formula"].startswith("this study’s own formula, version 1, by Analyst Person")
    assert [row["weight"] for row in one["inputs"]] == [0.25] * 4
    assert other["formula"].startswith("shipped formula")
    scopes = [str(scope) for scope in Scope if scope != Scope.INDICATORS]
    Consent.objects.filter(participant__study=layer.study).update(scopes=scopes)
    (one, *_) = meaning.section(Layer.objects.get(pk=layer.pk))["indicators"]["faces"][0]["list"]
    assert (one["value"], one["inputs"]) == (None, []), "an older reading is shown as the rules are now"
    assert "does not cover exploratory indicators" in one["why"][0]
    Study.objects.filter(pk=layer.study.pk).update(setting="recruitment", jurisdiction="Brazil")
    assert meaning.section(Layer.objects.get(pk=layer.pk)) is None


def test_the_document_shows_an_indicator_s_value_and_what_it_is_made_of(sign_off):
    row = {"id": "face_valence", "label": "Valence of the face, mean", "unit": "−1 to 1", "weight": 0.6}
    row |= {"direction": "lowers", "anchors": [-0.5, 0.5], "points": 18.0, "most": 60.0, "missing": None}
    rows = [row | {"value": -0.25, "low": -0.31, "high": 0.02}]
    rows.append(row | {"label": "Blinks", "value": None, "low": None, "high": None, "missing": "None was seen."})
    one = {"id": "own_calm", "name": "Calm", "note": "Ours.", "value": 61.6, "low": 40.2, "high": 77.9, "why": []}
    one |= {"formula": "this study’s own formula, version 3, by A. Person, 2026-11-22", "inputs": rows}
    told = {"statement": STATEMENT, "word": EXPLORATORY, "covers": "", "faces": [{"face": 0, "list": [one]}]}
    content = sign_off.content | {"meaning": sign_off.content["meaning"] | {"indicators": told}}
    text = squeezed(text_of(document.typeset(content, "0" * 64)))
    words = (
        STATEMENT,
        "62, exploratory",
        "90 % interval 40 to 78 of 100",
        "version 3, by A. Person",
        "−0.25",
        "−0.31 to 0.02",
    )
    for said in (*words, "18.0 of 60.0", "60.0 %", "Not measured, counted as the middle. None was seen."):
        assert squeezed(said) in text
    before = {key: value for key, value in sign_off.content["meaning"].items() if key != "indicators"}
    document.typeset(sign_off.content | {"meaning": before}, "0" * 64)  # a report from before there were any
