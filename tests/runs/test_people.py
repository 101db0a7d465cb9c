"""Who is who by hand: what is stored, who may, what is read again, and what a withdrawal does."""

import shutil

import pytest
from django.urls import reverse
from django.utils import timezone

from analysis import people as stored
from analysis.people import Person, Piece
from facsweb.audit.models import Entry
from facsweb.runs import attempts, job, people, people_reading, people_state, services
from facsweb.runs.models import AnalysisRun, PeopleRevision
from facsweb.runs.people import measured_by
from facsweb.runs.services import RunRefused
from facsweb.studies.models import Consent, Participant
from facsweb.studies.services import ConsentMissing
from facsweb.studies.withdrawing import withdraw
from tests.factories import make_finished_run
from tests.people import write_measurement

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("models_present", "redis")]
State = AnalysisRun.State


@pytest.fixture
def finished(recording, people):
    """A finished run with a measurement: person 1 in tracks 0 and 2, person 2 in track 1."""
    run = make_finished_run(recording, people["analyst"])
    write_measurement(services.result_dir(run))
    return run


@pytest.fixture
def analyst(people):
    return people["analyst"]


def pieces(run):
    """Pieces of everybody by the newest revision, as (track, start, end)."""
    measured = measured_by(run)
    everybody = people_reading.current(measured, people_reading.seen_in(measured))
    return [[(p.track, p.start_us, p.end_us) for p in one.person.pieces] for one in everybody]


def let_it_work(run):
    """What a worker does with a waiting reading, without the arithmetic."""
    attempts.claim(run.pk, run.attempt, "worker A")
    return publish(run)


def publish(run):
    """The rest of a reading that a worker has claimed."""
    run.refresh_from_db()
    out = attempts.folder(run.pk) / str(run.attempt)
    out.mkdir(parents=True)
    job._copy_measurement(run.parameters["measurement_from"], out)
    people_reading.for_the_work(run, out)
    shutil.copy(
        services.result_dir(AnalysisRun.objects.get(pk=run.parameters["measurement_from"])) / "events.csv", out
    )
    assert attempts.succeed(run.pk, run.attempt, files=job.hashes(out), summary={"faces": []})
    run.refresh_from_db()
    return stored.read(out)


def newest():
    return AnalysisRun.objects.order_by("-created_at").first()


TRACKS_0_2, TRACK_1 = [(0, 0, None), (2, 0, None)], [(1, 0, None)]


# --- changes ------------------------------------------------------------------------------------------------


def test_a_split_is_a_revision_an_entry_and_a_reading_without_decoding(finished, analyst):
    revision = people.split_tracks(analyst, finished, expected=0, number=0, chosen={1})
    assert pieces(finished) == [[(0, 0, None)], TRACK_1, [(2, 0, None)]]
    assert (revision.number, revision.author, revision.action) == (1, analyst, "split")
    entry = Entry.objects.get(action="people.split")
    assert entry.actor == analyst
    assert entry.details["people"] == revision.people
    run = newest()
    assert run.parameters == {"measurement_from": str(finished.pk), "people": 1, "neutrals": {}}
    assert let_it_work(run) == [Person((Piece(0),)), Person((Piece(1),)), Person((Piece(2),))]
    assert stored.PEOPLE in run.files


def test_merging_brings_back_what_was_split_and_people_of_one_frame_stay_two(finished, analyst):
    people.split_tracks(analyst, finished, expected=0, number=0, chosen={1})
    with pytest.raises(RunRefused, match="same frame"):
        people.merge(analyst, finished, expected=1, number=0, other=1)
    people.merge(analyst, finished, expected=1, number=2, other=0)
    assert pieces(finished) == [TRACKS_0_2, TRACK_1]
    assert PeopleRevision.objects.count() == 2


def test_splitting_at_a_time(finished, analyst):
    people.split_at(analyst, finished, expected=0, number=1, time_us=5_000_000)
    assert pieces(finished) == [TRACKS_0_2, [(1, 0, 5_000_000)], [(1, 5_000_000, None)]]
    people.split_at(analyst, finished, expected=1, number=0, time_us=7_000_000)
    assert pieces(finished)[0] == [(0, 0, 7_000_000), (2, 0, 7_000_000)]
    with pytest.raises(RunRefused, match="before and after"):
        people.split_at(analyst, finished, expected=2, number=2, time_us=1_000_000)


