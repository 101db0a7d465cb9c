"""Quotas: refused before bytes travel, in pages, uploads and the API; set by staff; usage as it is."""

from __future__ import annotations

import base64
from contextlib import ExitStack

import pytest
from django.urls import reverse

from facsweb.audit.models import Entry
from facsweb.processes.models import Lane, Ticket
from facsweb.quotas import presentation, services
from facsweb.quotas.models import Quota
from facsweb.recordings import uploads
from facsweb.recordings.models import Upload
from facsweb.runs import services as runs
from facsweb.runs.models import AnalysisRun
from tests.factories import make_recording
from tests.storage.conftest import bucket, hosts, running_store, store  # noqa: F401

pytestmark = pytest.mark.django_db
NONE = dict.fromkeys(services.FIELDS) | {"weight": 1}


@pytest.fixture(autouse=True)
def models_present(monkeypatch):
    from analysis.models import store as known

    monkeypatch.setattr(known, "present", lambda: {})


@pytest.fixture
def study(participant, consent):
    return participant.study


@pytest.fixture
def within():
    with ExitStack() as stack:
        yield stack


def allow(study, people, **limits):
    services.change(people["staff"], study, **(NONE | limits))


def tus(client, participant, length):
    named = base64.b64encode(b"a.mp4").decode()
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length), "Upload-Metadata": f"filename {named}"}
    return client.post(reverse("recordings:tus_create", args=[participant.pk]), headers=headers)


def test_an_upload_beyond_the_quota_is_refused_before_bytes_travel(study, participant, people, client_as):
    allow(study, people, gigabytes=0.001)
    client = client_as("analyst")
    assert tus(client, participant, 600_000).status_code == 201
    refused = tus(client, participant, 600_000)
    assert refused.status_code == 403
    said = refused.content.decode()
    assert "Nothing was sent" in said
    assert "administrator" in said
    assert Upload.objects.count() == 1
    Upload.objects.update(state=Upload.State.REJECTED)
    assert tus(client, participant, 600_000).status_code == 201, "what is rejected takes no room"


@pytest.mark.parametrize("place", ["disk", "bucket"])
def test_an_upload_without_a_length_counts_what_arrived(place, study, participant, people, client_as, request):
    """The piece that goes over is refused; what was acknowledged before stays, and goes on when there is room."""
    if place == "bucket":
        host = request.getfixturevalue("hosts")[0]
        request.getfixturevalue("within").enter_context(host.here())
    allow(study, people, gigabytes=0.001)
    client = client_as("analyst")
    named = {"Tus-Resumable": "1.0.0", "Upload-Metadata": "filename " + base64.b64encode(b"a.mp4").decode()}
    begun = client.post(
        reverse("recordings:tus_create", args=[participant.pk]), headers=named | {"Upload-Defer-Length": "1"}
    )

    def send(offset, size, **headers):
        headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset)} | headers
        kind = "application/offset+octet-stream"
        return client.patch(begun["Location"], bytes(size), content_type=kind, headers=headers)

    assert send(0, 600_000).status_code == 204
    assert services.usage_of(study).bytes == 600_000
    assert tus(client, participant, 600_000).status_code == 403, "what has arrived takes room"
    for headers in ({}, {"Upload-Length": "1200000"}):
        refused = send(600_000, 600_000, **headers)
        assert refused.status_code == 403
        assert "what had arrived is safe" in refused.content.decode()
        assert "administrator" in refused.content.decode()
    upload = Upload.objects.get()
    assert (upload.offset, upload.length, upload.state) == (600_000, 0, "receiving")
    assert send(600_000, 400_000).status_code == 204
    allow(study, people, gigabytes=0.01)
    assert send(1_000_000, 600_000).status_code == 204
    assert services.usage_of(study).bytes == 1_600_000


