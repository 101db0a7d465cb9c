"""Real workers, real recordings, real models."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from facsweb.runs import attempts, services
from tests.analysis.clips import repeat
from tests.analysis.conditions import cut
from tests.conftest import MEDIA
from tests.factories import CLIP, make_recording
from tests.forked import MANAGE, Forked
from tests.programs import PATIENCE_S, children


@pytest.fixture
def models_present(monkeypatch) -> None:
    """For tests that only ask whether the models are there; never analyses anything."""
    from analysis.models import store

    if not all(store.present().values()):
        monkeypatch.setattr(store, "present", lambda: {})


@pytest.fixture
def recording(participant, consent, people):
    """A short recording (10 s) of a participant who consented."""
    return make_recording(participant, people["analyst"])


@pytest.fixture
def run(recording, people):
    """A run that waits for a worker."""
    return services.start(people["analyst"], recording)


@pytest.fixture
def running(run):
    """A run whose first attempt a worker claimed."""
    return attempts.claim(run.pk, 1, "worker A")


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory) -> Path:
    """The short clip twice in a row (20 s)."""
    return repeat(MEDIA / f"{CLIP}.mp4", 2, tmp_path_factory.mktemp("media") / "long.mp4")


@pytest.fixture(scope="session")
def endless_clip(tmp_path_factory) -> Path:
    """Over three minutes: for whoever stops its analysis, which must not end by itself before they come to it."""
    return repeat(MEDIA / f"{CLIP}.mp4", 20, tmp_path_factory.mktemp("media") / "endless.mp4")


def with_file(recording, path: Path, duration_us: int):
    """Give a stored recording another original."""
    shutil.copyfile(path, recording.original.path)
    recording.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    recording.size = path.stat().st_size
    recording.duration_us = duration_us
    recording.save()
    return recording


@pytest.fixture
def long_recording(recording, long_clip):
    return with_file(recording, long_clip, 20_000_000)


@pytest.fixture
def endless_recording(recording, endless_clip):
    return with_file(recording, endless_clip, 200_000_000)


@pytest.fixture
def brief_recording(recording, tmp_path):
    """Two seconds: for a run that only has to succeed."""
    return with_file(recording, cut("d1", 0.0, 2.0).write(tmp_path / "brief.mp4"), 2_000_000)


class Child:
    """A `manage.py` process of its own, on the database of the tests."""

    def __init__(self, *arguments: str) -> None:
        self.process = Forked(MANAGE, *arguments)

    @property
    def children(self) -> list[int]:
        return list(children(self.process.pid))

    def kill_all(self) -> None:
        """SIGKILL, to the process and to what it forked."""
        for pid in [self.process.pid, *self.children]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def terminate(self, timeout_s: float = PATIENCE_S) -> int:
        self.process.terminate()
        return self.process.wait(timeout_s)


@pytest.fixture
def start_child(redis) -> Iterator[Callable[..., Child]]:
    """Start `manage.py …`; everything is ended after the test."""
    started: list[Child] = []

    def begin(*arguments: str) -> Child:
        started.append(Child(*arguments))
        return started[-1]

    yield begin
    for child in started:
        if child.process.poll() is None:
            child.kill_all()


@pytest.fixture
def worker(start_child) -> Child:
    return start_child("worker")


def wait_for(run, condition: Callable[[], bool], timeout_s: float = PATIENCE_S, *, what: str = "") -> None:
    """Wait until the condition holds for the run as the database has it."""
    deadline = time.monotonic() + timeout_s
    while True:
        run.refresh_from_db()
        if condition():
            return
        if time.monotonic() > deadline:
            raise AssertionError(
                f"after {timeout_s} s: {what} state={run.state} attempt={run.attempt} stage={run.stage} "
                f"done={run.done} error={run.error} {run.error_detail} log={[line.text for line in run.log.all()]}"
            )
        time.sleep(0.1)
