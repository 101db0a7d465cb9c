"""One attempt from the inside: the pulse beats while the work is busy, hears orders, and notices what is hung."""

import threading
import time

import numpy as np
import pytest
from django.db import DatabaseError
from django.utils import timezone

from analysis.types import Cancelled, MediaError
from facsweb.processes.fence import Order
from facsweb.runs import attempts, hooks, job, recovery, services
from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import Consent
from facsweb.studies.withdrawing import withdraw
from tests.programs import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("models_present", "redis")]
State = AnalysisRun.State


class Clock:
    """What the pulse takes for the time: it goes on when the test says so, however long the machine takes."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    monkeypatch.setattr(job, "time", Clock())
    return job.time


class Ticks:
    """How often the pulse began to look, and what it had heard after each look that began since ``asked``."""

    def __init__(self) -> None:
        self.begun, self.asked, self.heard = 0, threading.Event(), []


@pytest.fixture
def ticks(monkeypatch) -> Ticks:
    seen, real = Ticks(), job.Pulse._tick

    def tick(pulse, runner):
        seen.begun += 1
        asked = seen.asked.is_set()
        real(pulse, runner)
        if asked:
            seen.heard.append(pulse.order)

    monkeypatch.setattr(job.Pulse, "_tick", tick)
    return seen


def heart_of(run):
    run.refresh_from_db()
    return run.heartbeat_at


def test_heart_beats_while_the_analysis_is_busy(running):
    with job.Pulse(running):  # no hook is called, as in a long computation
        for _ in range(2):
            last = heart_of(running)
            wait_until(lambda last=last: heart_of(running) > last, what="the next beat")
    assert recovery.STALE.total_seconds() / 3 > job.BEAT_S + job.TICK_S


def test_heart_stops_with_the_work(running, ticks):
    with job.Pulse(running):
        wait_until(lambda: ticks.begun > 0, what="it looks")
    wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name == "pulse"], what="its end")
    last, begun = heart_of(running), ticks.begun
    time.sleep(2 * job.TICK_S)
    assert (heart_of(running), ticks.begun) == (last, begun)


def test_progress_and_stills_reach_the_database(running, clock):
    attempts.folder(running.pk).mkdir(parents=True)

    def told() -> bool:
        clock.now = min(clock.now + 0.1, 1004.5)  # within the seconds over which the rate is taken
        running.refresh_from_db()
        return running.done == 90 and running.stills >= 1

    with job.Pulse(running) as pulse:
        for done in range(0, 100, 10):
            pulse.hook("measure", done, 250, still=np.full((720, 1280, 3), 200, np.uint8))
            clock.now += 0.12
        wait_until(told, what="all of it is written")
    assert (running.stage, running.done, running.total) == ("measure", 90, 250)
    assert running.rate == pytest.approx(10 / 0.12)
    import cv2

    assert cv2.imread(str(services.still_path(running))).shape == (360, 640, 3)


def test_cancelling_is_heard_within_a_second(running, people, ticks):
    """At the next look: none that began afterwards goes on. They are a quarter of a second apart."""
    with job.Pulse(running) as pulse:
        assert not pulse.should_stop()
        services.cancel(people["analyst"], running)
        ticks.asked.set()
        wait_until(pulse.should_stop, what="it is heard")
        with pytest.raises(Cancelled):
            pulse.hook("interpret", 0, None)
    assert Order.GO_ON not in ticks.heard
    assert job.TICK_S < 0.5


def test_cancelling_takes_effect_in_the_middle_of_a_long_computation(run, people, monkeypatch):
    def busy(video, out, *, hook, **kwargs):
        services.cancel(people["analyst"], run)
        wait_until(lambda: AnalysisRun.objects.get(pk=run.pk).state == State.CANCELLED, what="it is cancelled")
        hook("interpret", 1, 1)

    monkeypatch.setattr(job.pipeline, "analyze", busy)
    job.perform(run.pk, 1, "worker A")
    run.refresh_from_db()
    assert run.state == State.CANCELLED
    assert [line.text for line in run.log.all()].count("Cancelled.") == 1
    assert not attempts.folder(run.pk).exists()


def test_losing_the_run_is_heard(running, ticks):
    with job.Pulse(running) as pulse:
        AnalysisRun.objects.filter(pk=running.pk).update(attempt=2)
        ticks.asked.set()
        wait_until(pulse.should_stop, what="it is heard")
        assert pulse.order is Order.LOST
    assert set(ticks.heard) <= {Order.LOST}


def test_database_that_is_busy_is_tried_again(running, monkeypatch, clock):
    real, failures, asked = attempts.order, iter([DatabaseError("locked"), RuntimeError("a bug"), None]), []

    def sometimes(*args):
        asked.append(args)
        if error := next(failures, None):
            raise error
        return real(*args)

    monkeypatch.setattr(attempts, "order", sometimes)
    with job.Pulse(running) as pulse:  # by its clock nothing is due to be written: it only asks
        wait_until(lambda: len(asked) > 3, what="it goes on asking")
        assert not pulse.should_stop()
        AnalysisRun.objects.filter(pk=running.pk).update(attempt=2)
        wait_until(pulse.should_stop, what="it is heard")


@pytest.fixture
def ended(monkeypatch):
    """Set when the pulse would end the process."""
    said = threading.Event()
    monkeypatch.setattr(job.Pulse, "_die", lambda self, why: said.set())
    return said


def test_hung_analysis_is_ended(running, clock, ended, ticks):
    with job.Pulse(running) as pulse:
        pulse.should_stop()
        clock.now += job.STALL_S - 1
        begun = ticks.begun
        wait_until(lambda: ticks.begun > begun + 1, what="it looks")
        assert not ended.is_set()
        clock.now += 2
        wait_until(ended.is_set, what="it notices")


def test_busy_analysis_is_not_hung(running, clock, ended, ticks):
    with job.Pulse(running) as pulse:
        for _ in range(4):
            pulse.should_stop()
            clock.now += 0.9 * job.STALL_S
            begun = ticks.begun
            wait_until(lambda begun=begun: ticks.begun > begun + 1, what="it looks")
    assert not ended.is_set()


def test_error_of_the_analysis_is_shown_as_it_is(run, monkeypatch):
    def refuse(*args, **kwargs):
        raise MediaError("The file has no video track. Upload a video.")

    monkeypatch.setattr(job.pipeline, "analyze", refuse)
    job.perform(run.pk, 1, "worker A")
    run.refresh_from_db()
    assert (run.state, run.error) == (State.FAILED, "The file has no video track. Upload a video.")
    assert not (attempts.folder(run.pk) / "1").exists()


def test_unexpected_error_is_said_plainly_and_kept_for_the_operator(run, monkeypatch):
    monkeypatch.setattr(job.pipeline, "analyze", lambda *args, **kwargs: 1 / 0)
    job.perform(run.pk, 1, "worker A")
    run.refresh_from_db()
    assert (run.state, run.error) == (State.FAILED, job.UNEXPECTED)
    assert "ZeroDivisionError" in run.error_detail


def test_hook_that_fails_publishes_nothing(run, monkeypatch):
    def write(video, out, **kwargs):
        (out / "summary.json").write_text("{}")

    monkeypatch.setattr(job.pipeline, "analyze", write)
    monkeypatch.setattr(hooks, "on_success", [lambda run: 1 / 0])
    job.perform(run.pk, 1, "worker A")
    run.refresh_from_db()
    assert (run.state, run.folder, run.files) == (State.FAILED, "", {})


def test_consent_is_asked_again_before_the_video_is_opened(run, consent, monkeypatch):
    opened = []
    monkeypatch.setattr(job.pipeline, "analyze", lambda *args, **kwargs: opened.append(args))
    Consent.objects.filter(pk=consent.pk).update(withdrawn_at=timezone.now())  # behind the services' back
    job.perform(run.pk, 1, "worker A")
    run.refresh_from_db()
    assert (run.state, opened) == (State.FAILED, [])
    assert "consent" in run.error.lower()


def test_stopping_the_worker_gives_the_run_back(run, monkeypatch):
    def stopped(video, out, *, hook, should_stop, **kwargs):
        import os
        import signal

        os.kill(os.getpid(), signal.SIGTERM)
        if should_stop():
            raise Cancelled("stopped")

    monkeypatch.setattr(job.pipeline, "analyze", stopped)
    job.perform(run.pk, 1, "worker A")
    run.refresh_from_db()
    assert (run.state, run.attempt, run.crashes) == (State.QUEUED, 2, 0)


def test_withdrawal_during_the_work_leaves_no_file(run, consent, people, monkeypatch):
    def withdrawn(video, out, *, hook, should_stop, **kwargs):
        withdraw(people["analyst"], consent, reason="asked by mail")
        wait_until(should_stop, what="it is heard")
        out.mkdir(parents=True, exist_ok=True)
        (out / "measurement.parquet").write_bytes(b"of a face")
        raise Cancelled("stopped")

    monkeypatch.setattr(job.pipeline, "analyze", withdrawn)
    job.perform(run.pk, 1, "worker A")
    run.refresh_from_db()
    assert run.state == State.CANCELLED
    assert not attempts.folder(run.pk).exists()


def test_second_delivery_does_nothing(running, monkeypatch):
    monkeypatch.setattr(job.pipeline, "analyze", lambda *args, **kwargs: pytest.fail("worked twice"))
    job.perform(running.pk, 1, "worker B")
    running.refresh_from_db()
    assert (running.state, running.worker) == (State.RUNNING, "worker A")
