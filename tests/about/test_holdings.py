"""Readings, transcripts and voice are counted from their rows, told without anybody's name, in a few queries."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analysis import meaning
from facsweb.about import holdings
from facsweb.meaning.models import Reading, Speakers
from facsweb.recordings.models import Recording
from facsweb.runs.models import AnalysisRun
from facsweb.transcripts.models import Scores, Transcript
from tests.factories import make_recording

pytestmark = pytest.mark.django_db


@pytest.fixture
def read(participant, people):
    """A recording with a finished analysis and a reading."""

    def make(*, voice=False, minutes=1, recording=None, state="succeeded", **inputs):
        if recording is None:
            recording = make_recording(participant, people["analyst"])
            Recording.objects.filter(pk=recording.pk).update(has_audio=voice, duration_us=minutes * 60_000_000)
        run = recording.runs.first() or AnalysisRun.objects.create(
            recording=recording, created_by=people["analyst"], state="succeeded"
        )
        told = {
            "versions": meaning.versions(),
            "scopes": ["video", "emotion"],
            "own": {},
            "people": [],
            "words": None,
            **inputs,
        }
        Reading.objects.create(run=run, state=state, inputs=told, summary={"voice": voice})
        return recording

    return make


@pytest.fixture
def written(participant, people):
    """A transcript, as the worker left it."""

    def make(source="file", language="", state="ready", recording=None, **result):
        one = Transcript.objects.create(
            participant=participant, recording=recording, title="Secret", source=source, language=language,
            revision=1, created_by=people["analyst"],
        )  # fmt: skip
        if state:
            model = {"id": "text-emotion", "version": "0.1"}
            Scores.objects.create(
                transcript=one, state=state, revision=1, scored=1 if state == "ready" else None,
                result={"model": model, **result} if state == "ready" else None, computed_at=timezone.now(),
            )  # fmt: skip
        return one

    return make


def table(key):
    return next(one for one in holdings.tables() if one.key == key)


def numbers(key):
    return {row["what"]: row["n"] for row in table(key).rows}


def test_an_empty_installation_says_none_yet(db):
    for one in holdings.tables():
        assert one.rows == ()
        assert one.empty.startswith("None yet")


def test_readings_are_counted_by_what_they_rest_on(read):
    first = read(own={"own-lips": 1})
    read(recording=first, indicators={"trust_score": 2})
    read(people=[[0, "p", "asia, 1", []]], words=[1, "then"])
    read(state="failed")
    found = numbers("readings")
    assert found["Analyses that were read"] == 2
    assert found["Readings in all"] == 3
    assert found["Readings that failed"] == 1
    assert found["With own combinations"] == 0, "the newest reading of an analysis counts"
    assert (found["With own formulas"], found["With a calibration"], found["With words"]) == (1, 1, 1)


def test_versions_are_held_against_those_of_today(read):
    read()
    read(voice=True, versions={**meaning.versions(), "voice": "0-old"})
    read(scopes=["video", "text"])
    rows = {(row["part"], row["version"]): (row["n"], row["now"]) for row in table("read_versions").rows}
    assert rows["states", meaning.versions()["states"]] == (2, "the same")
    assert rows["voice", "0-old"] == (1, "an earlier one")
    assert ("voice", meaning.versions()["voice"]) not in rows, "no other reading has a voice"


def test_transcripts_say_why_they_have_no_score(read, written):
    session = {"scored": 3, "units": 3}
    written(recording=read(), language="en", session=session)
    written(recording=read(), language="en", session={"scored": 1, "units": 3})
    written("typed", "de", session={"scored": 0, "units": 3})
    written("speech", state="failed")
    written(session={"scored": 0, "units": 2})
    written("typed", state="")
    rows = {
        (row["kind"], row["language"]): (row["n"], row["scored"], row["why"]) for row in table("transcripts").rows
    }
    assert rows["of a recording, from a file", "en"][:2] == (2, 2)
    assert "some sentences" in rows["of a recording, from a file", "en"][2]
    assert rows["a document, typed here", "de"] == (1, 0, "the classifier does not know the language (1)")
    assert rows["a document, recognised here", "not told"] == (1, 0, "the attempt failed (1)")
    assert rows["a document, from a file", "could not be told"] == (1, 0, "its language could not be told (1)")
    assert "without words" in rows["a document, typed here", "not told"][2]
    text = [row for row in table("read_versions").rows if row["part"] == "text"]
    assert [(row["version"], row["n"], row["now"]) for row in text] == [("text-emotion 0.1", 2, "an earlier one")]


def test_a_transcript_that_changed_is_counted_again(written):
    one = written("typed", "en", session={"scored": 1, "units": 1})
    assert table("transcripts").rows[0]["scored"] == 1
    Transcript.objects.filter(pk=one.pk).update(revision=2)
    assert "changed since" in table("transcripts").rows[0]["why"]


def test_voice_has_minutes_and_speakers_marked_by_hand(read, people):
    heard = read(voice=True, minutes=12)
    other = read(voice=True, minutes=3)
    marks = [{"start_us": 0, "end_us": 1, "speaker": "Anna"}]
    Speakers.objects.create(recording=heard, number=1, marks=marks, faces={"Anna": None}, author=people["analyst"])
    Speakers.objects.create(recording=other, number=1, marks=marks, author=people["analyst"])
    Speakers.objects.create(recording=other, number=2, marks=[], author=people["analyst"])
    found = {row["what"]: (row["n"], row["how"]) for row in table("voice").rows}
    assert found["Recordings with sound"] == (2, "15 minutes of recording")
    assert found["Analyses whose voice was read"][0] == 2
    assert found["With speakers marked by hand"][0] == found["Where it is said which face speaks"][0] == 1


def test_nobody_is_told_and_the_queries_do_not_grow(read, written, participant, people):
    def queries():
        with CaptureQueriesContext(connection) as found:
            told = holdings.tables()
        assert participant.code not in json.dumps([one.rows for one in told])
        assert "Secret" not in json.dumps([one.rows for one in told])
        return len(found)

    written(recording=read(voice=True), session={"scored": 1, "units": 1})
    few = queries()
    for _ in range(4):
        written(recording=read(voice=True), session={"scored": 1, "units": 1})
    assert queries() == few
