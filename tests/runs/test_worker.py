"""Real workers on real recordings: done, done twice, cancelled, killed, and Redis gone in between."""

import os
import signal
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.db import transaction
from rq.job import Job

from facsweb.processes import queue
from facsweb.runs import attempts, recovery, services, tasks
from facsweb.runs.models import AnalysisRun
from facsweb.studies.withdrawing import withdraw
from tests.programs import processor_s, wait_until, wait_until_dead
from tests.runs.conftest import wait_for, with_file

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("models", "redis"),
    pytest.mark.timeout(600),
]
State = AnalysisRun.State


def measuring(run, frames=10):
    return lambda: run.state == State.RUNNING and run.done >= frames


def done(job: str) -> bool:
    return Job.fetch(job, connection=queue.connection()).is_finished


def test_run_is_published_whole_and_interpreted_again_without_decoding(brief_recording, people, worker):
    recording = brief_recording
    run = services.start(people["analyst"], recording)
    wait_for(run, lambda: not run.is_active, what="one short run")
    assert run.state == State.SUCCEEDED, run.error_detail
    folder = services.result_dir(run)
    assert set(run.files) == {*services.PUBLIC_FILES, *services.MEASUREMENT, "neutral.json"}
    kept = {path.name for path in folder.iterdir() if path.is_file()}  # `screen` holds what the timeline draws
    assert kept == set(run.files)
    assert pq.read_table(folder / "signals.parquet").num_rows >= 50
    assert run.summary["schema"] == 1
    assert run.stills >= 1
    assert services.still_path(run).read_bytes()[:3] == b"\xff\xd8\xff"

    with_file(recording, folder / "summary.json", recording.duration_us)  # no video any more
    again = services.reinterpret(people["analyst"], run, 1_000_000)
    wait_for(again, lambda: not again.is_active)
    assert again.state == State.SUCCEEDED, again.error_detail
    assert again.files["measurement.parquet"] == run.files["measurement.parquet"]
    assert again.summary["neutral"]["method"] == "chosen"
    assert again.summary["neutral"]["time_us"] == pytest.approx(1_000_000, abs=100_000)


def test_repeated_jobs_change_nothing_and_two_workers_share_the_queue(brief_recording, people, start_child):
    start_child("worker")
    start_child("worker")
    run = services.start(people["analyst"], brief_recording)
    queue.enqueue(tasks.analyse, str(run.pk), 1, job_id="second")
    wait_for(run, lambda: run.state != State.QUEUED)
    for name in ("again", "once-more"):
        queue.enqueue(tasks.analyse, str(run.pk), 1, job_id=name)
    wait_for(run, lambda: not run.is_active)
    queue.enqueue(tasks.analyse, str(run.pk), 1, job_id="afterwards")
    finished_at, files = run.finished_at, run.files
    wait_for(run, lambda: all(map(done, ("second", "again", "once-more", "afterwards"))))
    assert (run.state, run.finished_at, run.files) == (State.SUCCEEDED, finished_at, files)
    texts = [line.text for line in run.log.all()]
    assert texts.count("Finished.") == 1
    assert sum("begun by" in text for text in texts) == 1


def test_cancel_while_running_takes_effect_at_once(endless_recording, people, worker):
    """At once: after less work than all cores do in a second. (tests/runs/test_job.py shows when it is heard.)"""
    run = services.start(people["analyst"], endless_recording)
    wait_for(run, measuring(run))
    (child,) = worker.children
    before = processor_s(worker.process.pid, ended_children=True) + processor_s(child)
    services.cancel(people["analyst"], run)
    wait_for(run, lambda: run.state == State.CANCELLED)
    wait_for(run, lambda: not attempts.folder(run.pk).exists(), what="folder is gone")
    wait_until(lambda: not worker.children, what="its child ends")
    assert processor_s(worker.process.pid, ended_children=True) - before < 1.0 * os.cpu_count()


