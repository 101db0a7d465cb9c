"""The study page and the participant page, which join all layers."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from facsweb.home.progress import progress_of, with_progress
from facsweb.recordings.models import Recording
from facsweb.runs.models import AnalysisRun
from facsweb.studies import services
from facsweb.studies.models import Participant
from facsweb.studies.withdrawing import withdraw
from tests.factories import make_finished_run, make_recording


@pytest.fixture
def page(client_as, study):
    return lambda role="analyst", **query: client_as(role).get(reverse("studies:detail", args=[study.pk]), query)


@pytest.fixture
def recording(participant, consent, people):
    return make_recording(participant, people["analyst"])


def label(recording):
    return progress_of(with_progress(Recording.objects.filter(pk=recording.pk)).get()).label


def test_an_empty_study_shows_the_first_step(page, study):
    assert reverse("studies:participant_create", args=[study.pk]) in page().content.decode()
    coder = page("coder").content.decode()
    assert reverse("studies:participant_create", args=[study.pk]) not in coder
    assert "An analyst of this study adds them" in coder


def test_purpose_and_law_are_said_in_sentences(page):
    text = page().content.decode()
    assert "We want to see where people struggle." in text
    assert "under the law of Germany" in text
    assert "GDPR, Article 9" in text


def test_the_matrix_says_consent_and_progress(page, recording, people, study):
    make_finished_run(recording, people["analyst"])
    Participant.objects.create(study=study, code="P-002", created_by=people["analyst"])
    text = page().content.decode()
    assert "Ready to review" in text
    assert "Missing" in text
    assert reverse("coding:review", args=[recording.runs.get().pk]) in text


def test_links_follow_the_role(page, recording, study):
    administrator, coder = page("administrator").content.decode(), page("coder").content.decode()
    for name in ("studies:members", "studies:change", "audit:log"):
        assert reverse(name, args=[study.pk]) in administrator
        assert reverse(name, args=[study.pk]) not in coder
    assert reverse("recordings:upload", args=[recording.participant_id]) not in coder


@pytest.mark.parametrize("address", ["studies:detail", "home"])
def test_more_participants_take_no_more_queries(
    address, client_as, people, study, consent, django_assert_num_queries
):
    def fill(codes):
        for code in codes:
            participant = Participant.objects.create(study=study, code=code, created_by=people["analyst"])
            services.record_consent(
                people["analyst"], participant, consent.form, scopes=["video"], method="paper", signature=""
            )
            make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
            for state in ("failed", "running"):
                recording = make_recording(participant, people["analyst"])
                AnalysisRun.objects.create(recording=recording, created_by=people["analyst"], state=state)
            make_recording(participant, people["analyst"])
            Participant.objects.create(study=study, code=f"{code}-empty", created_by=people["analyst"])

    for role in ("analyst", "coder", "manager"):
        services.add_member(people["administrator"], study, people["administrator"], role)
    client = client_as("administrator")
    url = reverse(address, args=[study.pk] if address == "studies:detail" else [])
    fill(["A-1"])
    client.get(url)  # the first request of a session writes down where it comes from
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    fill(["A-2", "A-3", "A-4"])
    with django_assert_num_queries(len(few)):
        assert client.get(url).status_code == 200
    assert len(few) <= 24


def test_progress_of_a_recording_in_every_state(recording, people):
    from facsweb.coding.services import open_layer

    assert label(recording) == "Not analysed"
    run = AnalysisRun.objects.create(recording=recording, created_by=people["analyst"])
    assert label(recording) == "Waiting for a worker"
    runs = AnalysisRun.objects.filter(pk=run.pk)
    runs.update(state="running", done=50, total=None, started_at=timezone.now())
    assert label(recording) == "Analysing"
    runs.update(total=200)
    assert label(recording) == "Analysing, 25 %"
    runs.update(state="failed")
    assert label(recording) == "Analysis failed"
    runs.update(state="cancelled")
    assert label(recording) == "Analysis stopped"
    finished = make_finished_run(recording, people["analyst"])
    assert label(recording) == "Ready to review"
    layer = open_layer(people["coder"], finished)
    assert label(recording) == "Being coded"
    type(layer).objects.filter(pk=layer.pk).update(state="signed")
    assert label(recording) == "Signed"


def test_the_participant_page_says_what_may_happen_next(client_as, participant, people, consent):
    url = reverse("studies:participant", args=[participant.pk])
    upload = reverse("recordings:upload", args=[participant.pk])
    assert upload in client_as("analyst").get(url).content.decode()
    withdraw(people["analyst"], consent, reason="Not stated")
    text = client_as("analyst").get(url).content.decode()
    assert upload not in text
    assert "Withdrawn" in text
    assert "Not stated" in text
    assert reverse("studies:consent_create", args=[participant.pk]) in text
    coder = client_as("coder").get(url).content.decode()
    assert reverse("studies:consent_create", args=[participant.pk]) not in coder
    assert reverse("studies:consent", args=[consent.pk]) not in coder


def test_the_participant_page_keeps_the_history_and_names_old_versions(client_as, participant, people, consent):
    services.create_consent_form(people["administrator"], participant.study, title="N", body="N", scopes=["video"])
    text = client_as("analyst").get(reverse("studies:participant", args=[participant.pk])).content.decode()
    assert "Given to version 1 of the form; the newest is version 2" in text
    services.record_consent(
        people["analyst"],
        participant,
        services.current_form(participant.study),
        scopes=["video"],
        method="paper",
        signature="",
    )
    text = client_as("analyst").get(reverse("studies:participant", args=[participant.pk])).content.decode()
    assert "Ended" in text
    assert "In force" in text
