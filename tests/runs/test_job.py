"""One attempt from the inside: the pulse beats while the work is busy, hears orders, and notices what is hung."""

import threading
import time

import numpy as np
import pytest
from django.db import DatabaseError
from django.utils import timezone

from analysis.types import Cancelled, MediaError
from facsweb.processes.fence import Order
from facsweb.runs import attempts, hooks, job, services
from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import Consent
from facsweb.studies.withdrawing import withdraw

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("models_present", "redis")]
State = AnalysisRun.State


def until(condition, timeout_s=5):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_heart_beats_while_the_analysis_is_busy(running):
    with job.Pulse(running):
        time.sleep(3.2)  # no hook is called, as in a long computation
        running.refresh_from_db()
    assert (timezone.now() - running.heartbeat_at).total_seconds() < 3


def test_heart_stops_with_the_work(running):
    with job.Pulse(running):
        pass
    running.refresh_from_db()
    last = running.heartbeat_at
    time.sleep(1.2)
    running.refresh_from_db()
    assert running.heartbeat_at == last
    assert not [thread for thread in threading.enumerate() if thread.name == "pulse"]


def test_progress_and_stills_reach_the_database(running):
    attempts.folder(running.pk).mkdir(parents=True)
    with job.Pulse(running) as pulse:
        for done in range(0, 100, 10):
            pulse.hook("measure", done, 250, still=np.full((720, 1280, 3), 200, np.uint8))
            time.sleep(0.12)
        time.sleep(1.2)
    running.refresh_from_db()
    assert (running.stage, running.done, running.total) == ("measure", 90, 250)
    assert 40 < running.rate < 120
    assert running.stills >= 1
    import cv2

    assert cv2.imread(str(services.still_path(running))).shape == (360, 640, 3)


def test_cancelling_is_heard_within_a_second(running, people):
    with job.Pulse(running) as pulse:
        assert not pulse.should_stop()
        services.cancel(people["analyst"], running)
        until(pulse.should_stop, 1.0)
        with pytest.raises(Cancelled):
            pulse.hook("interpret", 0, None)


def test_cancelling_takes_effect_in_the_middle_of_a_long_computation(run, people, monkeypatch):
    def busy(video, out, *, hook, **kwargs):
        services.cancel(people["analyst"], run)
        until(lambda: AnalysisRun.objects.get(pk=run.pk).state == State.CANCELLED, 1.0)
        hook("interpret", 1, 1)

    monkeypatch.setattr(job.pipeline, "analyze", busy)
    job.perform(run.pk, 1, "worker A")
    run.refresh_from_db()
    assert run.state == State.CANCELLED
    assert [line.text for line in run.log.all()].count("Cancelled.") == 1
    assert not attempts.folder(run.pk).exists()


def test_losing_the_run_is_heard(running):
    with job.Pulse(running) as pulse:
        AnalysisRun.objects.filter(pk=running.pk).update(attempt=2)
        until(pulse.should_stop, 1.0)
        assert pulse.order is Order.LOST


def test_database_that_is_busy_is_tried_again(running, monkeypatch):
    real, failures = attempts.order, iter([DatabaseError("locked"), RuntimeError("a bug"), None])

    def sometimes(*args):
        if error := next(failures, None):
            raise error
        return real(*args)

    monkeypatch.setattr(attempts, "order", sometimes)
    with job.Pulse(running) as pulse:
        pulse._beat_at = time.monotonic() + 60  # nothing is due to be written: it only asks
        time.sleep(1.7)
        AnalysisRun.objects.filter(pk=running.pk).update(attempt=2)
        until(pulse.should_stop, 1.5)


def test_hung_analysis_is_ended(running, monkeypatch):
    ended = threading.Event()
    monkeypatch.setattr(job, "STALL_S", 1.0)
    monkeypatch.setattr(job.Pulse, "_die", lambda self, why: ended.set())
    with job.Pulse(running):
        assert ended.wait(3)


def test_busy_analysis_is_not_hung(running, monkeypatch):
    ended = threading.Event()
    monkeypatch.setattr(job, "STALL_S", 1.0)
    monkeypatch.setattr(job.Pulse, "_die", lambda self, why: ended.set())
    with job.Pulse(running) as pulse:
        for _ in range(20):
            pulse.should_stop()
            time.sleep(0.1)
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
        until(should_stop, 2)
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