def test_the_api_tells_both_as_problems(study, participant, people, monkeypatch):
    from facsweb.api import problems
    from facsweb.processes import pressure

    allow(study, people, gigabytes=0.001, queued=1)
    one, other = (make_recording(participant, people["analyst"]) for _ in range(2))
    runs.start(people["analyst"], one)

    def refused(act):
        with pytest.raises((uploads.UploadError, runs.RunRefused)) as caught:
            act()
        found = problems.of(caught.value)
        return found.status, found.kind, found.headers.get("Retry-After")

    def upload():
        uploads.begin_upload(people["analyst"], participant, filename="a.mp4", length=10**7)

    assert refused(lambda: runs.start(people["analyst"], other)) == (429, "quota", "60")
    assert refused(upload) == (403, "quota", None)
    monkeypatch.setattr(pressure, "why", lambda **how: pressure.BACKLOG)
    assert refused(lambda: runs.start(people["analyst"], other)) == (503, "put-off", "60")
    assert refused(upload) == (503, "put-off", "60")


def test_recorded_hours(study, participant, people):
    make_recording(participant, people["analyst"])  # ten seconds
    allow(study, people, hours=0.01)
    uploads.begin_upload(people["analyst"], participant, filename="a.mp4", length=9)
    allow(study, people, hours=0.002)
    with pytest.raises(uploads.OverQuota, match="may hold 7 s of recordings and has 10 s"):
        uploads.begin_upload(people["analyst"], participant, filename="b.mp4", length=9)


def test_analyses_that_wait(study, participant, people, client_as):
    allow(study, people, queued=1)
    first, second = (make_recording(participant, people["analyst"]) for _ in range(2))
    run = runs.start(people["analyst"], first)
    assert runs.start(people["analyst"], first) == run, "a double click is no second one"
    page = client_as("analyst").post(reverse("runs:start", args=[second.pk]), follow=True).content.decode()
    assert "waits for a worker already" in page
    assert "The recording is safe" in page
    assert AnalysisRun.objects.count() == 1
    Ticket.objects.update(taken_at="2026-01-01T00:00Z")  # a worker took it
    runs.start(people["analyst"], second)


def test_reading_again_is_never_refused(study, participant, people):
    allow(study, people, queued=1)
    one, other = (make_recording(participant, people["analyst"]) for _ in range(2))
    runs.start(people["analyst"], one)
    again = runs.create(people["analyst"], other, {"measurement_from": "x", "max_faces": 1, "neutral_us": None})
    assert Ticket.objects.get(row=again.pk).lane.queue == "cpu"


def test_the_installation_has_defaults_and_a_study_its_own(study, people, settings):
    settings.QUOTA_GB, settings.QUOTA_QUEUED = 2.0, 7
    assert services.limits_of(study) == services.Limits(2 * services.GB, None, 7, None, 1)
    allow(study, people, gigabytes=5, weight=3, running=2)
    assert services.limits_of(study) == services.Limits(5 * services.GB, None, 7, 2, 3)
    assert set(Lane.objects.filter(study=study.pk).values_list("weight", "most")) == {(3.0, 2)}


def test_a_change_is_logged_once_and_sending_the_form_twice_is_once(study, people, client_as):
    page = client_as("staff").post(reverse("quotas:change", args=[study.pk]), {"queued": "5", "weight": "2"})
    assert page.status_code == 302
    client_as("staff").post(reverse("quotas:change", args=[study.pk]), {"queued": "5", "weight": "2"})
    entry = Entry.objects.get(action="quota.change")
    assert entry.details["changed"] == {"queued": [None, 5], "weight": [1, 2]}
    bad = client_as("staff").post(reverse("quotas:change", args=[study.pk]), {"queued": "0", "weight": "99"})
    assert bad.status_code == 422
    assert Quota.objects.get().queued == 5


def test_pages_show_what_is_used(study, participant, people, client_as):
    recording = make_recording(participant, people["analyst"])
    allow(study, people, gigabytes=0.001)
    assert services.usage_of(study).bytes == recording.size
    for role, name in (("manager", "study"), ("staff", "change")):
        page = client_as(role).get(reverse(f"quotas:{name}", args=[study.pk])).content.decode()
        assert "Stored originals" in page
        assert "no limit" in page
        assert "<progress" in page
    assert client_as("coder").get(reverse("quotas:study", args=[study.pk])).status_code == 403
    assert [bar.tone for bar in presentation.bars(study)] == ["bad" if recording.size > 1e6 else "", "", ""]


def test_usage_is_added_up_by_the_database_in_few_queries(study, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        presentation.bars(study)
