"""Readings by the real engine: published whole or not at all, renewed when what they rest on changes."""

from __future__ import annotations

import json
import shutil
import uuid
from datetime import timedelta
from pathlib import Path

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.utils import timezone

from analysis import meaning
from facsweb.audit.models import Entry
from facsweb.meaning import attempts, inputs, job, lanes, recovery, services, whose
from facsweb.meaning.models import Markers, OwnCombination, Reading
from facsweb.processes import queue
from facsweb.runs.models import AnalysisRun, PeopleRevision
from facsweb.runs.services import result_dir
from facsweb.studies.models import Consent, Participant, Scope
from facsweb.studies.withdrawing import withdraw

pytestmark = pytest.mark.django_db(transaction=True)
State = Reading.State


def narrowed(consent, *scopes):
    """As if the participant had agreed to these alone."""
    Consent.objects.filter(pk=consent.pk).update(scopes=[str(scope) for scope in scopes])


def lane(reading, name):
    return next((one for one in lanes.lanes(reading, 0) if one["id"] == name), None)


def test_a_run_is_read_and_says_from_what(run, read):
    reading = read(run)
    assert reading.state == State.SUCCEEDED, reading.error + reading.error_detail
    assert set(reading.files) >= {
        "combinations.csv",
        "states.parquet",
        "states.json",
        "indicators.json",
        "meaning.json",
    }
    assert reading.inputs["versions"] == meaning.versions()
    assert reading.inputs["scopes"] == ["video", "audio", "text", "emotion", "indicators"]
    assert not services.is_outdated(reading)
    entry = Entry.objects.get(action="reading.succeed")
    assert entry.details["files"] == reading.files
    assert (result_dir(run) / "signals.parquet").is_file(), "the run's own files stay"


def test_duchenne_and_social_smile_are_told_apart_on_the_lanes(run, read):
    found = lane(read(run), "combinations")["items"]
    labels = [item["label"] for item in found]
    assert any("Duchenne" in label for label in labels)
    assert any("without 6" in label for label in labels)
    first = next(item for item in found if "Duchenne" in item["label"])
    later = next(item for item in found if "without 6" in item["label"])
    assert first["from"] < later["from"]
    assert all(item["from"] <= item["at"] <= item["to"] for item in found)


def test_joy_is_the_first_state_and_opens_to_frames_and_codes(run, read):
    states = lane(read(run), "states")["items"]
    assert states
    assert states[0]["label"].startswith("joy")
    assert any("12" in line for line in states[0]["lines"])


def test_without_consent_to_states_nothing_of_them_is_written(run, read, consent):
    narrowed(consent, Scope.VIDEO, Scope.AUDIO)
    reading = read(run)
    assert reading.state == State.SUCCEEDED
    assert not {"combinations.csv", "states.json", "indicators.json", "engagement.parquet"} & set(reading.files)


def test_with_consent_to_faces_alone_there_is_nothing_to_read(run, consent, redis):
    narrowed(consent, Scope.VIDEO)
    assert services.ask(None, run) is None
    assert not Reading.objects.exists()


def test_a_finished_run_asks_by_itself_and_twice_is_once(run, redis):
    services.after_run(run)
    again = services.ask(None, run)
    assert Reading.objects.get() == again
    assert queue.is_waiting(attempts.FENCE.job_id(again.pk, 1))


def test_what_changes_afterwards_makes_it_outdated_and_the_new_reading_has_it(run, read, people):
    first = read(run)
    OwnCombination.objects.create(
        study=run.study, key="own-lips", number=1, author=people["analyst"],
        definition={"id": "own-lips", "name": "Only lips", "formula": "12", "kind": "smile", "group": "own",
                    "citation": "ours, 2026", "grade": "ours"},
    )  # fmt: skip
    assert services.is_outdated(first)
    second = read(run)
    assert "Only lips" in {item["label"] for item in lane(second, "combinations")["items"]}
    first.refresh_from_db()
    assert "Only lips" not in {item["label"] for item in lane(first, "combinations")["items"]}, (
        "a result never changes"
    )
    assert services.latest(run) == second


