"""What happens while an erasure waits or is at work: copies, a fresh consent, another erasure, a hold."""

from __future__ import annotations

import hashlib
import sqlite3
import uuid
from pathlib import Path

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from analysis.types import Cancelled
from facsweb.privacy import attempts, destroying, recovery, services, sound
from facsweb.privacy.models import Copy, Erasure
from facsweb.processes import queue
from facsweb.recordings.models import Recording
from facsweb.studies import links
from facsweb.studies import services as studies
from facsweb.studies.models import Consent, ConsentLink, Scope
from facsweb.studies.standing import ConsentMissing
from facsweb.studies.withdrawing import withdraw
from facsweb.transcripts.models import Recognition, Scores
from tests import postgresql
from tests.at_once import at_once
from tests.factories import make_recording
from tests.privacy import made

pytestmark = pytest.mark.django_db


def agreed_again(participant, consent, people):
    """The participant changes their mind after a withdrawal and agrees to everything, with a name of their own."""
    scopes = [str(scope) for scope in Scope]
    return studies.record_consent(
        people["analyst"], participant, consent.form, scopes=scopes, method="on_screen", signature="Again Person"
    )


def at_work(erasure):
    """As a worker has it."""
    assert attempts.FENCE.claim(erasure.pk, erasure.attempt, "here")
    return Erasure.objects.select_related("participant__study", "study").get(pk=erasure.pk)


# --- the database's journal -------------------------------------------------------------------------------------


