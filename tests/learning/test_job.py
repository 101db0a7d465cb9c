"""Trainings with the real engine: published whole, or not at all; by workers that may die."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from analysis.learning import read_codings
from analysis.learning.train import LEAST_PARTICIPANTS
from analysis.scoring import choice
from facsweb.audit.models import Entry
from facsweb.learning import attempts, job, lapses, packages, recovery, services
from facsweb.learning.models import Training
from facsweb.processes import queue
from facsweb.runs import scorers
from facsweb.studies.models import Consent
from facsweb.studies.withdrawing import withdraw
from tests.programs import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis")]
State = Training.State


def performed(training, attempt=1):
    job.perform(training.pk, attempt, worker="worker A")
    training.refresh_from_db()
    return training


def test_three_participants_make_a_scorer(three, people, settings, client_as):
    training = performed(services.start(people["staff"]))
    assert training.state == State.SUCCEEDED, training.error + training.error_detail
    assert [path.name for path in settings.SCORERS_DIR.iterdir() if not path.name.startswith(".")] == ["1"]
    assert not list((settings.SCORERS_DIR / ".drafts").iterdir())
    about = json.loads((settings.SCORERS_DIR / "1" / "scorer.json").read_text())
    assert (about["id"], about["version"], about["learned"]) == ("au-own", "1", training.learned)
    assert (training.learned["participants"], training.learned["recordings"], training.learned["coders"]) == (
        3,
        3,
        1,
    )
    assert training.learned["codes"]["12"]["participants"] == 3
    assert training.files == packages.hashes(settings.SCORERS_DIR / "1")
    assert {str(one.participant) for one in training.material.all()} == {
        str(layer.run.recording.participant_id) for layer in three
    }
    assert choice.chosen("au-own/1").version == "1"
    found = {one.name: one for one in scorers.options(three[0].run)}
    assert found["au-own/1"].why_not == "", "the runs it learned from can be read with it"
    assert Entry.objects.get(action="training.succeed").details["scorer"] == "au-own/1"
    text = client_as("staff").get("/scorers/au-own/1/").content.decode()
    assert "Before and after" in text
    assert "→" in text


def test_a_worker_trains_what_was_started_on_the_page(three, client_as, start_child):
    answer = client_as("staff").post("/scorers/train")
    training = Training.objects.get()
    assert answer.url == f"/scorers/trainings/{training.pk}/"
    start_child("worker")

    def ended() -> bool:
        training.refresh_from_db()
        return not training.is_active

    wait_until(ended, what="it is trained")
    assert training.state == State.SUCCEEDED, training.error + training.error_detail
    assert packages.own_versions() == ["1"]


def test_two_participants_are_too_few_and_the_engine_says_so(three, people):
    assert LEAST_PARTICIPANTS == services.LEAST_PARTICIPANTS
    withdraw(people["analyst"], three[1].run.recording.participant.consents.get(), reason="not stated")
    training = performed(services.start(people["staff"]))
    assert training.state == State.FAILED
    assert "2 participant" in training.error
    assert services.newest_shipped() in choice.available()
    assert "au-own/1" not in choice.available()


def test_consent_is_asked_again_when_the_training_begins(layer, people):
    training = services.start(people["staff"])
    Consent.objects.update(withdrawn_at=timezone.now())  # past every hook
    training = performed(training)
    assert (training.state, training.error) == (State.FAILED, job.NOTHING)
    assert not training.material.exists()


def test_and_when_it_ends(three, people, settings, monkeypatch):
    training = services.start(people["staff"])
    hashes = packages.hashes

    def withdrawn_meanwhile(path):
        Consent.objects.update(withdrawn_at=timezone.now())
        return hashes(path)

    monkeypatch.setattr(packages, "hashes", withdrawn_meanwhile)
    training = performed(training)
    assert (training.state, training.error) == (State.FAILED, lapses.WHILE_TRAINING)
    assert packages.own_versions() == []


def test_a_job_that_is_carried_twice_trains_once(three, people):
    training = performed(services.start(people["staff"]))
    files = training.files
    assert performed(training).files == files
    assert attempts.claim(training.pk, 1, "worker B") is None


def test_an_attempt_that_lost_its_training_publishes_nothing(three, people, monkeypatch):
    training = services.start(people["staff"])
    hashes = packages.hashes

    def taken_over(path):
        Training.objects.update(attempt=2, state=State.QUEUED)
        return hashes(path)

    monkeypatch.setattr(packages, "hashes", taken_over)
    assert performed(training).state == State.QUEUED
    assert packages.own_versions() == []
    monkeypatch.undo()


def test_what_a_dead_attempt_left_in_place_is_replaced(three, people, settings):
    training = services.start(people["staff"])
    left = settings.SCORERS_DIR / "1"
    left.mkdir(parents=True)
    (left / "scorer.json").write_text("{}")
    assert performed(training).state == State.SUCCEEDED
    assert choice.chosen("au-own/1").version == "1"


def test_stopping_it_while_it_works(three, people):
    training = services.start(people["staff"])
    told = []

    def cancelled() -> bool:
        training.refresh_from_db()
        return training.state == State.CANCELLED

    def stop(stage, done, total):
        told.append(stage)
        if stage == "read" and done == 0:
            services.cancel(people["staff"], training)
            wait_until(cancelled, what="the pulse hears it in the meantime")

    job.perform(training.pk, 1, worker="worker A", tell=stop)
    training.refresh_from_db()
    assert training.state == State.CANCELLED
    assert "fit" not in told
    assert packages.own_versions() == []


def test_a_fault_of_the_program_is_told_in_a_sentence(three, people, monkeypatch):
    monkeypatch.setattr("analysis.learning.train", lambda *_, **__: 1 / 0)
    training = performed(services.start(people["staff"]))
    assert (training.state, training.error) == (State.FAILED, job.UNEXPECTED)
    assert "ZeroDivisionError" in training.error_detail


def test_a_silent_worker_loses_it_to_the_next_and_three_times_is_enough(layer, people):
    training = services.start(people["staff"])
    for attempt in (1, 2, 3):
        assert attempts.claim(training.pk, attempt, "worker A")
        assert recovery.recover() == 0, "a living attempt is left alone"
        Training.objects.update(heartbeat_at=timezone.now() - 2 * recovery.STALE)
        assert recovery.recover() == 1
        training.refresh_from_db()
    assert (training.state, training.error) == (State.FAILED, recovery.GIVEN_UP)


def test_a_job_that_redis_lost_is_put_back(layer, people, redis):
    training = services.start(people["staff"])
    assert queue.is_waiting(attempts.FENCE.job_id(training.pk, 1))
    redis.flushall()
    Training.objects.update(queued_at=timezone.now() - timedelta(minutes=2))
    assert recovery.recover() == 1
    assert queue.is_waiting(attempts.FENCE.job_id(training.pk, 1))
    assert recovery.recover() == 0


def test_the_command_trains_and_says_what_came_of_it(three):
    out = StringIO()
    call_command("learn", stdout=out, stderr=StringIO())
    assert "au-own/1" in out.getvalue()
    assert Training.objects.get().created_by is None
    Training.objects.create(number=2, base="au-nets/1.0.0")
    with pytest.raises(CommandError, match="under way"):
        call_command("learn")


def test_the_command_writes_the_codings_without_names(three, tmp_path, people):
    path = tmp_path / "codings.json"
    said = StringIO()
    call_command("learn", out=path, stderr=said)
    assert "3 codings" in said.getvalue()
    found = read_codings(path)
    assert len({coding.participant for coding in found}) == 3
    text = path.read_text()
    for name in ("P-001", people["coder"].name, people["coder"].email):
        assert name not in text
    assert not Training.objects.exists()


def test_the_command_says_when_there_is_nothing(db):
    with pytest.raises(CommandError, match="no signed coding"):
        call_command("learn")
