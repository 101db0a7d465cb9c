"""A recording that takes too much ends its own run with a sentence; the worker takes the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from facsweb.processes import limits
from facsweb.recordings import proxies
from facsweb.recordings import services as recordings
from facsweb.recordings.models import Recording
from facsweb.runs import attempts, services
from facsweb.runs.models import AnalysisRun
from tests.runs.conftest import long_clip, long_recording, recording, start_child, wait_for, with_file, worker
from tests.security.bombs import make_bomb

__all__ = ["long_clip", "long_recording", "recording", "start_child", "worker"]  # fixtures
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
State = AnalysisRun.State


@pytest.fixture(scope="module")
def bomb(tmp_path_factory):
    """16,000 × 16,000 pixels of nothing in less than half a megabyte."""
    path = tmp_path_factory.mktemp("bomb") / "bomb.mov"
    make_bomb(path)
    return path


def test_decompression_bomb_in_a_real_worker(recording, bomb, people, models, worker):
    """It stands where only an accepted file stands, so the worker meets it unwarned."""
    with_file(recording, bomb, 40_000)
    run = services.start(people["analyst"], recording)
    wait_for(run, lambda: not run.is_active)
    assert run.state == State.FAILED
    assert "16000 × 16000 pixels, which is too large" in run.error
    assert worker.process.poll() is None


def test_run_that_takes_too_much_memory_fails_and_the_worker_lives(
    long_recording, people, models, monkeypatch, start_child
):
    monkeypatch.setenv("FACSWEB_JOB_MEMORY_MB", "250")
    starved = start_child("worker")
    run = services.start(people["analyst"], long_recording)
    wait_for(run, lambda: not run.is_active)
    assert run.state == State.FAILED
    assert "more than 250 MB of memory" in run.error, run.error_detail
    assert "The recording is safe" in run.error
    assert recordings.original_path(long_recording).is_file()
    assert run.crashes == 0, "it was given up at once, not tried three times"
    assert not list(attempts.folder(run.pk).glob("*/signals.parquet"))
    assert starved.process.poll() is None
    again = services.start(people["analyst"], long_recording)
    wait_for(again, lambda: not again.is_active)
    assert again.state == State.FAILED, "the same worker took the next run and ended it as well"
    assert starved.process.poll() is None


def test_time_that_a_run_may_take_grows_with_its_length():
    assert limits.cpu_budget_s(0) == 1800
    assert limits.cpu_budget_s(3_600_000_000) == 1800 + 60 * 3600
    assert limits.why_over(3_600_000_000) == ""
    assert limits.resident() > 10_000_000


def test_run_that_takes_too_long_is_told_so(monkeypatch):
    monkeypatch.setattr(limits, "START_S", 0)
    assert os.times().user > 0
    assert "more than 0 minutes of processor time" in limits.why_over(0)


PROGRAM = """
import sys
from facsweb.processes import limits
limits.START_S = 1
if "job" in sys.argv:
    limits.limit_job()
limits.limit_processor(0)
while "endless" in sys.argv:
    pass
"""


def test_job_without_a_pulse_is_ended_by_the_system():
    spent = subprocess.run([sys.executable, "-c", PROGRAM, "job", "endless"], check=False)
    assert spent.returncode in (-signal.SIGXCPU, -signal.SIGKILL)
    free = subprocess.run([sys.executable, "-c", PROGRAM, "web"], check=False)
    assert free.returncode == 0


def test_copy_for_browsers_has_a_limit_of_processor_time(long_recording, monkeypatch):
    """Only the child of a worker gets it; here it is seen to be asked for, with the recording's length."""
    asked = []
    monkeypatch.setattr(limits, "limit_processor", asked.append)
    Recording.objects.filter(pk=long_recording.pk).update(proxy_state=Recording.ProxyState.WAITING)
    proxies.make(long_recording.pk)
    assert asked == [long_recording.duration_us]
