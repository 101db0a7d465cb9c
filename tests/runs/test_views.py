"""Pages of runs: who may, what they say, what a second click does."""

import json

import pytest
from django.urls import reverse

from facsweb.audit.models import Entry
from facsweb.runs import attempts, services
from facsweb.runs.models import AnalysisRun
from tests.factories import make_finished_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("models_present", "redis")]
State = AnalysisRun.State


@pytest.fixture
def finished(recording, people):
    return make_finished_run(recording, people["analyst"])


def test_start_shows_the_run_and_a_second_click_the_same(client_as, recording):
    client = client_as("analyst")
    address = reverse("runs:start", args=[recording.pk])
    first = client.post(address, {"max_faces": "2", "neutral": "0:01.5"})
    run = AnalysisRun.objects.get()
    assert first.url == client.post(address).url == reverse("runs:detail", args=[run.pk])
    assert run.parameters == {"neutral_us": 1_500_000, "max_faces": 2}


@pytest.mark.parametrize(("role", "status"), [("stranger", 404), ("manager", 403), ("coder", 403)])
def test_start_is_for_leads(client_as, recording, role, status):
    assert client_as(role).post(reverse("runs:start", args=[recording.pk])).status_code == status
    assert not AnalysisRun.objects.exists()


def test_start_is_never_a_get(client_as, recording):
    assert client_as("analyst").get(reverse("runs:start", args=[recording.pk])).status_code == 405


@pytest.mark.parametrize("values", [{"neutral": "soon"}, {"max_faces": "99"}, {"neutral": "9:00"}])
def test_start_with_nonsense_says_so(client_as, recording, values):
    response = client_as("analyst").post(reverse("runs:start", args=[recording.pk]), values)
    assert response.url == reverse("recordings:detail", args=[recording.pk])
    assert not AnalysisRun.objects.exists()


@pytest.mark.parametrize("page", ["detail", "snapshot", "still", "cancel", "interpret"])
@pytest.mark.parametrize(("role", "status"), [("stranger", 404), ("manager", 403)])
def test_pages_are_for_the_study(client_as, run, page, role, status):
    client = client_as(role)
    method = client.post if page in ("cancel", "interpret") else client.get
    assert method(reverse(f"runs:{page}", args=[run.pk])).status_code == status


@pytest.mark.parametrize("page", ["cancel", "interpret"])
def test_coders_only_watch(client_as, run, page):
    assert client_as("coder").post(reverse(f"runs:{page}", args=[run.pk])).status_code == 403
    assert b"Stop the analysis" not in client_as("coder").get(reverse("runs:detail", args=[run.pk])).content


def test_page_of_a_waiting_run(client_as, run):
    text = client_as("analyst").get(reverse("runs:detail", args=[run.pk])).content.decode()
    assert "Waiting for a worker" in text
    assert f"/ws/runs/{run.pk}/" in text
    assert "Stop the analysis" in text


def test_snapshot_is_what_the_page_shows(client_as, run):
    attempts.claim(run.pk, 1, "worker A")
    attempts.beat(run.pk, 1, stage="measure", done=125, total=250, rate=50.0)
    found = client_as("coder").get(reverse("runs:snapshot", args=[run.pk])).json()
    measuring = next(stage for stage in found["stages"] if stage["key"] == "measure")
    assert found["state"] == "running"
    assert (measuring["state"], measuring["value"], measuring["max"]) == ("active", 125, 250)
    assert measuring["note"] == "125 of 250 frames · 50 frames/s · 2 s left"
    assert [stage["state"] for stage in found["stages"]] == ["done", "active", "waiting", "waiting"]
    assert json.dumps(found["log"]).count("worker A") == 1


def test_cancel_twice(client_as, run):
    client = client_as("analyst")
    for _ in range(2):
        assert client.post(reverse("runs:cancel", args=[run.pk])).status_code == 302
    run.refresh_from_db()
    assert run.state == State.CANCELLED
    assert "Try again" in client.get(reverse("runs:detail", args=[run.pk])).content.decode()


