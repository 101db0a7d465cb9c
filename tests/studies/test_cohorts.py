"""Cohorts: kept by administrators, stated by participants or left out, taken back, and never told by the log."""

from __future__ import annotations

import json
import uuid

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from analysis.calibration.cohorts import starter_cohorts
from facsweb.audit.models import Entry
from facsweb.studies import cohorts, services
from facsweb.studies.models import Cohort, Participant
from tests.studies.test_consent_pages import answers

pytestmark = pytest.mark.django_db
OWN = {
    "country": "fr",
    "country_name": "France",
    "language": "French",
    "name": "France, French",
    "description": "Grew up mostly in France, with French as a first language.",
}


@pytest.fixture
def text(study, people):
    from facsweb.studies.models import Scope

    asked = [Scope.VIDEO, Scope.CALIBRATION]
    return services.create_consent_form(people["administrator"], study, title="Form", body="Words.", scopes=asked)


@pytest.fixture
def turkish():
    return Cohort.objects.get(key="de-tr")


def test_the_starter_cohorts_are_there_from_the_beginning():
    found = {one.key: one for one in Cohort.objects.all()}
    assert set(found) == {one.id for one in starter_cohorts()}
    assert all(one.starter and one.active and one.created_by is None for one in found.values())
    assert found["jp-ja-40-on"].country_name == "Japan"


def test_an_own_cohort_is_made_once_and_keeps_its_key(people):
    pk = uuid.uuid4()
    one = cohorts.create_cohort(people["staff"], id=pk, **OWN)
    assert cohorts.create_cohort(people["staff"], id=pk, **OWN) == one
    assert (one.country, one.starter, one.active) == ("FR", False, True)
    changed = cohorts.change_cohort(people["staff"], one, **OWN | {"name": "France"})
    assert (changed.name, changed.key) == ("France", one.key)
    cohorts.change_cohort(people["staff"], one, **OWN | {"name": "France"})
    assert [entry.action for entry in Entry.objects.filter(action__startswith="cohort.").order_by("pk")] == [
        "cohort.create",
        "cohort.change",
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"country": "FRA"}, "Two letters"),
        ({"name": "Germany, Turkish"}, "already exists"),
        ({"language": " "}, "needed"),
        ({"description": ""}, "needed"),
    ],
)
def test_what_makes_no_cohort_is_refused(people, change, words):
    with pytest.raises(ValidationError, match=words):
        cohorts.create_cohort(people["staff"], **OWN | change)
    assert Cohort.objects.count() == len(starter_cohorts())


def test_a_statement_can_be_made_changed_and_removed_and_the_log_never_says_which(people, participant, turkish):
    analyst, german = people["analyst"], Cohort.objects.get(key="de-de")
    for cohort in (turkish, turkish, german, None, None):
        cohorts.state_cohort(analyst, participant, cohort)
    participant.refresh_from_db()
    assert participant.cohort is None
    told = list(Entry.objects.filter(action="participant.cohort").order_by("pk"))
    assert [entry.details["what"] for entry in told] == ["stated", "changed", "removed"]
    whole = json.dumps([entry.details for entry in Entry.objects.all()])
    assert "Turkish" not in whole
    assert "de-tr" not in whole
    assert str(turkish.pk) not in whole


def test_a_cohort_out_of_use_keeps_its_people_and_gets_no_new_ones(people, participant, turkish):
    cohorts.state_cohort(people["analyst"], participant, turkish)
    cohorts.set_active(people["staff"], turkish, False)
    cohorts.set_active(people["staff"], turkish, False)
    turkish.refresh_from_db()
    participant.refresh_from_db()
    assert participant.cohort == turkish
    assert turkish in cohorts.choices(participant)
    assert turkish not in cohorts.choices()
    other = Participant.objects.create(study=participant.study, code="P-2", created_by=people["analyst"])
    with pytest.raises(ValidationError, match="no longer in use"):
        cohorts.state_cohort(people["analyst"], other, turkish)
    assert Entry.objects.filter(action="cohort.deactivate").count() == 1
    (counted,) = cohorts.counted().filter(pk=turkish.pk)
    assert (counted.stated, counted.in_studies) == (1, 1)


def test_the_participant_page_shows_the_statement_and_leads_to_changing_it(client_as, participant, turkish):
    client = client_as("analyst")
    page = reverse("studies:participant", args=[participant.pk])
    change = reverse("studies:participant_cohort", args=[participant.pk])
    assert "Results are not calibrated for a cohort" in client.get(page).content.decode()
    asked = client.get(change).content.decode()
    assert "Only the participant says which cohort they belong to" in asked
    assert turkish.description in asked
    assert client.post(change, {"cohort": str(turkish.pk)})["Location"] == page
    shown = client.get(page).content.decode()
    assert "Germany, Turkish" in shown
    assert "As stated by the participant" in shown
    assert (
        "Germany, Turkish" in client.get(reverse("studies:detail", args=[participant.study_id])).content.decode()
    )
    client.post(change, {"cohort": ""})
    assert "Germany, Turkish" not in client.get(page).content.decode()
    assert client.post(change, {"cohort": str(uuid.uuid4())}).status_code == 422
    assert client_as("coder").get(change).status_code == 403


def test_a_consent_that_asks_about_calibration_asks_for_the_cohort(client_as, participant, text, turkish):
    url = reverse("studies:consent_create", args=[participant.pk])
    client = client_as("analyst")
    page = client.get(url, {"method": "paper"}).content.decode()
    assert 'name="cohort"' in page
    assert "I leave it out" in page
    given = {key: value for key, value in answers(text).items() if not key.startswith("scope_")}
    given |= {"scope_video": "yes", "scope_calibration": "yes", "cohort": str(turkish.pk)}
    assert client.post(url, given).status_code == 302
    participant.refresh_from_db()
    assert participant.cohort == turkish
    again = given | {"id": str(uuid.uuid4())}
    del again["cohort"]  # a form from before there were cohorts takes nothing away
    assert client.post(url, again).status_code == 302
    participant.refresh_from_db()
    assert participant.cohort == turkish
    client.post(url, given | {"id": str(uuid.uuid4()), "cohort": ""})
    participant.refresh_from_db()
    assert participant.cohort is None


def test_a_consent_that_does_not_ask_about_calibration_does_not(client_as, participant, study, people):
    services.create_consent_form(people["administrator"], study, title="Form", body="Words.", scopes=["video"])
    url = reverse("studies:consent_create", args=[participant.pk])
    assert 'name="cohort"' not in client_as("analyst").get(url, {"method": "paper"}).content.decode()


def test_a_new_participant_may_state_theirs_or_not(client_as, study, turkish):
    client = client_as("analyst")
    url = reverse("studies:participant_create", args=[study.pk])
    for code, cohort in (("P-8", str(turkish.pk)), ("P-9", "")):
        client.post(url, {"id": str(uuid.uuid4()), "code": code, "cohort": cohort})
    told = dict(Participant.objects.values_list("code", "cohort__key"))
    assert (told["P-8"], told["P-9"]) == ("de-tr", None)
