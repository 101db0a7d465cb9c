"""Markers and speakers marked by hand: numbered revisions, conditional, inside the recording, never lost."""

from __future__ import annotations

import json
import uuid

import pytest

from facsweb.audit.checking import faults
from facsweb.audit.models import Entry
from facsweb.coding.models import Layer
from facsweb.meaning import attempts, lanes, marking, work
from facsweb.meaning.marking import MARKERS, SPEAKERS
from facsweb.meaning.models import Markers, Reading, Speakers
from facsweb.recordings.models import Recording
from facsweb.studies.models import Consent, Scope

pytestmark = pytest.mark.django_db(transaction=True)
QUESTION = {"name": "Q1", "kind": "question", "start_us": 1_000_000, "end_us": None}
SCENE = {"name": "Film", "kind": "scene", "start_us": 4_000_000, "end_us": 9_000_000}


def segment(start, end, speaker="Anna"):
    return {"start_us": start, "end_us": end, "speaker": speaker}


def post(client, url, **values):
    answer = client.post(url, json.dumps(values), content_type="application/json")
    return answer.status_code, json.loads(answer.content)


@pytest.fixture
def url(run):
    return f"/runs/{run.pk}/markers"


@pytest.fixture
def with_sound(run):
    Recording.objects.filter(pk=run.recording_id).update(has_audio=True)
    run.recording.refresh_from_db()
    return run


def test_a_save_is_a_revision_that_is_logged_and_read(run, redis, people, client_as, url):
    client = client_as("coder")
    status, told = post(client, url, marks=[SCENE, QUESTION], expected=0)
    assert status == 200
    assert [one["name"] for one in told["marks"]] == ["Q1", "Film"], "in order of time"
    assert all(uuid.UUID(one["id"]) for one in told["marks"])
    assert told["revision"] == 1
    entry = Entry.objects.get(action="markers.write")
    assert (entry.before, entry.after, entry.actor) == (None, {"number": 1, "marks": 2}, people["coder"])
    reading = Reading.objects.get(run=run)
    assert reading.state == "queued"
    assert attempts.FENCE.job_id(reading.pk, 1)

    status, told = post(client, url, marks=told["marks"][1:], expected=1)
    assert (status, told["revision"], len(told["marks"])) == (200, 2, 1)
    assert Markers.objects.get(number=1).marks[0]["name"] == "Q1", "the earlier list stays as it was"
    assert [(one["number"], one["count"]) for one in told["revisions"]] == [(2, 1), (1, 2)]
    assert list(faults()) == []


def test_what_somebody_else_saved_is_never_overwritten(run, redis, client_as, url, people):
    post(client_as("coder"), url, marks=[QUESTION], expected=0)
    status, told = post(client_as("analyst"), url, marks=[SCENE], expected=0)
    assert (status, told["code"], told["revision"]) == (409, "changed", 1)
    assert str(people["coder"]) in told["error"]
    assert told["marks"][0]["name"] == "Q1"
    assert Markers.objects.count() == 1
    status, told = post(client_as("analyst"), url, marks=[SCENE], expected=1)
    assert (status, told["revision"]) == (200, 2)


def test_a_repeated_request_is_one_revision(run, redis, client_as, url):
    marks = [{**QUESTION, "id": str(uuid.uuid4())}]
    assert post(client_as("coder"), url, marks=marks, expected=0)[1]["revision"] == 1
    assert post(client_as("coder"), url, marks=marks, expected=0)[1]["revision"] == 1
    assert post(client_as("coder"), url, marks=marks, expected=1)[1]["revision"] == 1, "nothing changed"
    assert Markers.objects.count() == 1
    assert post(client_as("analyst"), url, marks=marks, expected=0)[0] == 409, "somebody else did not send that"


def test_an_earlier_version_is_read_and_saved_again_as_the_newest(run, redis, client_as, url):
    client = client_as("coder")
    first = post(client, url, marks=[QUESTION, SCENE], expected=0)[1]["marks"]
    post(client, url, marks=[], expected=1)
    earlier = json.loads(client.get(f"{url}?revision=1").content)
    assert (earlier["marks"], earlier["count"]) == (first, 2)
    assert client.get(f"{url}?revision=9").status_code == 404
    status, told = post(client, url, marks=earlier["marks"], expected=2)
    assert (status, told["revision"], told["marks"]) == (200, 3, first)


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        ([QUESTION, {**QUESTION, "name": " "}], "needs a name"),
        ([{**QUESTION, "kind": "verdict"}], "one of task, question, scene"),
        ([{**QUESTION, "start_us": -1}], "outside the recording"),
        ([{**QUESTION, "start_us": 10_000_001}], "outside the recording"),
        ([{**QUESTION, "start_us": 10_000_000}], "where the recording ends"),
        ([{**SCENE, "end_us": 4_000_000}], "behind its start"),
        ([{**SCENE, "end_us": 10_000_001}], "outside the recording"),
        ([{**QUESTION, "start_us": 1.5}], "must be a time"),
        ([{**QUESTION, "start_us": True}], "must be a time"),
        ([{**QUESTION, "name": "x" * 121}], "more than 120"),
        (["Q1"], "no mark"),
        ("Q1", "are a list"),
        ([QUESTION] * 501, "at most 500"),
    ],
)
def test_what_cannot_be_stored_is_told_and_not_stored(run, redis, client_as, url, marks, words):
    status, told = post(client_as("coder"), url, marks=marks, expected=0)
    assert (status, told["code"]) == (422, "invalid")
    assert words in told["error"]
    assert told["problems"][0]["index"] == (1 if words == "needs a name" else 500 if "500" in words else 0)
    assert not Markers.objects.exists()


