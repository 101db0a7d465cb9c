"""Combinations and states in a report: from the signed coding, from the machine's reading, or not at all."""

from __future__ import annotations

import pytest

from facsweb.meaning import job, services
from facsweb.reports import meaning
from facsweb.studies.models import Consent, Scope
from tests.reports.test_document_text import squeezed, text_of

pytestmark = pytest.mark.django_db


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
