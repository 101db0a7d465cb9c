"""Starting, cancelling, recovering: the state machine, without a worker."""

from datetime import timedelta

import pytest
from django.utils import timezone

from analysis.models import store
from analysis.types import ModelError
from facsweb.audit.models import Entry
from facsweb.processes import queue
from facsweb.processes.fence import Order
from facsweb.processes.models import Ticket
from facsweb.runs import attempts, hooks, recovery, services
from facsweb.runs.models import AnalysisRun
from facsweb.studies.services import ConsentMissing
from facsweb.studies.withdrawing import withdraw
from tests.at_once import at_once
from tests.factories import make_finished_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("models_present", "redis")]
State = AnalysisRun.State


def age(run, seconds, **values):
    """Let a run have beaten last, or waited since, some seconds ago."""
    then = timezone.now() - timedelta(seconds=seconds)
    AnalysisRun.objects.filter(pk=run.pk).update(heartbeat_at=then, queued_at=then, **values)
    Ticket.objects.filter(row=run.pk).exclude(belt_at=None).update(belt_at=then)


def test_start_enqueues_after_commit(run):
    assert run.state == State.QUEUED
    assert queue.is_waiting(f"run-{run.pk}-1")
    assert Entry.objects.get(action="run.start").object_id == str(run.pk)


def test_double_click_returns_the_active_run(run, recording, people):
    assert services.start(people["analyst"], recording).pk == run.pk
    assert AnalysisRun.objects.count() == 1


def test_clicks_at_the_same_moment_make_one_run(recording, people):
    found = at_once(lambda: services.start(people["analyst"], recording).pk, 8)
    assert len(found) == 8
    assert len(set(found)) == 1
    assert queue.get_queue("gpu").count == 1


def test_no_consent_no_run(recording, consent, people):
    withdraw(people["analyst"], consent, reason="asked by mail")
    with pytest.raises(ConsentMissing):
        services.start(people["analyst"], recording)
    assert not AnalysisRun.objects.exists()


def test_no_models_no_run(recording, people, monkeypatch):
    monkeypatch.setattr(store, "present", lambda: {"face-mesh": False})
    with pytest.raises(ModelError, match="python -m analysis models install"):
        services.start(people["analyst"], recording)


@pytest.mark.parametrize(
    "values", [{"neutral_us": 10_000_000}, {"neutral_us": -1}, {"max_faces": 0}, {"max_faces": 9}]
)
def test_impossible_parameters_are_refused(recording, people, values):
    with pytest.raises(services.RunRefused):
        services.start(people["analyst"], recording, **values)


def test_start_without_redis_waits_and_is_enqueued_later(recording, people, redis_server):
    redis_server.process.kill()
    redis_server.process.wait()
    run = services.start(people["analyst"], recording)
    assert run.state == State.QUEUED
    age(run, 10)
    assert services.recover() == 0
    redis_server.start()
    assert services.recover() == 1
    assert queue.is_waiting(f"run-{run.pk}-1")
    assert services.recover() == 0


def test_emptied_redis_is_filled_again(run, redis):
    redis.flushall()
    age(run, 10)
    assert services.recover() == 1
    assert queue.is_waiting(f"run-{run.pk}-1")


def test_job_taken_by_a_worker_that_died_before_claiming(run, redis):
    queue.get_queue("gpu").fetch_job(f"run-{run.pk}-1").set_status("started")
    redis.delete(queue.get_queue("gpu").key)
    age(run, 10)
    assert services.recover() == 0, "a worker has half a minute between taking and claiming"
    age(run, 40)
    assert services.recover() == 1


def test_claim_is_for_one(run):
    assert attempts.claim(run.pk, 1, "worker A").worker == "worker A"
    assert attempts.claim(run.pk, 1, "worker B") is None
    assert attempts.claim(run.pk, 2, "worker B") is None


def test_cancel_while_waiting_is_at_once(run, people):
    assert services.cancel(people["analyst"], run).state == State.CANCELLED
    assert not queue.is_waiting(f"run-{run.pk}-1")
    assert attempts.claim(run.pk, 1, "worker A") is None
    services.cancel(people["analyst"], run)
    assert Entry.objects.filter(action="run.cancel").count() == 1


