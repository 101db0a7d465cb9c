"""Starting, stopping, choosing the default, and what a withdrawal does to what was learned."""

from __future__ import annotations

import json

import pytest
from django.db import IntegrityError, transaction

from analysis.scoring import package
from analysis.scoring.choice import RULES
from facsweb.audit.models import Entry
from facsweb.learning import attempts, lapses, services
from facsweb.learning.models import Default, Training, Used
from facsweb.learning.services import LearningRefused
from facsweb.processes.fence import Order
from facsweb.runs import services as runs
from facsweb.studies.models import Scope
from facsweb.studies.services import record_consent
from facsweb.studies.withdrawing import withdraw
from tests.at_once import at_once
from tests.factories import make_recording

pytestmark = pytest.mark.django_db
State = Training.State


@pytest.fixture
def own(people, participant, settings):
    """A finished scorer, au-own/1, that learned from the participant."""
    training = Training.objects.create(
        number=1, base=services.newest_shipped(), state=State.SUCCEEDED, created_by=people["staff"]
    )
    recording = make_recording(participant, people["analyst"])
    Used.objects.create(
        training=training,
        layer=recording.pk,
        recording=recording.pk,
        study=participant.study.pk,
        participant=participant.pk,
        coder=people["coder"].pk,
    )
    folder = settings.SCORERS_DIR / "1"
    folder.mkdir(parents=True)
    (folder / package.ABOUT).write_text(json.dumps({"id": "au-own", "version": "1"}))
    return training


def test_nothing_to_learn_from_starts_nothing(people):
    with pytest.raises(LearningRefused, match="no signed coding"):
        services.start(people["staff"])
    assert not Training.objects.exists()


def test_starting_is_logged_and_a_double_click_is_one_training(layer, people):
    first = services.start(people["staff"])
    assert (first.state, first.number, first.base) == (State.QUEUED, 1, services.newest_shipped())
    assert services.start(people["staff"]) == first
    assert Entry.objects.get(action="training.start").details == {"number": 1, "base": first.base}


def test_the_database_allows_one_active_training_and_any_number_of_ended_ones(people):
    for number, state in enumerate((State.FAILED, State.CANCELLED, State.SUCCEEDED, State.RUNNING), start=1):
        Training.objects.create(number=number, base="au-nets/1.0.0", state=state)
    with pytest.raises(IntegrityError), transaction.atomic():
        Training.objects.create(number=5, base="au-nets/1.0.0")


def test_numbers_never_come_twice(layer, people, settings):
    services.cancel(people["staff"], services.start(people["staff"]))
    assert services.start(people["staff"]).number == 2
    Training.objects.update(state=State.FAILED)
    lying = settings.SCORERS_DIR / "7"
    lying.mkdir(parents=True)
    (lying / package.ABOUT).write_text("{}")
    assert services.start(people["staff"]).number == 8


def test_stopping_one_that_waits_and_one_that_runs(layer, people, tmp_path):
    waiting = services.cancel(people["staff"], services.start(people["staff"]))
    assert waiting.state == State.CANCELLED
    running = services.start(people["staff"])
    attempts.claim(running.pk, 1, "worker A")
    for _ in range(2):
        running = services.cancel(people["staff"], running)
    assert running.state == State.RUNNING
    assert attempts.FENCE.order(running.pk, 1) is Order.CANCEL
    assert Entry.objects.filter(action="training.cancel").count() == 2, "stopping twice is once"
    made = tmp_path / "made"
    made.mkdir()
    assert not attempts.succeed(running, made, {}), "a stop that was asked for wins at the last moment"
    assert made.exists()