@postgresql.ONLY_SQLITE
@pytest.mark.django_db(transaction=True)
def test_a_journal_that_somebody_reads_is_emptied_when_they_are_done(participant, monkeypatch):
    """SQLite does nothing while another reads what was there before, and says so in its answer alone."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 0")
    reader = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT COUNT(*) FROM studies_participant").fetchone()
    type(participant).objects.filter(pk=participant.pk).update(code="codeqzx")
    journal = Path(f"{connection.settings_dict['NAME']}-wal")
    assert b"codeqzx" in journal.read_bytes()
    monkeypatch.setattr(destroying.time, "sleep", lambda _seconds: reader.close())
    destroying._empty_the_journal()
    assert journal.read_bytes() == b""
    connection.close()  # with it goes its impatience


# --- copies for the participant ---------------------------------------------------------------------------------


def test_a_copy_that_was_made_while_the_destruction_waited_goes_too(world, participant, consent, people, erase):
    withdraw(None, consent)
    copy = made.a_copy(participant, people["analyst"])
    assert copy.created_at > Erasure.objects.get().before
    (erasure,) = erase()
    assert not Copy.objects.filter(pk=copy.pk).exists(), "it held everything, for a week"
    assert not [name for name in made.files() if "/copies/" in name]
    assert erasure.tombstones.filter(kind="privacy.copy", object_id=str(copy.pk)).exists()


def test_a_copy_that_was_begun_in_the_middle_of_the_destruction_goes_too(
    world, participant, consent, people, erase, monkeypatch
):
    withdraw(None, consent)
    real, begun = destroying.learnt.destroy, []

    def meanwhile(erasure, note):
        real(erasure, note)
        begun.append(made.a_copy(participant, people["analyst"]))

    monkeypatch.setattr(destroying.learnt, "destroy", meanwhile)
    erase()
    assert begun
    assert not Copy.objects.exists()


# --- a fresh consent --------------------------------------------------------------------------------------------


def test_what_was_scored_and_asked_under_a_fresh_consent_stays(participant, consent, people, erase):
    """A hold kept the erasure waiting; meanwhile the participant agreed again and brought another text."""
    from facsweb.transcripts.services import receive, take

    coder = people["coder"]
    old = take(
        coder, receive(coder, participant, None, name="a.txt", data=b"Anna: Hello.\n"), title="A", language="en"
    )
    services.hold(people["administrator"], participant, reason="A claim")
    withdraw(None, consent, scopes=[Scope.TEXT])
    agreed_again(participant, consent, people)
    new = take(
        coder, receive(coder, participant, None, name="b.txt", data=b"Anna: Bye.\n"), title="B", language="en"
    )
    Scores.objects.update_or_create(transcript=new, defaults={"revision": 1, "state": "ready"})
    later = make_recording(participant, people["analyst"])
    Recognition.objects.create(recording=later, asked_by=coder)
    services.lift(people["administrator"], participant, reason="Settled")
    erase()
    assert not type(old).objects.filter(pk=old.pk).exists()
    assert Scores.objects.filter(transcript=new).exists()
    assert Recognition.objects.filter(recording=later).exists()


def test_an_erasure_on_request_leaves_a_consent_that_came_later(world, participant, consent, people, erase):
    services.erase_everything(people["administrator"], participant, reason="By letter")
    fresh = agreed_again(participant, consent, people)
    link, _ = links.make(people["analyst"], participant)
    later = make_recording(participant, people["analyst"])
    erase()
    fresh.refresh_from_db()
    assert fresh.signature == "Again Person", "it proves what the study does now"
    assert Consent.objects.get(pk=consent.pk).signature == ""
    assert list(ConsentLink.objects.filter(participant=participant)) == [link]
    assert list(Recording.objects.filter(participant=participant)) == [later]


# --- two erasures -----------------------------------------------------------------------------------------------


def test_two_erasures_take_the_sound_out_of_one_recording_at_the_same_time(world, consent, monkeypatch):
    """Whoever withdraws the voice and then the words has two erasures, and two workers take one each."""
    recording = world["recording"]
    withdraw(None, consent, scopes=[Scope.AUDIO])
    withdraw(None, consent, scopes=[Scope.TEXT])
    first, second = (at_work(one) for one in Erasure.objects.order_by("created_at"))
    real = sound.without

    def overtaken(*arguments):
        draft = real(*arguments)
        monkeypatch.setattr(sound, "without", real)
        destroying._without_sound(second, recording)
        return draft

    monkeypatch.setattr(sound, "without", overtaken)
    destroying._without_sound(first, recording)
    recording.refresh_from_db()
    original = Path(recording.original.path)
    assert not recording.has_audio
    assert recording.sha256 == hashlib.sha256(original.read_bytes()).hexdigest()
    assert made.pictures_of_sound() == []
    assert not list(original.parent.glob("*.draft")), "no draft is left behind"
    noted = [one for one in (first, second) if one.tombstones.filter(kind=sound.KIND).exists()]
    assert noted == [second], "who took it out says so, and of the file with the sound in it"


@pytest.mark.django_db(transaction=True)
def test_a_request_that_is_sent_twice_at_the_same_moment_is_one(participant, consent, people):
    known = uuid.uuid4()
    ask = lambda: services.erase_everything(  # noqa: E731
        people["administrator"], participant, reason="By letter", id=known
    )
    assert {one.pk for one in at_once(ask, 3)} == {known}
    assert Erasure.objects.filter(why="request").count() == 1


# --- a hold -----------------------------------------------------------------------------------------------------


def test_a_hold_stops_an_erasure_that_is_at_work(world, participant, consent, people, client_as, client, erase):
    withdraw(None, consent)
    erasure = at_work(Erasure.objects.get())
    services.hold(people["administrator"], participant, reason="A claim")
    with pytest.raises(Cancelled):
        destroying.one(erasure, world["recording"])
    assert Recording.objects.filter(pk=world["recording"].pk).exists()
    page = client_as("administrator").get(reverse("privacy:erasure", args=[erasure.pk])).content.decode()
    assert "On hold" in page
    assert "Being destroyed" not in page
    own = client.get(reverse("consent:start", args=[world["secret"]])).content.decode()
    assert "rechtlichen Grund" in own or "legal reason" in own
    Erasure.objects.update(heartbeat_at=timezone.now() - recovery.STALE * 2)
    queue.remove(attempts.FENCE.job_id(erasure.pk, erasure.attempt))  # as a worker that took it leaves it
    assert attempts.FENCE.recover(stale=recovery.STALE, most_crashes=3, given_up="") == 0
    services.lift(people["administrator"], participant, reason="Settled")
    (done,) = erase()
    assert (done.state, done.crashes) == ("succeeded", 0)
    assert not Recording.objects.filter(pk=world["recording"].pk).exists()


# --- a withdrawal while something arrives -----------------------------------------------------------------------


def test_a_withdrawal_while_an_upload_is_begun_leaves_no_upload(participant, consent, people, monkeypatch):
    from facsweb.recordings import files, uploads
    from facsweb.recordings.models import Upload

    def meanwhile(folder):
        withdraw(None, consent)
        return 10**12

    monkeypatch.setattr(files, "free_bytes", meanwhile)
    with pytest.raises(ConsentMissing):
        uploads.begin_upload(people["analyst"], participant, filename="a.mp4", length=100)
    assert not Upload.objects.exists(), "made after the withdrawal, no erasure would find it"


def test_a_withdrawal_while_a_text_is_read_leaves_no_text(participant, consent, people, monkeypatch):
    from facsweb.transcripts import services as texts
    from facsweb.transcripts.models import Upload

    real = texts.look

    def meanwhile(upload):
        withdraw(None, consent, scopes=[Scope.TEXT])
        return real(upload)

    monkeypatch.setattr(texts, "look", meanwhile)
    with pytest.raises(ConsentMissing):
        texts.receive(people["coder"], participant, None, name="a.txt", data=b"Anna: Hello.\n")
    assert not Upload.objects.exists()


def test_who_withdraws_while_they_are_named_on_anothers_recording_is_not_named(
    participant, consent, people, monkeypatch
):
    from facsweb.runs import people as who_is_who
    from facsweb.runs.models import PeopleRevision
    from facsweb.runs.services import result_dir
    from tests.factories import make_finished_run
    from tests.people import write_measurement

    run = make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
    write_measurement(result_dir(run))
    second = type(participant).objects.create(study=participant.study, code="P-002", created_by=people["analyst"])
    known = {"scopes": [Scope.VIDEO], "method": "on_screen", "signature": "Second Person"}
    theirs = studies.record_consent(people["analyst"], second, consent.form, **known)
    real = who_is_who.why_not

    def meanwhile(run):
        withdraw(None, theirs)
        return real(run)

    monkeypatch.setattr(who_is_who, "why_not", meanwhile)
    with pytest.raises(ConsentMissing):
        who_is_who.assign(people["analyst"], run, expected=0, number=1, participant=second)
    assert not PeopleRevision.objects.exists(), "no erasure would come for a face that was named afterwards"