def test_failure_says_what_to_do(client_as, run):
    attempts.claim(run.pk, 1, "worker A")
    attempts.fail(run.pk, 1, error="This file is not a video. Upload another.", detail="Traceback: secret path")
    text = client_as("analyst").get(reverse("runs:detail", args=[run.pk])).content.decode()
    assert "This file is not a video. Upload another." in text
    assert "Try again" in text
    assert "secret path" not in text
    assert "Try again" not in client_as("coder").get(reverse("runs:detail", args=[run.pk])).content.decode()


def test_finished_page_leads_to_the_review(client_as, finished):
    finished.summary["faces"][0]["aus"] = {
        "12": {"events": 2, "rate_per_min": 12, "mean": 1.0, "peak": 3.2, "share": 0.4},
        "4": {"events": 0, "rate_per_min": 0, "mean": 0.0, "peak": 0.2, "share": 0.0},
    }
    finished.summary["faces"][0]["gates"] = {"none": 0.9, "small": 0.001, "turned": 0.03, "occluded:mouth": 0.062}
    finished.save()
    text = client_as("coder").get(reverse("runs:detail", args=[finished.pk])).content.decode()
    assert "Not scored: the mouth is covered 6 % · the face is turned or nodded too far 3 %</p>" in text
    assert "too small" not in text
    assert reverse("coding:review", args=[finished.pk]) in text
    assert "Lip Corner Puller".lower() in text.lower()
    assert "3.2 of 5" in text
    assert "Brow Lowerer".lower() not in text.lower()
    assert "data-socket" not in text


def test_partial_is_only_the_part_that_changes(client_as, finished):
    text = client_as("coder").get(reverse("runs:detail", args=[finished.pk]), headers={"X-Partial": "run"}).content
    assert b'id="run"' in text
    assert b"<html" not in text


def test_still_is_there_once_there_is_one(client_as, run):
    client = client_as("coder")
    address = reverse("runs:still", args=[run.pk])
    assert client.get(address).status_code == 404
    services.still_path(run).parent.mkdir(parents=True)
    services.still_path(run).write_bytes(b"jpeg")
    attempts.claim(run.pk, 1, "worker A")
    attempts.beat(run.pk, 1, stills=1)
    response = client.get(address, follow=True)
    assert b"".join(response.streaming_content) == b"jpeg"
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize("name", list(services.PUBLIC_FILES))
def test_download_is_the_file_and_is_logged(client_as, finished, name):
    response = client_as("coder").get(reverse("runs:download", args=[finished.pk, name]))
    assert b"".join(response.streaming_content) == (services.result_dir(finished) / name).read_bytes()
    assert "attachment" in response.headers["Content-Disposition"]
    entry = Entry.objects.get(action="run.download")
    assert entry.details == {"file": name, "sha256": finished.files[name]}


@pytest.mark.parametrize("name", ["measurement.parquet", "..%2Fstill.jpg", "x"])
def test_only_public_files_leave(client_as, finished, name):
    address = reverse("runs:download", args=[finished.pk, "summary.json"]).replace("summary.json", name)
    assert client_as("coder").get(address).status_code == 404


@pytest.mark.parametrize(("role", "status"), [("stranger", 404), ("manager", 403)])
def test_download_is_for_the_study(client_as, finished, role, status):
    address = reverse("runs:download", args=[finished.pk, "events.csv"])
    assert client_as(role).get(address).status_code == status
    assert not Entry.objects.filter(action="run.download").exists()


def test_interpret_makes_a_new_run_once(client_as, finished):
    for name in services.MEASUREMENT:
        (services.result_dir(finished) / name).write_bytes(b"x")
    client = client_as("analyst")
    address = reverse("runs:interpret", args=[finished.pk])
    first = client.post(address, {"neutral_us": "2000000"})
    assert first.url == client.post(address, {"neutral": "2"}).url
    again = AnalysisRun.objects.exclude(pk=finished.pk).get()
    assert again.parameters["neutral_us"] == 2_000_000
    assert "Measuring every frame" not in client.get(first.url).content.decode()


def test_interpret_of_an_unfinished_run_is_refused(client_as, run):
    response = client_as("analyst").post(reverse("runs:interpret", args=[run.pk]), follow=True)
    assert b"Only a finished run can be read again" in response.content