def test_the_default_is_used_by_new_runs_and_can_be_taken_back(own, consent, participant, people, monkeypatch):
    monkeypatch.setattr("analysis.models.store.present", lambda: {})
    assert "scorer" not in runs.start(people["analyst"], make_recording(participant, people["analyst"])).parameters
    services.make_default(people["staff"], "au-own/1")
    services.make_default(people["staff"], "au-own/1")
    assert services.default_name() == "au-own/1"
    entry = Entry.objects.get(action="scorer.default")
    assert (entry.actor, entry.after["scorer"]) == (people["staff"], "au-own/1")
    run = runs.start(people["analyst"], make_recording(participant, people["analyst"]))
    assert run.parameters["scorer"] == "au-own/1"
    services.make_default(people["staff"], services.newest_shipped())
    assert services.default_name() is None
    assert Default.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_default_that_is_chosen_by_several_at_once_is_one_choice(own, consent, people):
    at_once(lambda: services.make_default(people["staff"], "au-own/1"))
    assert Default.objects.count() == 1
    assert Entry.objects.filter(action="scorer.default").count() == 1
    at_once(lambda: services.make_default(people["staff"], services.newest_shipped()))
    assert Default.objects.count() == 2


def test_a_default_that_is_gone_is_said_and_not_used(own, consent, people, settings):
    services.make_default(people["staff"], "au-own/1")
    (settings.SCORERS_DIR / "1").rename(settings.SCORERS_DIR / "away")
    assert services.default_name() is None
    assert services.default_is_gone() == "au-own/1"


@pytest.mark.parametrize(("name", "match"), [(RULES, "kept for comparison"), ("au-own/9", "no such scorer")])
def test_what_cannot_be_the_default(people, name, match):
    with pytest.raises(LearningRefused, match=match):
        services.make_default(people["staff"], name)
    assert not Default.objects.exists()


def test_a_withdrawal_takes_the_scorer_out_of_use(own, consent, people):
    services.make_default(people["staff"], "au-own/1")
    assert services.note("au-own/1") == ""
    withdraw(people["analyst"], consent, reason="not stated")
    assert services.default_name() is None
    assert "no longer the default" in services.chosen_default().reason
    assert services.note("au-own/1") == lapses.SHORT
    assert "a participant whose consent has been withdrawn since. Train again." in lapses.sentence("au-own/1")
    with pytest.raises(LearningRefused, match="Train again"):
        services.make_default(people["staff"], "au-own/1")
    assert Entry.objects.filter(action="scorer.consent_withdrawn").count() == 1


def test_agreeing_to_less_is_a_withdrawal_too(own, consent, people):
    record_consent(
        people["analyst"],
        consent.participant,
        consent.form,
        scopes=[Scope.VIDEO],
        method="on_screen",
        signature="P. One",
    )
    assert lapses.of_scorer("au-own/1") == 1


def test_a_withdrawal_of_somebody_else_changes_nothing(own, another, consent, people):
    services.make_default(people["staff"], "au-own/1")
    other = another("P-002")
    withdraw(people["analyst"], other.consents.get(), reason="not stated")
    assert services.default_name() == "au-own/1"
    assert lapses.of_scorer("au-own/1") == 0


def test_a_participant_who_is_deleted_counts_as_withdrawn_and_breaks_nothing(own, participant, client_as):
    from facsweb.recordings.models import Recording

    Recording.objects.all().delete()
    participant.consents.all().delete()
    participant.delete()
    assert lapses.of_scorer("au-own/1") == 1
    answer = client_as("staff").get("/scorers/")
    assert answer.status_code == 200
    assert "Consent withdrawn since" in answer.content.decode()
    assert client_as("staff").get("/scorers/au-own/1/").status_code == 200


def test_a_withdrawal_during_a_training_ends_it(own, consent, people):
    training = Training.objects.create(number=2, base=own.base, state=State.RUNNING)
    Used.objects.create(
        training=training,
        layer=own.pk,
        recording=own.pk,
        study=own.pk,
        participant=consent.participant_id,
        coder=people["coder"].pk,
    )
    withdraw(people["analyst"], consent, reason="not stated")
    training.refresh_from_db()
    assert (training.state, training.error) == (State.FAILED, lapses.WHILE_TRAINING)
