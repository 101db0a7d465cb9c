"""The whole installation is killed while a coder works, and comes back: nothing is lost, nothing doubled."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests import migrated
from tests.browser.test_review import eventually, saved
from tests.browser.test_saving import choose, press_letter, ready
from tests.programs import of_its_own

pytestmark = [pytest.mark.browser]
ROOT = Path(__file__).resolve().parents[2]
LETTERS = "ABCDE"


def descendants(pid: int) -> list[int]:
    """Every process that a process started, and those that these started."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(path.parent.name))
    found = list(parents.get(pid, []))
    for child in found:  # grows while it is walked
        found += parents.get(child, [])
    return found


class Server:
    """A whole installation (`manage.py serve`) in a process that can be killed, on a port that stays the same."""

    live = 0  #: processes that look at live sessions, of which there are none here

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.env = of_its_own(folder) | {"PYTHONPATH": str(ROOT)}
        self.env.pop("DJANGO_SETTINGS_MODULE", None)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def make(self) -> dict[str, str]:
        program = [sys.executable, "tests/browser/installation_for_saving.py"]
        done = subprocess.run(program, cwd=ROOT, env=self.env, check=True, capture_output=True, text=True)
        return json.loads(done.stdout.strip().splitlines()[-1])

    def start(self) -> None:
        command = [sys.executable, "manage.py", "serve", "--port", str(self.port), "--live", str(self.live)]
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
            )

    def await_answer(self) -> None:
        def answers() -> bool:
            try:
                return urllib.request.urlopen(f"{self.url}/healthz", timeout=10).status == 200  # noqa: S310
            except OSError:
                return False

        eventually(answers, 200)

    def kill(self) -> None:
        """Kill the supervisor and all it started at once; none of them can finish or tidy anything."""
        assert self.process is not None
        supervisor = self.process.pid
        eventually(lambda: len(descendants(supervisor)) >= 4)  # Redis, web server, recovery and a worker
        os.kill(supervisor, signal.SIGSTOP)  # so that it starts nothing between the look and the end
        everything = [supervisor, *descendants(supervisor)]
        for pid in everything:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        eventually(lambda: not self.is_listening())

    def is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(120)

    def letters(self, layer: str) -> list[tuple[str, int, str]]:
        """What people wrote into a layer, in the order of the layer: event, number, intensity."""
        return migrated.rows(
            self.folder,
            "select r.event_id, r.number, r.intensity from coding_revision r join coding_event e "
            "on e.id = r.event_id where e.layer_id = %s and r.layer_revision > 0 order by r.layer_revision",
            UUID(layer),
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One that answers, and in it a coder at work (`made`)."""
    server = Server(migrated.installation(tmp_path_factory.mktemp("killed")))
    server.made = server.make()
    server.start()
    yield server
    server.stop()


class Heard:
    """What a page hears from the server: messages of its WebSocket, and which events it fetched."""

    def __init__(self, page) -> None:
        self.sockets = 0
        self.messages: list[dict[str, Any]] = []
        page.on("websocket", self._connected)

    def _connected(self, connection) -> None:
        assert "/ws/layers/" in connection.url
        self.sockets += 1
        connection.on("framereceived", lambda payload: self.messages.append(json.loads(payload)))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]


def open_review(browser, server, made):
    """A browser of its own: it shares neither storage nor channels with another one."""
    context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(90_000)
    context.add_cookies([{"name": "sessionid", "value": made["session"], "url": server.url}])
    page = context.new_page()
    heard = Heard(page)
    page.goto(f"/runs/{made['run']}/review/")
    ready(page)
    return page, heard


def waits(page, check, patience_s=120.0):
    """As eventually, and the page's messages come in meanwhile."""
    deadline = time.monotonic() + patience_s
    while not (value := check()):
        assert time.monotonic() < deadline, "waited in vain"
        page.wait_for_timeout(50)
    return value


@pytest.mark.timeout(900)
def test_a_second_window_hears_of_a_change_through_the_socket_also_after_the_server_died(server, browser):
    made, before = server.made, server.letters(server.made["layer"])
    server.await_answer()
    first, _ = open_review(browser, server, made)
    second, heard = open_review(browser, server, made)
    (hello,) = waits(second, lambda: heard.of("hello"))
    assert (hello["revision"], hello["state"]) == (len(before), "open")
    # From here the page may not look by itself: whatever it learns, the socket told it.
    second.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
    choose(second, "12")
    choose(first, "12")

    press_letter(first, "A")
    saved(first)
    told = waits(second, lambda: heard.of("changes"))[-1]
    assert (told["revision"], told["author"], len(told["events"])) == (len(before) + 1, "Coder Person", 1)
    second.locator(".editor__elsewhere", has_text="by Coder Person: intensity D → A").wait_for()
    assert second.inner_text("#event-chip") == "12A"

    server.kill()
    press_letter(first, "E")
    first.locator("#save-text", has_text="kept on this computer").wait_for()
    server.start()
    server.await_answer()
    saved(first)
    waits(second, lambda: len(heard.of("hello")) == 2)  # it connected again
    waits(second, lambda: second.inner_text("#event-chip") == "12E")
    press_letter(second, "C")
    saved(second)
    waits(first, lambda: first.inner_text("#event-chip") == "12C")
    assert [letter for _, _, letter in server.letters(made["layer"])[len(before) :]] == ["A", "E", "C"]
    first.context.close()
    second.context.close()


@pytest.mark.timeout(900)
def test_a_server_killed_in_the_middle_of_edits_loses_and_doubles_nothing(server, browser):
    made, before = server.made, server.letters(server.made["layer"])
    server.await_answer()
    page, _ = open_review(browser, server, made)
    context = page.context
    choose(page, "12")

    script = []

    def edit(count: int) -> None:
        for _ in range(count):
            letter = LETTERS[(len(script) + 1) % 5]
            press_letter(page, letter)
            script.append(letter)
            page.wait_for_timeout(20)

    edit(20)
    server.kill()
    edit(20)  # nobody is there
    page.locator("#save-text", has_text="kept on this computer").wait_for()
    server.start()
    edit(20)  # it is starting
    server.await_answer()
    edit(5)
    saved(page)
    written = server.letters(made["layer"])[len(before) :]
    assert [letter for _, _, letter in written] == script
    assert [number for _, number, _ in written] == list(range(2 + len(before), 2 + len(before) + len(script)))

    server.kill()
    edit(10)
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("#save-text", has_text="10 changes kept on this computer").wait_for()
    page.close()  # as a browser that crashes: nobody is asked
    server.start()
    server.await_answer()
    page = context.new_page()
    page.goto(f"/runs/{made['run']}/review/")
    ready(page)
    saved(page)
    assert [letter for _, _, letter in server.letters(made["layer"])[len(before) :]] == script
    choose(page, "12")
    assert page.inner_text("#event-chip") == f"12{script[-1]}"
    context.close()