def test_undo_goes_back_step_by_step_and_is_a_revision_too(finished, analyst):
    people.split_tracks(analyst, finished, expected=0, number=0, chosen={1})
    people.split_at(analyst, finished, expected=1, number=1, time_us=5_000_000)
    people.undo(analyst, finished, expected=2)
    assert pieces(finished) == [[(0, 0, None)], TRACK_1, [(2, 0, None)]]
    people.undo(analyst, finished, expected=3)
    assert pieces(finished) == [TRACKS_0_2, TRACK_1]
    with pytest.raises(RunRefused, match="nothing to undo"):
        people.undo(analyst, finished, expected=4)
    assert list(PeopleRevision.objects.values_list("restores", flat=True)) == [None, None, 1, 0]


def test_who_somebody_is(finished, analyst, participant, second):
    people.assign(analyst, finished, expected=0, number=0, participant=participant)
    with pytest.raises(RunRefused, match="already"):
        people.assign(analyst, finished, expected=1, number=1, participant=participant)
    people.assign(analyst, finished, expected=1, number=1, participant=second)
    with pytest.raises(RunRefused, match="two participants"):
        people.merge(analyst, finished, expected=2, number=0, other=1)
    people.assign(analyst, finished, expected=2, number=1, participant=None, left_out=True)
    assert [one["left_out"] for one in PeopleRevision.objects.last().people] == [False, True]
    assert let_it_work(newest())[1] == Person((Piece(1),), left_out=True)


def test_only_participants_of_the_study_who_consented(finished, analyst, participant, people_of_another_study):
    nobody = Participant.objects.create(study=participant.study, code="P-009", created_by=analyst)
    with pytest.raises(ConsentMissing):
        people.assign(analyst, finished, expected=0, number=0, participant=nobody)
    with pytest.raises(RunRefused, match="another study"):
        people.assign(analyst, finished, expected=0, number=0, participant=people_of_another_study)
    assert not PeopleRevision.objects.exists()


@pytest.fixture
def people_of_another_study(study, analyst):
    other = type(study).objects.create(
        name="Other", purpose="Other.", setting="research", jurisdiction="Japan", created_by=analyst
    )
    return Participant.objects.create(study=other, code="X-1", created_by=analyst)


def test_who_comes_second_is_told(finished, analyst, people):
    from facsweb.runs.people import merge, split_tracks

    split_tracks(analyst, finished, expected=0, number=0, chosen={1})
    with pytest.raises(RunRefused, match="in the meantime"):
        merge(people["administrator"], finished, expected=0, number=0, other=1)


def test_changes_while_a_reading_waits_or_works_are_read_in_the_end(finished, analyst):
    people.split_tracks(analyst, finished, expected=0, number=0, chosen={1})
    run = newest()
    people.merge(analyst, finished, expected=1, number=0, other=2)
    run.refresh_from_db()
    assert (AnalysisRun.objects.count(), run.parameters["people"]) == (2, 2)
    attempts.claim(run.pk, run.attempt, "worker A")
    people.split_at(analyst, finished, expected=2, number=1, time_us=5_000_000)
    measured = measured_by(finished)
    assert not people_reading.is_read(measured)
    publish(run)
    assert newest().parameters["people"] == 3
    assert newest().state == State.QUEUED
    assert people_reading.is_read(measured)


def test_a_reading_of_a_reading_goes_by_the_first_measurement(finished, analyst):
    people.split_tracks(analyst, finished, expected=0, number=0, chosen={1})
    run = newest()
    let_it_work(run)
    again = services.reinterpret(analyst, run, 1_000_000)
    assert again.parameters["people"] == 1
    assert measured_by(again) == finished
    assert let_it_work(again) == [Person((Piece(0),)), Person((Piece(1),)), Person((Piece(2),))]


def test_a_signed_measurement_stays_as_it_is(finished, analyst, people):
    from facsweb.coding.models import Layer
    from facsweb.runs.people import split_at

    Layer.objects.create(run=finished, kind="coder", owner=people["coder"], state="signed")
    with pytest.raises(RunRefused, match="signed"):
        split_at(analyst, finished, expected=0, number=1, time_us=5_000_000)
    assert not PeopleRevision.objects.exists()


# --- withdrawal ---------------------------------------------------------------------------------------------


def test_without_the_consent_of_the_recordings_participant_nothing_changes(finished, analyst, consent):
    withdraw(analyst, consent, reason="not stated")
    with pytest.raises(ConsentMissing):
        people.split_at(analyst, finished, expected=0, number=1, time_us=5_000_000)