def test_cancel_while_running_is_asked_of_the_worker(running, people):
    assert services.cancel(people["analyst"], running).state == State.RUNNING
    assert attempts.beat(running.pk, 1, done=5) is Order.CANCEL
    assert not attempts.succeed(running.pk, 1, files={}, summary={}), "asked before the end, so it wins"
    assert attempts.confirm_cancel(running.pk, 1)
    running.refresh_from_db()
    assert running.state == State.CANCELLED


def test_cancel_of_a_worker_that_died_is_confirmed_by_recovery(running, people):
    (attempts.folder(running.pk) / "1").mkdir(parents=True)
    services.still_path(running).write_bytes(b"a face")
    services.cancel(people["analyst"], running)
    age(running, 16)
    assert services.recover() == 1
    running.refresh_from_db()
    assert running.state == State.CANCELLED
    assert not attempts.folder(running.pk).exists()


def test_silent_worker_loses_the_run_and_cannot_write_any_more(one_moment, running):
    attempts.beat(running.pk, 1, done=100, total=250, stage="measure")
    age(running, 14)
    assert services.recover() == 0
    age(running, 16)
    assert services.recover() == 1
    running.refresh_from_db()
    assert (running.state, running.attempt, running.crashes, running.done) == (State.QUEUED, 2, 1, 0)
    assert queue.is_waiting(f"run-{running.pk}-2")
    attempts.claim(running.pk, 2, "worker B")
    assert attempts.beat(running.pk, 1, done=249) is Order.LOST
    assert not attempts.succeed(running.pk, 1, files={"signals.parquet": "0"}, summary={})
    assert not attempts.fail(running.pk, 1, error="x", detail="y")
    assert not attempts.give_back(running.pk, 1, "x")
    running.refresh_from_db()
    assert (running.state, running.worker, running.done) == (State.RUNNING, "worker B", 0)


def test_run_that_crashes_every_time_is_given_up(run):
    for attempt in range(1, recovery.MAX_CRASHES + 1):
        assert attempts.claim(run.pk, attempt, "worker A")
        age(run, 16)
        services.recover()
    run.refresh_from_db()
    assert run.state == State.FAILED
    assert "The recording is safe" in run.error


def test_giving_back_is_no_crash(running):
    assert attempts.give_back(running.pk, 1, "The worker is being stopped.")
    running.refresh_from_db()
    assert (running.state, running.attempt, running.crashes) == (State.QUEUED, 2, 0)
    assert queue.is_waiting(f"run-{running.pk}-2")


def test_withdrawal_stops_at_once(running, consent, people):
    folder = attempts.folder(running.pk) / "1"
    folder.mkdir(parents=True)
    withdraw(people["analyst"], consent, reason="asked by mail")
    running.refresh_from_db()
    assert running.state == State.CANCELLED
    assert "withdrew consent" in running.error
    assert attempts.beat(running.pk, 1) is Order.LOST
    assert not folder.exists()


def test_hooks_and_success_are_one_transaction(running, monkeypatch):
    seen = []
    monkeypatch.setattr(hooks, "on_success", [lambda run: seen.append(run.state), lambda run: 1 / 0])
    with pytest.raises(ZeroDivisionError):
        attempts.succeed(running.pk, 1, files={}, summary={})
    running.refresh_from_db()
    assert seen == [State.SUCCEEDED]
    assert running.state == State.RUNNING


def test_leftovers_of_dead_attempts_are_swept(running, monkeypatch):
    monkeypatch.setattr(hooks, "on_success", [])
    here = attempts.folder(running.pk)
    for name in ("1", "2"):
        (here / name).mkdir(parents=True)
    attempts.succeed(running.pk, 1, files={}, summary={})
    recovery.sweep(recovery.SWEPT)
    assert [path.name for path in here.iterdir()] == ["1"]


def test_reinterpret_needs_a_measurement(recording, people):
    run = make_finished_run(recording, people["analyst"])
    with pytest.raises(services.RunRefused, match="finished"):
        services.reinterpret(people["analyst"], run, 1_000_000)
    for name in services.MEASUREMENT:
        (services.result_dir(run) / name).write_bytes(b"x")
    again = services.reinterpret(people["analyst"], run, 1_000_000)
    assert again.parameters == {"neutral_us": 1_000_000, "measurement_from": str(run.pk)}
    with pytest.raises(services.RunRefused, match="within"):
        services.reinterpret(people["analyst"], run, 99_000_000)


def test_result_dir_needs_a_result(run):
    with pytest.raises(services.RunRefused):
        services.result_dir(run)
