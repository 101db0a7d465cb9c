"""Nothing is computed that may not be shown: engagement and indicators by consent, law and recorded exception."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest
from django.urls import reverse

from facsweb.meaning import inputs, lanes, services
from facsweb.meaning.indicator_trial import sessions
from facsweb.meaning.models import Reading
from facsweb.studies import justifying
from facsweb.studies import services as studies
from facsweb.studies.models import Consent, Scope, Study
from facsweb.studies.withdrawing import withdraw

REASON = "Drivers fall asleep at the wheel; the safety officer and the works council agreed."


def engagement(reading) -> int:
    path = services.folder(reading) / "engagement.parquet"
    return pq.read_table(path).num_rows if path.is_file() else 0


def values(reading) -> list:
    path = services.folder(reading) / "indicators.json"
    told = json.loads(path.read_text()) if path.is_file() else {"faces": []}
    return [one["value"] for face in told["faces"] for one in face["indicators"]]


def test_with_consent_there_is_engagement(run, read):
    reading = read(run)
    assert "indicators" in reading.inputs["scopes"]
    assert engagement(reading) > 0
    assert "engagement" in {one["id"] for one in lanes.lanes(reading, 0)}


def test_without_consent_to_indicators_states_are_read_and_no_engagement_is(run, read, consent, client_as, people):
    scopes = [str(scope) for scope in Scope if scope != Scope.INDICATORS]
    Consent.objects.filter(pk=consent.pk).update(scopes=scopes)
    reading = read(run)
    assert "states.json" in reading.files
    assert engagement(reading) == 0
    assert set(values(reading)) <= {None}
    assert "engagement" not in {one["id"] for one in lanes.lanes(reading, 0)}
    page = client_as("analyst").get(reverse("meaning:session", args=[run.pk])).content.decode()
    assert "No engagement and no indicators are computed: P-001 did not agree to them." in page
    assert sessions(people["analyst"], run.study) == []


def test_taking_indicators_back_removes_the_reading_and_reads_the_rest_again(run, read, consent):
    first = read(run)
    folder = services.folder(first)
    withdraw(None, consent, scopes=["indicators"])
    assert not Reading.objects.filter(pk=first.pk).exists()
    assert services.active(run) is not None
    again = read(run)
    assert engagement(again) == 0
    assert "states.json" in again.files
    assert folder != services.folder(again)


def test_a_reading_from_before_the_question_shows_no_indicators(run, read, client_as):
    reading = read(run)
    before = {**reading.inputs, "scopes": [one for one in reading.inputs["scopes"] if one != "indicators"]}
    Reading.objects.filter(pk=reading.pk).update(inputs=before)
    reading.refresh_from_db()
    assert not inputs.kept_indicators(reading)
    assert "engagement" not in {one["id"] for one in lanes.lanes(reading, 0)}
    told = client_as("analyst").get(reverse("meaning:lanes", args=[run.pk])).json()
    assert told["indicators"] is None


@pytest.mark.parametrize("setting", ["workplace", "recruitment"])
def test_a_study_that_moves_where_it_is_prohibited_loses_its_readings(run, read, people, study, setting):
    first = read(run)
    fields = {"name": study.name, "purpose": study.purpose, "jurisdiction": "Germany"}
    study.consent_forms.update(scopes=["video"])  # what participants agreed to stays; the form asks no more
    studies.change_study(people["administrator"], study, setting=setting, **fields)
    assert not Reading.objects.filter(pk=first.pk).exists()
    waiting = read(run)  # voice and words may still be read
    assert "states.json" not in waiting.files
    assert engagement(waiting) == 0


def test_a_recorded_exception_lets_be_read_and_taking_it_back_removes(run, read, people, study, client_as):
    Study.objects.filter(pk=study.pk).update(setting="workplace")
    run.refresh_from_db()
    closed = read(type(run).objects.get(pk=run.pk))
    assert "states.json" not in closed.files
    page = client_as("analyst").get(reverse("meaning:session", args=[run.pk])).content.decode()
    assert "estimating emotions is prohibited here (EU AI Act, Article 5(1)(f))" in page
    made = justifying.justify(people["administrator"], study, ground="safety", reason=REASON)
    assert services.active(run) is not None  # it is read again by itself
    opened = read(type(run).objects.get(pk=run.pk))
    assert opened.inputs["exception"]["reason"] == REASON
    assert engagement(opened) > 0
    told = json.loads((services.folder(opened) / "meaning.json").read_text())
    assert told["allowed"]["override"]["by"] == "Administrator Person"
    justifying.take_back(people["administrator"], made, reason="The trial is over.")
    assert not Reading.objects.filter(pk=opened.pk).exists()