def test_withdrawal_while_running_keeps_nothing(endless_recording, consent, people, worker):
    run = services.start(people["analyst"], endless_recording)
    wait_for(run, measuring(run))
    folder, original = attempts.folder(run.pk), Path(run.recording.original.path)
    with transaction.atomic():
        withdraw(people["analyst"], consent, reason="asked by mail")
        run.refresh_from_db()
        assert run.state == State.CANCELLED, "within the withdrawal, before anything is destroyed"
    # The same worker's next job is the destruction: the run's row goes, and with it recording and files.
    wait_until(lambda: not type(run).objects.filter(pk=run.pk).exists(), what="the run is destroyed")
    wait_until(
        lambda: not worker.children and not folder.exists() and not original.exists(), what="nothing is left"
    )


def test_killed_worker_is_replaced_and_the_result_is_the_same(recording, people, start_child):
    start_child("recovery", "--every", "1")
    first = start_child("worker")
    run = services.start(people["analyst"], recording)
    wait_for(run, measuring(run, 1))
    first.kill_all()
    run.refresh_from_db()
    assert (run.state, run.attempt) == (State.RUNNING, 1), "killed in its middle"
    last = run.heartbeat_at
    start_child("worker")
    wait_for(run, lambda: run.attempt == 2, what="second attempt")
    assert recovery.STALE < run.queued_at - last < timedelta(seconds=40)
    wait_for(run, lambda: not run.is_active)
    assert (run.state, run.attempt, run.crashes) == (State.SUCCEEDED, 2, 1)
    wait_for(run, lambda: not (attempts.folder(run.pk) / "1").exists(), what="the dead attempt is swept")

    undisturbed = services.start(people["analyst"], recording)
    wait_for(undisturbed, lambda: not undisturbed.is_active)
    for name in ("signals.parquet", "events.csv", "measurement.parquet"):
        assert undisturbed.files[name] == run.files[name], name


def test_child_ends_with_its_worker(endless_recording, people, worker):
    run = services.start(people["analyst"], endless_recording)
    wait_for(run, measuring(run))
    (child,) = worker.children
    os.kill(worker.process.pid, signal.SIGKILL)
    worker.process.wait()
    assert wait_until_dead([child]) == []


def test_stopped_worker_gives_its_run_back(endless_recording, people, worker):
    run = services.start(people["analyst"], endless_recording)
    wait_for(run, measuring(run))
    assert worker.terminate() == 0
    run.refresh_from_db()
    assert (run.state, run.attempt, run.crashes) == (State.QUEUED, 2, 0)
    assert queue.is_waiting(f"run-{run.pk}-2")
    from rq import Worker

    assert not Worker.all(connection=queue.connection()), "it takes its name off the list"


def test_redis_killed_in_between_loses_nothing(recording, people, redis_server, start_child):
    start_child("recovery", "--every", "1")
    start_child("worker")
    run = services.start(people["analyst"], recording)
    wait_for(run, measuring(run, 1))
    redis_server.process.kill()
    redis_server.process.wait()
    before = run.done
    wait_for(run, lambda: run.done > before or not run.is_active, what="goes on without Redis")
    redis_server.start()
    wait_for(run, lambda: not run.is_active)
    assert (run.state, run.attempt) == (State.SUCCEEDED, 1)
    # The worker has found Redis again and takes the next run.
    again = services.start(people["analyst"], recording)
    wait_for(again, lambda: again.state in (State.RUNNING, State.SUCCEEDED))


def test_redis_killed_and_emptied_while_a_run_waits(brief_recording, people, redis_server, redis, start_child):
    run = services.start(people["analyst"], brief_recording)
    redis.flushall()
    redis_server.process.kill()
    redis_server.process.wait()
    redis_server.start()
    start_child("recovery", "--every", "1")
    start_child("worker")
    wait_for(run, lambda: not run.is_active)
    assert run.state == State.SUCCEEDED


def test_file_that_is_no_video_fails_with_a_sentence(recording, people, worker, tmp_path):
    broken = tmp_path / "broken"
    broken.write_bytes(b"This was a video once. " * 1000)
    with_file(recording, broken, 10_000_000)
    run = services.start(people["analyst"], recording)
    wait_for(run, lambda: not run.is_active)
    assert run.state == State.FAILED
    assert run.error.endswith(".")
    assert "Traceback" not in run.error
    assert "Traceback" in run.error_detail
    # people are told first, then the folder is swept
    wait_for(run, lambda: not (attempts.folder(run.pk) / "1").exists())
