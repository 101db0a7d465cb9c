"""Which speaker is which face: said with the speakers, found again, read again, and never guessed."""

from __future__ import annotations

import json

import pytest

import analysis.indicators
from analysis.indicators.formulas import shipped
from facsweb.audit.models import Entry
from facsweb.meaning import indicator_trial, inputs, lanes, marking, services, speaking, whose, work
from facsweb.meaning.marking import SPEAKERS
from facsweb.meaning.models import Reading, Speakers
from facsweb.meaning.speaking import Places
from facsweb.recordings.models import Recording
from facsweb.runs.models import PeopleRevision
from facsweb.studies.models import Consent, Scope
from facsweb.transcripts import services as transcripts

pytestmark = pytest.mark.django_db(transaction=True)
MARKS = [
    {"start_us": 0, "end_us": 2_000_000, "speaker": "Anna"},
    {"start_us": 2_000_000, "end_us": 4_000_000, "speaker": "Ben"},
]


@pytest.fixture
def with_sound(run):
    Recording.objects.filter(pk=run.recording_id).update(has_audio=True)
    run.recording.refresh_from_db()
    return run


@pytest.fixture
def say(with_sound, client_as, redis):
    """Post to the speakers of the run; what the server answers."""

    def post(expected, faces, marks=MARKS):
        values = {"marks": marks, "expected": expected, "faces": faces}
        url = f"/runs/{with_sound.pk}/speakers"
        answer = client_as("coder").post(url, json.dumps(values), content_type="application/json")
        return answer.status_code, json.loads(answer.content)

    return post


def test_who_a_speaker_is_is_a_version_that_is_logged_and_asks_for_a_reading(with_sound, say, client_as, people):
    status, told = say(0, {"Anna": 0, "Ben": "nobody"})
    assert (status, told["faces"], told["revisions"][0]["said"]) == (200, {"Anna": 0, "Ben": "nobody"}, 2)
    entry = Entry.objects.get(action="speakers.write")
    assert (entry.details, entry.actor) == ({"number": 1, "marks": 2, "faces": 2}, people["coder"])
    assert Reading.objects.get(run=with_sound).state == "queued"
    assert say(1, {"Anna": 0, "Ben": "nobody"})[1]["revision"] == 1, "nothing changed"
    assert say(1, {"Anna": 0})[1]["faces"] == {"Anna": 0}, "taken back"
    read = json.loads(client_as("analyst").get(f"/runs/{with_sound.pk}/speakers").content)
    assert read["asked"] == {"faces": [{"face": 0, "label": "Face 1, P-001"}], "people": 1, "written": {}}
    past = json.loads(client_as("analyst").get(f"/runs/{with_sound.pk}/speakers?revision=1").content)
    assert past["faces"] == {"Anna": 0, "Ben": "nobody"}


def test_marks_that_are_saved_without_it_keep_who_is_who(with_sound, say, people):
    say(0, {"Anna": 0})
    one = marking.write(people["coder"], SPEAKERS, with_sound.recording, MARKS[:1], expected=1)
    assert one.faces == Speakers.objects.get(number=1).faces
    assert one.number == 2


@pytest.mark.parametrize("faces", [{"Anna": 7}, {"Anna": True}, {" ": 0}, {"x" * 81: 0}, [], {"Anna": "0"}])
def test_a_face_that_the_run_does_not_have_is_refused_with_a_sentence(say, faces):
    status, told = say(0, faces)
    assert (status, told["code"]) == (422, "invalid")
    assert not Speakers.objects.exists()


def test_one_name_is_one_person_whatever_its_capitals(say):
    assert say(0, {"Anna": 0, " ANNA": "nobody"})[1]["faces"] == {"ANNA": "nobody"}
    who = {"Anna": 0, "Cem": None}
    assert speaking.by_face(who, ["anna", "Anna  ", "Ben", "CEM"]) == {
        0: {"Anna", "anna", "Anna  "},
        None: {"Cem", "CEM"},
    }


def test_the_reading_is_told_and_the_sound_is_not_heard_again(with_sound, read, say, monkeypatch):
    from analysis.voice import pipeline

    heard, derived = [], []

    def listen(video, out, *, speakers, **more):
        heard.append(speakers)
        (out / "voice.json").write_text(json.dumps({"segments": MARKS, "warnings": []}))
        for name in ("voice.parquet", "pitch.parquet"):
            (out / name).write_bytes(b"")

    def derive(results, out, **more):
        derived.append((more["speakers"], more["refused"], more["others"]))
        (out / work.ABOUT).write_text("{}")

    monkeypatch.setattr(pipeline, "analyse_voice", listen)
    monkeypatch.setattr(work.meaning, "derive", derive)
    say(0, {})
    first = read(with_sound)
    say(1, {"anna": 0, "Ben": "nobody"})
    assert services.is_outdated(first)
    read(with_sound)
    assert derived == [({}, {0: []}, 0), ({0: {"anna", "Anna"}, None: {"Ben"}}, {0: []}, 0)]
    assert len(heard) == 1, "who somebody is changes no sound"