def test_what_changes_while_it_is_read_is_read_next(run, redis, people, monkeypatch):
    reading = services.ask(None, run)

    def meanwhile(reading, out, pulse):
        Markers.objects.create(
            recording=run.recording, number=1, author=people["analyst"],
            marks=[{"name": "Q1", "kind": "question", "start_us": 0, "end_us": None}],
        )  # fmt: skip
        return real(reading, out, pulse)

    real = job.work.read
    monkeypatch.setattr(job.work, "read", meanwhile)
    job.perform(reading.pk, 1, worker="worker A")
    reading.refresh_from_db()
    assert reading.state == State.SUCCEEDED
    following = Reading.objects.exclude(pk=reading.pk).get()
    assert following.state == State.QUEUED
    monkeypatch.setattr(job.work, "read", real)
    job.perform(following.pk, 1, worker="worker A")
    assert not services.is_outdated(services.latest(run))
    assert Reading.objects.count() == 2, "it does not go round in circles"


def test_a_job_carried_twice_is_done_once(run, read):
    reading = read(run)
    job.perform(reading.pk, 1, worker="worker B")
    assert Entry.objects.filter(action="reading.succeed").count() == 1


def test_a_result_that_is_gone_fails_with_a_sentence(run, redis):
    shutil.rmtree(result_dir(run))
    reading = services.ask(None, run)
    job.perform(reading.pk, 1, worker="worker A")
    reading.refresh_from_db()
    assert reading.state == State.FAILED
    assert "analyse the recording" in reading.error
    assert not attempts.folder(reading.pk).exists() or not list(attempts.folder(reading.pk).iterdir())


def test_a_dead_worker_s_reading_is_given_to_another_but_not_for_ever(run, redis):
    reading = services.ask(None, run)
    for crashes in (1, 2):
        attempts.claim(reading.pk, crashes, "worker A", inputs.of_reading)
        Reading.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
        assert recovery.recover() >= 1
    attempts.claim(reading.pk, 3, "worker A", inputs.of_reading)
    Reading.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    recovery.recover()
    reading.refresh_from_db()
    assert (reading.state, reading.attempt, reading.crashes) == (State.FAILED, 3, 3)
    assert reading.error == recovery.GIVEN_UP


def test_withdrawing_removes_what_rests_on_it(run, read, consent, people):
    reading = read(run)
    folder = attempts.folder(reading.pk)
    assert folder.is_dir()
    withdraw(people["analyst"], consent, reason="not stated")
    assert not Reading.objects.exists()
    assert not folder.exists()
    assert Entry.objects.filter(action="reading.forget").count() == 1


def test_the_lanes_are_for_members_who_do_not_code_blind(run, read, client_as, people):
    read(run)
    url = f"/runs/{run.pk}/lanes?face=0"
    told = json.loads(client_as("coder").get(url).content)
    assert {one["id"] for one in told["lanes"]} >= {"combinations", "states", "engagement"}
    assert "never a diagnosis" in told["statement"]
    from facsweb.coding.models import Layer

    Layer.objects.create(run=run, kind="coder", owner=people["coder"], mode="blind", state="open")
    assert client_as("coder").get(url).status_code == 403
    assert client_as("coder").get(f"/runs/{run.pk}/meaning/").status_code == 403


def test_a_run_that_is_not_finished_is_not_read(run, redis):
    AnalysisRun.objects.filter(pk=run.pk).update(state="failed")
    run.refresh_from_db()
    assert services.ask(None, run) is None


@pytest.fixture
def spoken(run):
    """The recording with made-up speech beside its picture."""
    from analysis.training.voice_signals import RATE, speech

    original = Path(run.recording.original.path)
    sound = (speech(10.0).sound * 32767).astype(np.int16)
    with av.open(str(original)) as source, av.open(f"{original}.mkv", "w", format="matroska") as made:
        picture = made.add_stream_from_template(source.streams.video[0])
        voice = made.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = picture
                made.mux(packet)
        frame = av.AudioFrame.from_ndarray(sound[None], format="s16", layout="mono")
        frame.sample_rate = RATE
        made.mux([*voice.encode(frame), *voice.encode(None)])
    Path(f"{original}.mkv").replace(original)
    type(run.recording).objects.filter(pk=run.recording.pk).update(has_audio=True)
    return AnalysisRun.objects.get(pk=run.pk)


def test_voice_is_heard_once_and_only_with_consent(spoken, read, consent, monkeypatch):
    first = read(spoken)
    assert first.state == State.SUCCEEDED, first.error + first.error_detail
    assert set(first.files) >= {"voice.json", "voice.parquet", "pitch.parquet"}
    names = {one["id"] for one in lanes.lanes(first, 0)}
    assert {"speech", "pitch"} <= names
    monkeypatch.setattr("analysis.voice.pipeline.analyse_voice", None)
    again = read(spoken)
    assert again.files["voice.parquet"] == first.files["voice.parquet"], "taken from the earlier reading"
    narrowed(consent, Scope.VIDEO, Scope.EMOTION)
    silent = read(spoken)
    assert silent.state == State.SUCCEEDED
    assert not {"voice.json", "pitch.parquet"} & set(silent.files)


