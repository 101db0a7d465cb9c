"""One command starts everything, keeps it running, and stops it and nothing else."""

from __future__ import annotations

import http.client
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from analysis import cores
from facsweb.installation import redis_socket
from tests import migrated
from tests.conftest import REPOSITORY
from tests.programs import PATIENCE_S, children, of_its_own, wait_until, wait_until_dead


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Folder of an installation of its own, with an up-to-date database."""
    return migrated.installation(tmp_path_factory.mktemp("installation"))


class Serve:
    """`manage.py serve` and the lines it says."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", *arguments],
            cwd=REPOSITORY,
            env=of_its_own(folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.put(line.strip())
        self.lines.put("")  # it has ended, and nobody waits for more

    def line(self) -> str:
        said = self.lines.get(timeout=PATIENCE_S)
        assert said, self.process.stderr.read()
        return said

    def address(self) -> str:
        return next(word for word in self.line().split() if word.startswith("http://"))

    def children(self) -> dict[str, int]:
        """What it started: name → process id."""
        names = ("redis-server", "web", "worker", "recovery")
        found = {}
        for pid, command in children(self.process.pid).items():
            # Only programs and their first arguments: folders may have any of these names in their paths.
            words = {Path(word).name for word in command.replace(":", " ").split()[:4]}
            name = next((name for name in names if name in words), None)
            if name is not None:
                found[name] = pid
        return found

    def wait_for_children(self) -> dict[str, int]:
        wait_until(lambda: len(self.children()) == 4, what="all four run")
        return self.children()


def health(address: str) -> int:
    """Status of the page that says whether the server is well."""
    link = http.client.HTTPConnection(urlsplit(address).netloc, timeout=PATIENCE_S)
    link.request("GET", "/healthz")
    return link.getresponse().status


@pytest.fixture
def serve(data):
    started = []

    def begin(*arguments: str, folder: Path = data) -> Serve:
        started.append(Serve(folder, *arguments))
        return started[-1]

    yield begin
    for one in started:
        if one.process.poll() is None:
            one.process.terminate()
            one.process.wait(PATIENCE_S)


def test_several_workers_and_a_server_for_every_name_start_and_stop_and_nothing_else(serve, monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "*")
    running, other = serve("--port", "0", "--workers", "2"), subprocess.Popen(["sleep", "1000"])
    address = running.address()
    assert health(address) == 200

    def workers() -> int:
        commands = children(running.process.pid).values()
        return sum("manage.py worker" in command or "rq:worker" in command for command in commands)

    wait_until(lambda: workers() == 2, what="two workers")
    started = children(running.process.pid)
    own = {
        frozenset(os.sched_getaffinity(pid))
        for pid, command in started.items()
        if "manage.py worker" in command or "rq:worker" in command
    }
    every = frozenset(os.sched_getaffinity(0))
    assert own == {share or every for share in cores.shares(2)}, "each has its share"
    assert set(running.children()) == {"redis-server", "web", "worker", "recovery"}
    ask = [sys.executable, "-m", "facsweb.processes.health", str(urlsplit(address).port)]
    # On a busy machine a look may take longer than the few seconds after which it gives up.
    wait_until(lambda: subprocess.run(ask, cwd=REPOSITORY).returncode == 0, what="it is well")
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(PATIENCE_S) == 0
    assert wait_until_dead(started, 0) == [], "it ends after them"
    assert running.process.stderr.read() == ""
    assert subprocess.run(ask, cwd=REPOSITORY).returncode == 1
    assert other.poll() is None
    other.kill()
    other.wait()


def test_what_ends_a_service_ends_it_in_good_order(serve):
    running = serve("--port", "0")
    running.address()
    started = children(running.process.pid)
    running.process.terminate()
    assert running.process.wait(PATIENCE_S) == 0
    assert wait_until_dead(started, 0) == []


def test_dead_children_are_started_again_and_none_outlives_a_killed_supervisor(serve):
    running = serve("--port", "0")
    address = running.address()
    before = running.wait_for_children()
    for name in ("web", "worker", "redis-server"):
        os.kill(before[name], signal.SIGKILL)
    said = {running.line() for _ in range(3)}
    assert {line.split()[0] for line in said} == {"web", "worker", "redis"}
    assert sum("killed by signal 9" in line for line in said) == 2
    # The listening socket never closed: this request waits for the new server instead of being refused.
    assert health(address) == 200
    after = running.wait_for_children()
    assert after["recovery"] == before["recovery"]
    assert all(after[name] != before[name] for name in ("web", "worker", "redis-server"))

    running.process.kill()
    assert wait_until_dead(after.values()) == []


def one_sentence(running: Serve) -> str:
    assert running.process.wait(PATIENCE_S) != 0
    said = running.process.stderr.read().strip()
    assert said.count("\n") == 0, said
    assert "Traceback" not in said
    return said


def test_port_in_use(serve):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port}" in one_sentence(serve("--port", str(port)))


def test_impossible_port(serve):
    assert "70000" in one_sentence(serve("--port", "70000"))


def test_data_folder_that_cannot_be_written(serve, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert "FACSWEB_DATA" in one_sentence(serve("--port", "0", folder=blocked))


def test_database_that_is_behind(serve, tmp_path):
    running = serve("--port", "0", folder=tmp_path)
    assert "manage.py migrate" in one_sentence(running)
    assert not redis_socket(tmp_path).exists(), "the Redis that was started first was stopped"


def test_as_a_context_manager(data):
    script = (
        "import urllib.request\n"
        "from facsweb.processes.supervisor import Installation\n"
        "with Installation(port=0) as running:\n"
        "    print(urllib.request.urlopen(running.url + 'healthz').status)\n"
        "    running.stop()\n"
        "    running.wait()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=REPOSITORY,
        env=of_its_own(data),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "200"
