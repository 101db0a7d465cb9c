"""What each operation answers, and what it refuses."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from facsweb.audit.models import Entry
from facsweb.recordings.models import Recording
from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import Consent, Participant
from facsweb.studies.withdrawing import withdraw
from tests.factories import MEDIA, make_recording

CLIP = MEDIA / "d1_smile_6_12_then_12.mp4"
pytestmark = pytest.mark.usefixtures("models_present")


@pytest.fixture
def models_present(monkeypatch) -> None:
    from analysis.models import store

    monkeypatch.setattr(store, "present", lambda: {})


def is_problem(response, status, words=""):
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    told = response.json()
    assert {"type", "title", "status", "detail", "instance"} <= set(told)
    assert told["status"] == status
    assert told["type"].startswith("urn:facsweb:problem:")
    assert words in told["detail"], told["detail"]
    return told


def test_studies_are_those_of_the_owner_or_the_one_of_the_token(caller, study, people):
    listed = caller("analyst").get("/studies").json()
    assert [one["id"] for one in listed["items"]] == [str(study.pk)]
    assert listed["items"][0]["roles"] == ["analyst"]
    assert listed["next"] is None
    assert caller("stranger").get("/studies").json()["items"] == []
    assert caller("coder", study=study).get(f"/studies/{study.pk}").json()["law"].startswith("Usability study")


def test_a_token_for_one_study_sees_no_other_of_its_owner(caller, study, people):
    from facsweb.studies.services import create_study

    other = create_study(people["analyst"], name="Second", purpose="P.", setting="research", jurisdiction="Japan")
    for path in (f"/studies/{other.pk}", f"/studies/{other.pk}/participants"):
        assert caller("analyst").get(path).status_code == 200
        is_problem(caller("analyst", study=study).get(path), 404)


def test_participant_is_created_by_the_service_and_logged_with_the_tokens_name(caller, study):
    made = caller("analyst", name="Nightly import").post(f"/studies/{study.pk}/participants", json={"code": "P-7"})
    assert made.status_code == 201
    assert Participant.objects.get(pk=made.json()["id"]).code == "P-7"
    entry = Entry.objects.get(action="participant.create")
    assert entry.actor_label == "analyst@example.org"
    assert entry.via.startswith("API token Nightly import (fsw_")
    again = caller("analyst").post(f"/studies/{study.pk}/participants", json={"code": "P-7"})
    is_problem(again, 422, "a participant P-7 already")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"data": b"{", "content_type": "application/json"}, 400),
        ({"data": b"code=P-7", "content_type": "application/x-www-form-urlencoded"}, 415),
        ({"json": {"code": ""}}, 422),
        ({"json": {"code": "P-\u00007"}}, 422),  # PostgreSQL cannot store it
        ({"json": {"code": "P-7\n"}}, 422),
        ({"json": {"code": "P-7", "name": "Anna"}}, 422),
        ({"json": []}, 422),
        ({"data": b'{"code": "' + b"x" * 2**20 + b'"}', "content_type": "application/json"}, 413),
    ],
)
def test_what_cannot_be_read_is_told_in_json(caller, study, sent, status):
    is_problem(caller("analyst").post(f"/studies/{study.pk}/participants", **sent), status)
    assert not Participant.objects.exists()


def test_consent_says_what_stands(caller, participant, consent, people):
    ask = caller("coder")
    told = ask.get(f"/participants/{participant.pk}/consent").json()
    assert told["state"] == "given"
    assert "video" in told["standing"]
    assert told["form_version"] == told["newest_form_version"] == 1
    withdraw(people["analyst"], consent, scopes=["emotion"], reason="asked for")
    told = ask.get(f"/participants/{participant.pk}/consent").json()
    assert (told["state"], told["withdrawn"]) == ("narrowed", ["emotion"])
    assert "emotion" not in told["standing"]
    withdraw(people["analyst"], consent, reason="asked for")
    told = ask.get(f"/participants/{participant.pk}/consent").json()
    assert (told["state"], told["standing"]) == ("withdrawn", [])
    assert told["withdrawn_at"] is not None


def test_consent_leaves_out_what_the_law_prohibits(caller, study, participant, consent):
    study.setting = "workplace"
    study.save()
    told = caller("coder").get(f"/participants/{participant.pk}/consent").json()
    assert "emotion" in told["granted"]
    assert not {"emotion", "indicators"} & set(told["standing"])


def upload(ask, participant, body, query="", **headers):
    path = f"/participants/{participant.pk}/recordings?filename=Interview%202.mp4{query}"
    return ask.post(path, data=body, content_type="application/octet-stream", headers=headers)


def test_a_small_file_is_uploaded_in_one_request(caller, participant, consent):
    body = CLIP.read_bytes()
    sha256 = hashlib.sha256(body).hexdigest()
    answer = upload(caller("analyst"), participant, body, f"&sha256={sha256}")
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert (told["sha256"], told["title"], told["width"]) == (sha256, "Interview 2", 640)
    recording = Recording.objects.get(pk=told["id"])
    assert Path(recording.original.path).read_bytes() == body
    assert caller("coder").get(f"/recordings/{recording.pk}").json() == told


def test_a_file_that_is_not_what_was_announced_is_refused(caller, participant, consent):
    ask = caller("analyst")
    is_problem(upload(ask, participant, CLIP.read_bytes(), f"&sha256={'0' * 64}"), 422, "checksum")
    is_problem(upload(ask, participant, b"no video"), 422)
    is_problem(upload(ask, participant, b""), 422, "empty")
    assert not Recording.objects.exists()


def test_the_largest_file_is_the_largest_body_that_the_web_server_lets_in():
    from facsweb.api.routes.recordings import LARGEST
    from facsweb.body_limit import MAX_BODY_BYTES

    assert LARGEST == MAX_BODY_BYTES


def test_nothing_is_uploaded_without_consent(caller, participant):
    told = is_problem(upload(caller("analyst"), participant, CLIP.read_bytes()), 409, "has not given consent")
    assert told["type"] == "urn:facsweb:problem:consent-missing"


def test_a_run_is_started_once_and_cancelled(caller, participant, consent, people):
    recording = make_recording(participant, people["analyst"])
    ask = caller("analyst")
    first = ask.post(f"/recordings/{recording.pk}/runs", json={"max_faces": 1})
    assert (first.status_code, first.json()["state"]) == (201, "queued")
    second = ask.post(f"/recordings/{recording.pk}/runs", json={"max_faces": 1})
    assert (second.status_code, second.json()["id"]) == (200, first.json()["id"])
    run = first.json()["id"]
    assert ask.get(f"/runs/{run}").json()["stages"][0]["state"] == "active"
    assert ask.post(f"/runs/{run}/cancel").json()["state"] == "cancelled"
    assert ask.post(f"/runs/{run}/cancel").json()["state"] == "cancelled"
    assert [one["id"] for one in ask.get(f"/recordings/{recording.pk}/runs").json()["items"]] == [run]
    is_problem(
        ask.post(f"/recordings/{recording.pk}/runs", json={"neutral_us": 10**9}), 409, "within the recording"
    )
    is_problem(ask.get(f"/runs/{run}/events"), 409, "has no result")


def test_nothing_is_run_after_a_withdrawal(caller, participant, consent, people):
    recording = make_recording(participant, people["analyst"])
    withdraw(people["analyst"], consent, reason="asked for")
    is_problem(caller("analyst").post(f"/recordings/{recording.pk}/runs"), 409, "withdrew consent")
    assert not AnalysisRun.objects.exists()


def test_results_come_as_pages_files_and_summary(caller, seeded):
    ask = caller("analyst")
    events, address = [], f"/runs/{seeded.run.pk}/events?limit=3"
    while address:
        page = ask.get(address).json()
        assert len(page["items"]) <= 3
        events += page["items"]
        address = page["next"]
    assert len(events) == seeded.run.layers.get(kind="machine").events.count() > 3
    assert events == sorted(events, key=lambda one: one["onset_us"])
    assert all(one["author"] is None for one in events)

    answer = ask.get(f"/runs/{seeded.run.pk}/signals.parquet")
    body = b"".join(answer.streaming_content)
    assert hashlib.sha256(body).hexdigest() == seeded.run.files["signals.parquet"]
    frames = pq.read_table(io.BytesIO(body))
    lines = b"".join(ask.get(f"/runs/{seeded.run.pk}/signals.csv").streaming_content).decode().splitlines()
    assert len(lines) == 1 + frames.num_rows
    assert lines[0].replace('"', "").split(",") == frames.column_names
    assert "nan" not in lines[1].lower()
    assert ask.get(f"/runs/{seeded.run.pk}/summary").getvalue().startswith(b'{"schema": 1')
    logged = {entry.details["file"] for entry in Entry.objects.filter(action="run.download")}
    assert logged == {"events", "signals.parquet", "signals.csv", "summary.json"}


def test_somebody_who_codes_blind_is_shown_nothing_by_the_api_either(caller, people, seeded):
    from facsweb.coding.models import Layer

    Layer.objects.filter(pk=seeded.layer.pk).update(state="open", mode="blind")
    for name in ("events", "signals.parquet", "signals.csv", "summary", "reading"):
        is_problem(caller("coder").get(f"/runs/{seeded.run.pk}/{name}"), 403, "blind")
        assert caller("analyst").get(f"/runs/{seeded.run.pk}/{name}").status_code == 200
    layers = caller("coder").get(f"/runs/{seeded.run.pk}/layers").json()["items"]
    assert [one["id"] for one in layers] == [str(seeded.layer.pk)]
    is_problem(caller("coder").get(f"/reports/{seeded.report.pk}"), 403, "blind")


def test_codings_are_listed_for_whoever_may_read_them(caller, seeded):
    kinds = [one["kind"] for one in caller("analyst").get(f"/runs/{seeded.run.pk}/layers").json()["items"]]
    assert sorted(kinds) == ["coder", "machine"]
    told = caller("analyst").get(f"/layers/{seeded.layer.pk}/events").json()["items"]
    assert {one["standing"] for one in told} == {"accepted"}
    assert {one["author"] for one in told} == {"Coder Person"}


def test_reports_are_found_read_and_verified(caller, seeded):
    ask = caller("manager")
    found = ask.get("/reports").json()["items"]
    assert [one["id"] for one in found] == [str(seeded.report.pk)]
    assert ask.get(f"/reports/{seeded.report.pk}").json() == found[0]
    content = ask.get(f"/reports/{seeded.report.pk}/json")
    assert hashlib.sha256(content.content).hexdigest() == found[0]["content_sha256"]
    assert ask.get(f"/reports/{seeded.report.pk}/csv")["Content-Type"].startswith("text/csv")
    assert ask.get(f"/reports/{seeded.report.pk}/pdf").content == b"%PDF-1.7"
    is_problem(ask.post("/reports/verify", data=b"", content_type="application/pdf"), 422, "Send the PDF")
    verdict = ask.post("/reports/verify", data=b"no pdf", content_type="application/pdf").json()
    assert (verdict["verdict"], verdict["report"]) == ("bad", None)
    assert Entry.objects.filter(action="report.download").count() == 3


def test_a_revoked_report_is_kept_for_administrators(caller, seeded, people):
    from facsweb.reports.services import revoke

    revoke(people["administrator"], seeded.report, "Wrong recording")
    is_problem(caller("manager").get(f"/reports/{seeded.report.pk}/json"), 403, "revoked")
    assert caller("administrator").get(f"/reports/{seeded.report.pk}/json").status_code == 200


def test_an_unknown_address_and_a_wrong_method_are_problems_too(caller, study, client):
    for path in ("", "nothing/here", "studies/", "studies/%0a/recordings", "nothing%0A"):
        is_problem(client.get(f"/api/v1/{path}"), 404, "no such address")
    is_problem(caller("analyst").get("/studies/not-a-uuid"), 404)
    wrong = caller("analyst").ask("put", f"/studies/{study.pk}")
    is_problem(wrong, 405)
    assert wrong["Allow"] == "GET"


def test_a_consent_that_is_narrowed_takes_states_from_the_reading(caller, seeded, people, monkeypatch):
    ask = caller("analyst")
    before = ask.get(f"/runs/{seeded.run.pk}/reading").json()
    assert before["withheld"] == []
    assert "never a diagnosis" in before["statement"]
    withdraw(people["analyst"], Consent.objects.get(), scopes=["emotion"], reason="asked for")
    after = ask.get(f"/runs/{seeded.run.pk}/reading").json()
    assert after["faces"] == []
    assert any("movements alone" in words for words in after["withheld"])


def test_a_pdf_that_takes_too_much_is_refused_before_it_is_read_here(caller, monkeypatch):
    from tests.reports.test_views import impatient

    impatient(monkeypatch)
    told = caller("manager").post("/reports/verify", data=b"%PDF-1.7", content_type="application/pdf").json()
    assert (told["verdict"], told["headline"]) == ("bad", "This PDF cannot be read safely.")