def test_words_join_when_they_are_scored_and_leave_with_the_transcript(run, read, people, redis):
    from facsweb.transcripts import analysing
    from facsweb.transcripts import services as transcripts

    read(run)
    found = transcripts.begin(people["coder"], run.recording.participant, run.recording, title="Words")
    transcripts.save(people["coder"], found, [[1_000_000, 4_000_000, "", "I am so happy about this!"]], expected=1)
    found.refresh_from_db()
    analysing.compute(found.pk, found.revision)
    waiting = services.active(run)
    assert waiting is not None, "scored words ask for a reading"
    job.perform(waiting.pk, 1, worker="worker A")
    reading = services.latest(run)
    words = lane(reading, "words")["items"]
    assert [item["label"] for item in words] == ["I am so happy about this!"]
    assert words[0]["lines"][0].startswith("joy")
    transcripts.delete(people["coder"], found)
    job.perform(services.active(run).pk, 1, worker="worker A")
    assert lane(services.latest(run), "words") is None


def test_the_session_page_shows_what_was_read(spoken, read, client_as):
    page = f"/runs/{spoken.pk}/meaning/"
    assert "Nothing has been read yet" in client_as("coder").get(page).content.decode()
    read(spoken)
    text = client_as("coder").get(page).content.decode()
    for words in (
        "Moments to look at",
        "Duchenne smile",
        "joy",
        "90 % interval",
        "does not detect",
        "exploratory",
    ):
        assert words in text
    assert "at least 60 s are needed" in text, "ten seconds are too short for an indicator"
    assert "Read it again" not in text, "a coder reads"
    assert "Read it again" in client_as("analyst").get(page).content.decode()


@pytest.fixture
def of_two(run):
    """The run shows two faces: the second is the first once more."""
    folder = result_dir(run)
    table = pq.read_table(folder / "signals.parquet")
    other = table.set_column(table.column_names.index("face"), "face", pa.array(np.ones(len(table), np.int16)))
    pq.write_table(pa.concat_tables([table, other]), folder / "signals.parquet")
    summary = json.loads((folder / "summary.json").read_text())
    summary["faces"].append(summary["faces"][0] | {"face": 1})
    (folder / "summary.json").write_text(json.dumps(summary))
    return run


def named(run, *participants):
    """Somebody says who the faces are."""
    people = [{"pieces": [], "left_out": False, "participant": one and str(one.pk)} for one in participants]
    PeopleRevision.objects.create(run=run, number=1, action="assign", words="", people=people)
    AnalysisRun.objects.filter(pk=run.pk).update(parameters={**run.parameters, "people": 1})
    return AnalysisRun.objects.get(pk=run.pk)


def test_of_several_faces_only_those_are_read_that_agreed(of_two, read, participant, people, client_as):
    nobody = read(of_two)
    assert nobody.summary["faces"] == [], "nobody said who is who"
    assert "nobody’s yet" in client_as("coder").get(f"/runs/{of_two.pk}/meaning/").content.decode()
    other = Participant.objects.create(study=participant.study, code="P-002", created_by=people["analyst"])
    both = named(of_two, other, participant)
    found = whose.of_run(both)
    assert list(found.people) == [1]
    assert "P-002, who agreed to the coding of movements alone" in found.notes[0]
    reading = read(both)
    assert [one["face"] for one in reading.summary["faces"]] == [1]
    told = json.loads((services.folder(reading) / "indicators.json").read_text())
    assert [one["face"] for one in told["faces"]] == [1]


def test_withdrawing_takes_a_face_out_of_other_people_s_recordings(of_two, read, participant, consent, people):
    other = Participant.objects.create(study=participant.study, code="P-002", created_by=people["analyst"])
    agreed = Consent.objects.get(pk=consent.pk)
    agreed.pk, agreed.participant, agreed._state.adding = uuid.uuid4(), other, True
    agreed.save()
    both = read(named(of_two, participant, other))
    assert [one["face"] for one in both.summary["faces"]] == [0, 1]
    withdraw(people["analyst"], agreed, reason="not stated")
    assert not Reading.objects.filter(pk=both.pk).exists()
    assert list(whose.of_run(both.run).people) == [0]