def test_a_face_is_found_again_by_its_pieces_then_by_its_participant():
    entry = {"face": 0, "measured": "m", "people": 0, "participant": "p1", "pieces": [{"track": 4}]}
    pieces = ({"pieces": [{"track": 2}]}, {"pieces": [{"track": 4}]})
    assert Places("m", 0, (), {0: ""}).find(entry) == 0
    assert Places("m", 1, pieces, {0: "p1", 1: "p2"}).find(entry) == 1, "the same face, whoever it is said to be"
    assert Places("m", 2, pieces[:1], {0: "p1"}).find(entry) == 0, "split: the participant is left"
    assert Places("other", 0, (), {0: "", 1: "p1"}).find(entry) == 1
    assert Places("other", 0, (), {0: "", 1: "p2"}).find(entry) is None
    assert Places("other", 0, (), {0: ""}).find({**entry, "participant": ""}) is None, "nobody is not nobody"


def test_what_is_said_of_another_measurement_stays_and_says_nothing_here(with_sound, say):
    lost = {"face": 1, "measured": "other", "people": 0, "participant": "", "pieces": None}
    say(0, {"Ben": "nobody"})
    Speakers.objects.update(faces={"Anna": lost, "Ben": None})
    assert inputs.gather(with_sound)["who"] == {"Ben": None}
    assert say(1, {"Ben": 0})[1]["faces"] == {"Ben": 0}
    assert speaking.latest(with_sound.recording)["Anna"] == lost


def test_speakers_of_a_transcript_are_said_without_sound(run, client_as, people, redis, consent):
    url = f"/runs/{run.pk}/speakers"
    assert client_as("coder").get(url).status_code == 409
    found = transcripts.begin(people["coder"], run.recording.participant, run.recording, title="Words")
    rows = [[0, 1_000_000, "Anna", "Hello."], [1_000_000, 2_000_000, "Anna", "You."], [None, None, "", "Yes."]]
    transcripts.save(people["coder"], found, rows, expected=1)
    told = json.loads(client_as("coder").get(url).content)
    assert told["asked"]["written"] == {"Anna": 2}
    shown = lanes.of_run(people["coder"], run)
    assert (shown["speakers"], shown["why_no_marks"]) == (url, "This recording has no sound.")
    said = {"marks": [], "expected": 0, "faces": {"Anna": 0}}
    assert client_as("coder").post(url, said, content_type="application/json").status_code == 200
    marked = {"marks": MARKS, "expected": 1, "faces": {"Anna": 0}}
    assert client_as("coder").post(url, marked, content_type="application/json").status_code == 409
    Consent.objects.filter(pk=consent.pk).update(scopes=[str(Scope.VIDEO), str(Scope.EMOTION)])
    assert client_as("coder").get(url).status_code == 409, "no consent to the words"
    assert inputs.refused(run.recording.participant) == ["voice", "text", "indicators"]


def test_somebody_in_the_picture_who_was_left_out_may_speak_too(run, people):
    people_ = [{"pieces": [], "left_out": left_out, "participant": ""} for left_out in (False, True)]
    PeopleRevision.objects.create(run=run, number=1, action="assign", words="", people=people_)
    run.parameters = {**run.parameters, "people": 1}
    assert whose.left_out(run) == 1


def test_a_trial_tells_the_engine_who_may_speak_as_a_reading_does(read, run, people, monkeypatch):
    reading = read(run)
    people_ = [{"pieces": [], "left_out": left_out, "participant": ""} for left_out in (False, True)]
    PeopleRevision.objects.create(run=run, number=1, action="assign", words="", people=people_)
    run.parameters = {**run.parameters, "people": 1}
    told = []
    monkeypatch.setattr(analysis.indicators, "derive", lambda folder, **given: told.append(given) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        indicator_trial.tried(run, shipped().indicators[0], None)
    by_reading = speaking.for_the_engine(run, inputs.gather(run), services.folder(reading))
    assert {name: told[0][name] for name in by_reading} == by_reading
    assert told[0]["others"] == 1
    assert told[0]["write"] is False
