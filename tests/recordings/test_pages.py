"""Upload page, recording page, rename, delete: what they say, and to whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from facsweb.audit.models import Entry
from facsweb.coding.machine import make_machine_layer
from facsweb.coding.services import open_layer
from facsweb.recordings import files
from facsweb.recordings.models import Recording
from facsweb.reports.models import SignOff
from facsweb.studies.withdrawing import withdraw
from tests.factories import make_finished_run, make_recording


@pytest.fixture
def recording(participant, consent, people) -> Recording:
    return make_recording(participant, people["analyst"])


def text(response) -> str:
    return " ".join(response.content.decode().split())


# --- the upload page -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "status"),
    [("administrator", 200), ("analyst", 200), ("coder", 403), ("manager", 403), ("stranger", 404)],
)
def test_who_may_open_the_upload_page(client_as, participant, consent, role, status):
    assert client_as(role).get(f"/participants/{participant.pk}/upload/").status_code == status


def test_the_upload_page_tells_what_was_agreed_to(client_as, participant, consent):
    client, address = client_as("analyst"), f"/participants/{participant.pk}/upload/"
    assert "agreed to video and sound" in text(client.get(address))
    consent.scopes = ["video"]
    consent.save()
    assert "not to sound: a file with sound is refused" in text(client.get(address))


def test_without_consent_the_upload_page_leads_to_the_consent(client_as, participant):
    page = text(client_as("analyst").get(f"/participants/{participant.pk}/upload/"))
    assert "Consent comes first" in page
    assert f"/participants/{participant.pk}/consent/" in page
    assert "dropzone" not in page


def test_the_upload_page_works_under_the_strict_policy(client_as, participant, consent):
    response = client_as("analyst").get(f"/participants/{participant.pk}/upload/")
    assert "script-src 'self';" in response["Content-Security-Policy"] + ";"
    assert "unsafe" not in response["Content-Security-Policy"]
    assert "<noscript>" in text(response)
    assert " style=" not in text(response)


def test_unfinished_uploads_are_listed_for_their_owner_only(tus, client_as):
    address = tus.begin(10, "half.mp4")
    tus.patch(address, 0, b"01234")
    page = f"/participants/{tus.participant.pk}/upload/"
    assert "half.mp4" in text(tus.client.get(page))
    assert "half.mp4" not in text(client_as("administrator").get(page))


# --- the recording page --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "status"),
    [("administrator", 200), ("analyst", 200), ("coder", 200), ("manager", 403), ("stranger", 404)],
)
def test_who_may_open_the_recording_page(client_as, recording, role, status):
    assert client_as(role).get(f"/recordings/{recording.pk}/").status_code == status


def test_the_recording_page_shows_the_facts(client_as, recording):
    page = text(client_as("analyst").get(f"/recordings/{recording.pk}/"))
    for fact in (
        "00:00:10.000",
        "640 × 480",
        "25 frames/s",
        recording.sha256,
        f"/recordings/{recording.pk}/video",
    ):
        assert fact in page
    assert "Start analysis" in page
    assert "Delete" not in page


def test_a_coder_is_not_offered_what_is_refused(client_as, recording):
    page = text(client_as("coder").get(f"/recordings/{recording.pk}/"))
    for action in ("Start analysis", "Rename", "Delete"):
        assert action not in page
    assert "Delete" in text(client_as("administrator").get(f"/recordings/{recording.pk}/"))


def test_runs_are_listed(client_as, recording, people):
    run = make_finished_run(recording, people["analyst"])
    page = text(client_as("coder").get(f"/recordings/{recording.pk}/"))
    assert f"/runs/{run.pk}/" in page
    assert "Finished" in page
    assert "Review" in page


def test_without_consent_nothing_can_be_started(client_as, recording, consent, people):
    withdraw(people["analyst"], consent, reason="not stated")
    page = text(client_as("analyst").get(f"/recordings/{recording.pk}/"))
    assert "No current consent covers this recording" in page
    assert "Start" not in page


@pytest.mark.parametrize("state", ["waiting", "making"])
def test_the_page_asks_again_while_the_copy_is_being_made(client_as, recording, state):
    Recording.objects.filter(pk=recording.pk).update(proxy_state=state, proxy_percent=42)
    page = text(client_as("coder").get(f"/recordings/{recording.pk}/"))
    assert 'hx-trigger="every 2s"' in page
    assert "<video" not in page
    assert ("42 %" in page) == (state == "making")


# --- rename --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "status"),
    [("administrator", 302), ("analyst", 302), ("coder", 403), ("manager", 403), ("stranger", 404)],
)
def test_who_may_rename(client_as, recording, role, status):
    response = client_as(role).post(f"/recordings/{recording.pk}/change/", {"title": "Second talk"})
    assert response.status_code == status
    recording.refresh_from_db()
    assert recording.title == ("Second talk" if status == 302 else "Interview 1")
    assert Entry.objects.filter(action="recording.rename").count() == (status == 302)


def test_the_same_title_writes_nothing(client_as, recording):
    client_as("analyst").post(f"/recordings/{recording.pk}/change/", {"title": " Interview 1 "})
    assert not Entry.objects.filter(action="recording.rename").exists()


def test_no_title_is_a_form_error(client_as, recording):
    assert client_as("analyst").get(f"/recordings/{recording.pk}/change/").status_code == 200
    response = client_as("analyst").post(f"/recordings/{recording.pk}/change/", {"title": " "})
    assert response.status_code == 422
    assert "This field is required" in text(response)


# --- delete --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["analyst", "coder", "manager", "stranger"])
def test_only_administrators_delete(client_as, recording, role):
    status = 404 if role == "stranger" else 403
    assert client_as(role).get(f"/recordings/{recording.pk}/delete/").status_code == status
    assert client_as(role).post(f"/recordings/{recording.pk}/delete/").status_code == status
    assert Recording.objects.filter(pk=recording.pk).exists()


def test_deleting_removes_files_and_keeps_a_tombstone(
    client_as, recording, people, django_capture_on_commit_callbacks
):
    run = make_finished_run(recording, people["analyst"])
    make_machine_layer(run)
    open_layer(people["coder"], run)
    folder = files.recording_folder(recording.pk)
    client = client_as("administrator")
    assert "Delete for good" in text(client.get(f"/recordings/{recording.pk}/delete/"))
    assert folder.exists()
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(f"/recordings/{recording.pk}/delete/")
    assert response["Location"] == f"/participants/{recording.participant_id}/"
    assert not folder.exists()
    assert not (Path(settings.MEDIA_ROOT) / run.folder).exists()
    assert not Recording.objects.exists()
    tombstone = Entry.objects.get(action="recording.delete")
    assert tombstone.object_id == str(recording.pk)
    assert tombstone.details["sha256"] == recording.sha256
    assert client.post(f"/recordings/{recording.pk}/delete/").status_code == 404


def test_a_signed_coding_protects_the_recording(client_as, recording, people):
    run = make_finished_run(recording, people["analyst"])
    make_machine_layer(run)
    layer = open_layer(people["coder"], run)
    SignOff.objects.create(
        layer=layer,
        signer=people["coder"],
        signed_at=timezone.now(),
        statement="I coded this.",
        content={},
        content_sha256="0" * 64,
    )
    response = client_as("administrator").post(f"/recordings/{recording.pk}/delete/")
    assert response.status_code == 409
    assert "a signed report must stay checkable" in text(response)
    assert Path(recording.original.path).exists()
    assert Recording.objects.filter(pk=recording.pk).exists()
    assert not Entry.objects.filter(action="recording.delete").exists()
