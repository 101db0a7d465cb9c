"""A real reading by the API: what consent and the law allow, and nothing else, whatever was found before."""

from __future__ import annotations

import pytest

from facsweb.meaning.models import Reading
from facsweb.studies.models import Consent
from facsweb.studies.withdrawing import withdraw
from tests.meaning.conftest import read, run  # noqa: F401  (fixtures)

pytestmark = pytest.mark.django_db(transaction=True)  # the pulse of a reading looks into the database from outside


@pytest.fixture
def told(run, read, caller):  # noqa: F811
    """A finished reading, and how to ask for it."""
    reading = read(run)
    assert reading.state == Reading.State.SUCCEEDED, reading.error_detail
    return lambda: caller("analyst").get(f"/runs/{run.pk}/reading").json()


def test_a_reading_is_shown_with_its_intervals(told, run):  # noqa: F811
    found = told()
    assert found["withheld"] == []
    (face,) = found["faces"]
    names = {one["name"] for one in face["combinations"]}
    assert any("smile" in name.lower() for name in names), names
    assert {"neutral", "valence", "arousal"} <= {one["name"] for one in face["session"]}
    valued = [one for one in face["session"] if one["value"] is not None]
    assert valued
    assert all(one["low"] <= one["value"] <= one["high"] for one in valued)
    assert face["indicators"]


def test_indicators_go_with_their_consent(told, people):
    withdraw(people["analyst"], Consent.objects.get(), scopes=["indicators"], reason="asked for")
    found = told()
    assert all(face["indicators"] == [] for face in found["faces"])
    assert any("did not agree to indicators" in words for words in found["withheld"])


def test_indicators_that_were_read_without_consent_stay_hidden_when_it_comes(told):
    """As on the session's page: what was computed without being asked for is not shown afterwards."""
    reading = Reading.objects.get()
    reading.inputs["scopes"].remove("indicators")
    reading.save()
    found = told()
    assert [face["indicators"] for face in found["faces"]] == [[]]
    assert any("before consent to them was asked for" in words for words in found["withheld"])


@pytest.mark.parametrize("setting", ["workplace", "education", "recruitment"])
def test_nothing_is_shown_where_the_law_prohibits_it_though_it_was_found_before(told, study, setting):
    study.setting = setting
    study.save()
    found = told()
    assert found["reading"] is not None
    assert found["faces"] == []
    assert "prohibited here (EU AI Act, Article 5(1)(f))" in " ".join(found["withheld"])
