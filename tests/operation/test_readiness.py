"""Whether a host may be given requests, and whether a process without a port is well."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from facsweb.operation import readiness
from facsweb.operation.models import Beat
from facsweb.processes import beats
from facsweb.processes.redis_server import RedisServer
from tests.conftest import REPOSITORY
from tests.programs import wait_until


@pytest.fixture
def server(tmp_path, settings) -> Iterator[RedisServer]:
    """A Redis of this test's own, which the site uses."""
    with RedisServer(tmp_path / "redis") as running:
        settings.REDIS_URL = running.url
        yield running


@pytest.fixture
def board(monkeypatch) -> readiness.Board:
    """A board that has not looked yet."""
    made = readiness.Board(readiness.CHECKS)
    monkeypatch.setattr(readiness, "board", made)
    return made


def test_health_needs_nothing(client, settings):
    """No database (the test has none), no Redis, and whatever name it is asked by."""
    settings.ALLOWED_HOSTS = ["facs.example"]
    answer = client.get("/healthz", headers={"host": "10.0.0.7:8000"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db(transaction=True)
def test_ready_says_what_fails_and_nothing_of_what_is_inside(
    client, server, board, monkeypatch, settings, tmp_path
):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready"), answer.json()
    assert set(answer.json()["checks"]) == {"database", "migrations", "redis", "storage", "models", "disk"}

    def failing() -> list[str]:
        board._at = float("-inf")  # as if a second had passed
        answer = client.get("/readyz")
        told = answer.json()
        assert (answer.status_code, told["status"], set(told)) == (503, "not ready", {"status", "checks"})
        return [name for name, said in told["checks"].items() if said == "failed"]

    monkeypatch.setenv("FACSWEB_MODELS", str(tmp_path / "none"))
    assert failing() == ["models"]
    monkeypatch.undo()
    monkeypatch.setattr(readiness, "board", board)
    monkeypatch.setattr(readiness, "FREE_BYTES", 1 << 60)
    assert failing() == ["disk"]
    monkeypatch.setattr(readiness, "FREE_BYTES", 1)
    settings.MEDIA_ROOT = tmp_path / "file" / "media"
    (tmp_path / "file").write_text("a file where a folder should be")
    assert failing() == ["storage"]
    settings.MEDIA_ROOT = tmp_path
    server.stop()
    assert failing() == ["redis"]
    monkeypatch.setattr(readiness, "_needed", lambda: frozenset({("runs", "9999_not_yet")}))
    assert failing() == ["migrations", "redis"]


def test_what_hangs_is_not_ready_and_is_asked_once(monkeypatch):
    monkeypatch.setattr(readiness, "LIMIT_S", 0.2)
    hang, asked = threading.Event(), []

    def hanging() -> None:
        asked.append(1)
        hang.wait()

    made = readiness.Board({"hanging": hanging, "fine": lambda: None})
    assert made.look() == {"hanging": False, "fine": True}
    for _ in range(3):
        made._at = float("-inf")
        assert made.look() == {"hanging": False, "fine": True}
    assert len(asked) == 1
    hang.set()
    wait_until(lambda: made._under_way["hanging"].done(), what="the check that hung")
    made._at = float("-inf")
    assert made.look() == {"hanging": True, "fine": True}


def test_asking_often_looks_once(monkeypatch):
    monkeypatch.setattr(readiness, "KEPT_S", 3600)
    asked: list[int] = []
    made = readiness.Board({"one": lambda: asked.append(1)})
    threads = [threading.Thread(target=made.look) for _ in range(20)]
    [one.start() for one in threads]
    [one.join() for one in threads]
    assert (made.look(), len(asked)) == ({"one": True}, 1)


def ask(kind: str) -> int:
    """What a container's health check gets."""
    command = [sys.executable, "-m", "facsweb.processes.health", kind]
    return subprocess.run(command, cwd=REPOSITORY, check=False).returncode


@pytest.mark.django_db
def test_process_without_a_port_is_well_while_its_loop_turns(monkeypatch):
    monkeypatch.setattr(beats, "_last", {})
    monkeypatch.setattr(beats, "_told", {})
    (beats.folder() / "recovery-999999999").parent.mkdir(mode=0o700, exist_ok=True)
    (beats.folder() / "recovery-999999999").touch()
    assert ask("recovery") == 1, "the file of a process that is dead does not count, and goes"
    assert not (beats.folder() / "recovery-999999999").exists()
    beats.beat("recovery")
    assert ask("recovery") == 0
    assert Beat.objects.get().kind == "recovery"
    own = beats.folder() / f"recovery-{os.getpid()}"
    os.utime(own, (0, own.stat().st_mtime - beats.SILENT_S - 1))
    assert ask("recovery") == 1, "its loop stands still"
    own.unlink()
