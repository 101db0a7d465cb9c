"""The pages about cohorts: what they show, to whom, and what their buttons do."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse

from facsweb.calibration import services
from facsweb.studies.cohorts import state_cohort
from facsweb.studies.models import Cohort
from tests.calibration.conftest import finished

pytestmark = pytest.mark.django_db
LIST = reverse("calibration:list")
OWN = {
    "country": "FR",
    "country_name": "France",
    "language": "French",
    "name": "France, French",
    "description": "Grew up mostly in France, with French as a first language.",
}


def text_of(answer):
    return " ".join(answer.content.decode().split())


def test_before_anything_is_signed_no_cohort_is_calibrated_and_the_page_says_so(client_as):
    text = text_of(client_as("staff").get(LIST))
    assert text.count("Not calibrated for this cohort") == 14
    assert "No cohort is calibrated" in text
    assert "No coding is signed yet" in text
    assert "It is never guessed from a face" in text
    assert "Calibrate now" not in text


@pytest.mark.parametrize("role", ["administrator", "analyst", "coder", "manager", "stranger"])
def test_only_administrators_of_the_installation_come_in(role, client_as):
    client = client_as(role)
    assert client.get(LIST).status_code == 403
    assert client.post(reverse("calibration:start")).status_code == 403
    assert LIST not in client.get(reverse("home")).content.decode()


def test_administrators_find_it_and_keep_the_list(client_as):
    client = client_as("staff")
    assert f'href="{LIST}"' in client.get(reverse("home")).content.decode()
    new = reverse("calibration:cohort_create")
    assert client.post(new, {"id": str(uuid.uuid4()), **OWN, "country": "FRA"}).status_code == 422
    data = {"id": str(uuid.uuid4()), **OWN}
    assert [client.post(new, data).url for _ in range(2)] == [LIST, LIST]
    cohort = Cohort.objects.get(name="France, French")
    change, use = (reverse(f"calibration:cohort_{name}", args=[cohort.pk]) for name in ("change", "use"))
    client.post(change, {**data, "name": "Germany, German"})
    cohort.refresh_from_db()
    assert cohort.name == "France, French", "there is one of that name"
    assert client.post(change, {**data, "name": "France"}).url == LIST
    client.post(use, {"active": "no"})
    cohort.refresh_from_db()
    assert (cohort.name, cohort.active) == ("France", False)
    assert "not offered" in text_of(client.get(LIST))
    client.post(use, {"active": "yes"})
    cohort.refresh_from_db()
    assert cohort.active


def test_who_stated_a_cohort_is_counted_and_not_named(client_as, people, participant):
    state_cohort(people["analyst"], participant, Cohort.objects.get(key="de-tr"))
    text = text_of(client_as("staff").get(LIST))
    assert participant.code not in text
    (cohort,) = Cohort.objects.filter(key="de-tr")
    page = text_of(client_as("staff").get(reverse("calibration:cohort_change", args=[cohort.pk])))
    assert "Participants stated this cohort" in page


def test_a_calibration_shows_its_errors_its_gaps_and_what_it_cannot_say(client_as, people):
    version = finished(people["staff"])
    client = client_as("staff")
    text = text_of(client.get(reverse("calibration:version", args=[version.pk])))
    for words in (
        "Germany, German",
        "3 of 8 participants",
        "No cohort stated",
        "Largest distance between two cohorts’ errors, before",
        "What cannot be said from it",
        "no sample of a country",
        "Display rules of Japan, Japanese: 40 and over",
        "cannot detect lies",
    ):
        assert words in text, words
    said = services.content(version)
    before = said.for_cohort("jp-ja-40-on").error.before
    assert f"{before.value:.2f}" in text
    assert f"[{before.low:.2f}, {before.high:.2f}]" in text
    told = client.get(reverse("calibration:download", args=[version.pk]))
    assert told.json()["participants"] == said.participants
    assert "attachment" in told.headers["Content-Disposition"]


def test_choosing_is_a_person_s_and_shows_in_the_list(client_as, people):
    version = finished(people["staff"])
    client = client_as("staff")
    listed = text_of(client.get(LIST))
    assert "2 of 3" in listed
    assert "Applied" not in listed
    client.post(reverse("calibration:choose"), {"version": str(version.pk)})
    listed = text_of(client.get(LIST))
    assert listed.count("Calibrated for 1 Action Unit<") == 2
    assert "Apply none" in listed
    client.post(reverse("calibration:choose"), {"version": ""})
    assert services.applied() is None
    assert text_of(client.get(LIST)).count("Not calibrated for this cohort") == 14