def test_somebody_else_who_withdraws_is_left_out_for_good(finished, analyst, second, client_as):
    people.assign(analyst, finished, expected=0, number=1, participant=second)
    run = newest()
    assert people_reading.showing(second) == [run, finished], "also the one from before it was said who it is"
    withdraw(analyst, second.consents.get(), reason="not stated")
    run.refresh_from_db()
    assert run.state == State.CANCELLED
    latest = PeopleRevision.objects.last()
    assert (latest.action, latest.author) == ("withdraw", analyst)
    assert let_it_work(newest()) == [Person((Piece(0), Piece(2))), Person((Piece(1),), left_out=True)]
    for change in (
        lambda: people.assign(analyst, finished, expected=2, number=1, participant=None),
        lambda: people.split_at(analyst, finished, expected=2, number=1, time_us=5_000_000),
        lambda: people.undo(analyst, finished, expected=2),
    ):
        with pytest.raises(RunRefused, match="withdr"):
            change()
    picture = reverse("runs:people_picture", args=[finished.pk, 1])
    assert client_as("analyst").get(picture).status_code == 404


def test_a_reading_that_waited_leaves_out_who_withdrew_meanwhile(finished, analyst, second, tmp_path):
    people.assign(analyst, finished, expected=0, number=1, participant=second)
    Consent.objects.filter(participant=second).update(withdrawn_at=timezone.now())
    people_reading.for_the_work(newest(), tmp_path)
    assert [one.left_out for one in stored.read(tmp_path)] == [False, True]


# --- pages ----------------------------------------------------------------------------------------------------


def test_the_page_shows_everybody_with_picture_span_and_tracks(finished, client_as):
    client = client_as("coder")
    text = client.get(reverse("runs:people", args=[finished.pk])).content.decode()
    for words in ("Person 1", "Person 2", "Track 3: 00:00:06.000", "200 frames", "supportive indicators"):
        assert words in text
    assert 'name="action"' not in text
    assert "Merge" in client_as("analyst").get(reverse("runs:people", args=[finished.pk])).content.decode()
    response = client.get(reverse("runs:people_picture", args=[finished.pk, 0]), follow=True)
    assert response.content[:2] == b"\xff\xd8"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert client.get(reverse("runs:people_picture", args=[finished.pk, 7])).status_code == 404


def test_without_a_measurement_the_page_says_so(recording, people, client_as):
    run = make_finished_run(recording, people["analyst"])
    assert b"no measurement" in client_as("coder").get(reverse("runs:people", args=[run.pk])).content


@pytest.mark.parametrize(("role", "status"), [("stranger", 404), ("manager", 403), ("coder", 403)])
def test_only_leads_change(finished, client_as, role, status):
    address = reverse("runs:people_change", args=[finished.pk])
    values = {"action": "tracks", "expected": 0, "number": 0, "tracks": [1]}
    assert client_as(role).post(address, values).status_code == status
    assert not PeopleRevision.objects.exists()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"action": "tracks", "number": 0, "tracks": [1]}, "Split 1 track off person 1."),
        ({"action": "time", "number": 1, "time": "0:05"}, "Split person 2 at 5.000 s."),
        ({"action": "assign", "number": 1, "who": "left-out"}, "is left out."),
        ({"action": "merge", "number": 0, "other": 1}, "same frame"),
        ({"action": "merge", "number": 0}, "Choose the person to merge with."),
        ({"action": "time", "number": 0, "time": "soon"}, "Write the time as"),
        ({"action": "tracks", "number": 0}, "Choose the tracks"),
        ({"action": "assign", "number": 0, "who": "nobody"}, "no such participant"),
        ({"action": "undo"}, "nothing to undo"),
        ({"action": "merge", "number": 9, "other": 0}, "no such person"),
        ({"action": "dance"}, "dance"),
    ],
)
def test_what_is_posted_is_done_or_explained(finished, client_as, values, words):
    address = reverse("runs:people_change", args=[finished.pk])
    response = client_as("analyst").post(address, {"expected": 0, **values}, follow=True)
    assert response.status_code == 200
    assert words in response.content.decode()


def test_the_states_are_plain_values(finished):
    measured = people_reading.seen_in(finished)
    everybody = people_state.as_measured(measured)
    assert people_state.load(people_state.dump(everybody)) == everybody