def test_requests_that_are_none_are_refused(run, client_as, url):
    assert post(client_as("coder"), url, marks=[])[0] == 400
    assert post(client_as("coder"), url, expected=0)[0] == 400
    assert client_as("coder").get(f"{url}?revision=x").status_code == 400


def test_who_codes_blind_neither_reads_nor_marks(with_sound, redis, client_as, people):
    Layer.objects.create(run=with_sound, kind="coder", owner=people["coder"], mode="blind", state="open")
    for name in ("markers", "speakers"):
        url = f"/runs/{with_sound.pk}/{name}"
        assert client_as("coder").get(url).status_code == 403
        assert client_as("coder").post(url, "{}", content_type="application/json").status_code == 403
        assert client_as("analyst").get(url).status_code == 200
    assert lanes.of_run(people["coder"], with_sound) is None


def test_markers_are_answered_in_the_next_reading(run, read, people, client_as):
    marking.write(people["coder"], MARKERS, run.recording, [QUESTION, SCENE], expected=0)
    reading = read(run)
    assert reading.state == "succeeded", reading.error_detail
    told = json.loads((attempts.folder(reading.pk) / "1" / "responses.json").read_text())["responses"]
    assert [one["marker"] for one in told] == ["Q1", "Film"]
    shown = next(one for one in lanes.lanes(reading, 0, [QUESTION]) if one["id"] == "markers")
    assert shown["items"][0]["label"] == "Q1"

    page = client_as("coder").get(f"/runs/{run.pk}/meaning/")
    first, film = page.context["responses"]["rows"]
    assert {one["code"] for one in first["codes"]} >= {"6", "12"}, "the smile begins 0.1 s after the question"
    assert first["codes"][0]["latency_s"]["value"] < 1
    known = {one["name"]: one["difference"] for one in film["states"]}
    assert known["joy"]["low"] <= known["joy"]["value"] <= known["joy"]["high"] < 0, (
        "the smile is over in the film"
    )
    assert "joy" in [one["name"] for one in film["clear"]]
    text = page.content.decode()
    assert f"/runs/{run.pk}/review/?at=4000000" in text
    assert "is not yet an answer to it" in text


def test_speakers_are_disjoint_and_need_sound_and_consent(run, redis, client_as, consent, people):
    url = f"/runs/{run.pk}/speakers"
    status, told = post(client_as("coder"), url, marks=[], expected=0)
    assert (status, told["error"]) == (409, "This recording has no sound.")
    assert lanes.of_run(people["coder"], run)["speakers"] == ""
    Recording.objects.filter(pk=run.recording_id).update(has_audio=True)

    apart = [segment(2_000_000, 3_000_000, "Ben"), segment(0, 2_000_000)]
    status, told = post(client_as("coder"), url, marks=apart, expected=0)
    assert (status, [one["speaker"] for one in told["marks"]]) == (200, ["Anna", "Ben"])
    across = [segment(0, 2_000_000), segment(1_900_000, 3_000_000, "Ben")]
    status, told = post(client_as("coder"), url, marks=across, expected=1)
    assert (status, told["problems"][0]["index"]) == (422, 1)
    assert "before another one ends" in told["error"]
    assert Entry.objects.filter(action="speakers.write").count() == 1

    Consent.objects.filter(pk=consent.pk).update(scopes=[str(Scope.VIDEO), str(Scope.EMOTION)])
    status, told = post(client_as("coder"), url, marks=[], expected=1)
    assert (status, told["code"]) == (409, "consent")
    assert Speakers.objects.count() == 1


def test_the_voice_is_analysed_again_with_the_marks(with_sound, read, people, monkeypatch):
    """The engine gets the marks as its own kind of mark, and begins with what an earlier reading heard."""
    from analysis.voice import pipeline

    heard = []

    def listen(video, out, *, speakers, **more):
        heard.append(speakers)
        told = {"segments": [segment(0, 4_000_000, "1"), segment(5_000_000, 6_000_000, None)]}
        (out / "voice.json").write_text(json.dumps({**told, "warnings": []}))
        for name in ("voice.parquet", "pitch.parquet"):
            (out / name).write_bytes(b"")

    monkeypatch.setattr(pipeline, "analyse_voice", listen)
    monkeypatch.setattr(work.meaning, "derive", lambda results, out, **more: (out / work.ABOUT).write_text("{}"))
    assert read(with_sound).state == "succeeded"
    assert marking.heard(with_sound.recording) == [segment(0, 4_000_000, "1")]
    marks = [segment(0, 1_500_000), segment(1_500_000, 4_000_000, "Ben")]
    marking.write(people["coder"], SPEAKERS, with_sound.recording, marks, expected=0)
    read(with_sound)
    read(with_sound)
    assert len(heard) == 2, "the same marks are not heard twice"
    assert heard[0] is None
    assert heard[1] == (pipeline.Mark(0, 1_500_000, "Anna"), pipeline.Mark(1_500_000, 4_000_000, "Ben"))
