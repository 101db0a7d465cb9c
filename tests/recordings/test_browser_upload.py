"""The upload page in a real Chromium, under the site's own Content-Security-Policy."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from typing import Any

import pytest

from facsweb.recordings.models import Recording, Upload
from tests.browser.conftest import ARGUMENTS
from tests.browser.screenshots import chromium
from tests.programs import PATIENCE_S
from tests.recordings import clips

CHROMIUM = chromium()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: the upload page was not driven"),
]
SLOW = 2_000_000  # bytes per second, so that there is time to interrupt


class Browser:
    """One signed-in page whose network can be slowed down and cut."""

    def __init__(self, context: Any, address: str) -> None:
        self.page = context.new_page()
        self.problems: list[str] = []
        self.page.on("console", lambda m: self.problems.append(m.text) if "Content Security" in m.text else None)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.network = context.new_cdp_session(self.page)
        self.network.send("Network.enable")
        self.page.goto(address)

    def limit(self, speed: int, *, offline: bool = False) -> None:
        self.network.send(
            "Network.emulateNetworkConditions",
            {"offline": offline, "latency": 5, "downloadThroughput": -1, "uploadThroughput": speed},
        )

    def choose(self, *paths: Any) -> None:
        self.page.set_input_files("input[type=file]", [str(path) for path in paths])

    def wait_for(self, state: str, count: int = 1) -> None:
        self.wait_until(f"document.querySelectorAll('.upload[data-state={state}]').length === {count}")

    def wait_for_percent(self, percent: int) -> None:
        self.wait_until(f"document.querySelector('.upload progress').value > {percent}")

    def wait_until(self, expression: str) -> None:
        """Playwright's own waiting evaluates strings inside the page, which the policy refuses."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.page.evaluate(expression):
            assert time.monotonic() < deadline, expression
            self.page.wait_for_timeout(50)


@pytest.fixture
def browser(server, client_as, participant, consent, monkeypatch) -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread; the test's own queries beside it are meant.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    playwright_api = pytest.importorskip("playwright.sync_api")
    session = client_as("analyst").cookies["sessionid"].value
    address = f"http://127.0.0.1:{server.port}"
    with playwright_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = started.new_context()
        context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
        browser = Browser(context, f"{address}/participants/{participant.pk}/upload/")
        yield browser
        started.close()
        assert browser.problems == []


def test_pause_reload_and_cut_network(browser, film):
    browser.limit(SLOW)
    browser.choose(film)
    browser.wait_for_percent(45)
    browser.page.get_by_role("button", name="Pause: film.mp4").click()
    browser.wait_for("paused")
    browser.page.reload()  # the page asks first; a closed tab or a crash does not
    assert "film.mp4" in browser.page.locator("#partial").inner_text()
    offsets: list[str | None] = []
    browser.page.on(
        "request",
        lambda request: (
            offsets.append(request.headers.get("upload-offset")) if request.method == "PATCH" else None
        ),
    )
    browser.choose(film)
    browser.wait_for_percent(50)
    assert offsets[0] not in (None, "0")
    assert browser.page.locator("#partial").count() == 0
    browser.limit(0, offline=True)
    browser.wait_until("document.querySelector('.upload__note').textContent.includes('connection was lost')")
    browser.limit(-1)
    browser.wait_for("done")
    found = browser.page.locator(".found").inner_text()
    for fact in ("00:00:10.000", "640 × 480", "25 frames/s", "Start analysis", "Open recording"):
        assert fact in found
    recording = Recording.objects.get()
    assert recording.sha256 == hashlib.sha256(film.read_bytes()).hexdigest()
    assert Upload.objects.count() == 1


def test_several_files_with_their_own_ends(browser, only_video, tmp_path, clip):
    talk = clips.write(tmp_path / "talk.mp4", sound=True)
    garbage, good = tmp_path / "garbage.mp4", tmp_path / "good.mp4"
    garbage.write_bytes(b"no video" * 1000)
    good.write_bytes(clip)
    empty = tmp_path / "empty.mp4"
    empty.touch()
    browser.choose(talk, garbage, good, empty)
    browser.wait_for("done")
    browser.wait_for("refused", 3)
    assert "has sound" in browser.page.locator(".upload", has_text="talk.mp4").inner_text()
    assert "cannot be read" in browser.page.locator(".upload", has_text="garbage.mp4").inner_text()
    assert "empty" in browser.page.locator(".upload", has_text="empty.mp4").inner_text()
    assert Upload.objects.get(state="finished").expected_sha256 == hashlib.sha256(clip).hexdigest()


def test_cancelling_deletes_what_arrived(browser, film):
    browser.limit(SLOW)
    browser.choose(film)
    browser.wait_for_percent(45)
    browser.page.get_by_role("button", name="Cancel: film.mp4").press("Enter")
    browser.page.get_by_role("button", name="Cancel the upload").press("Enter")
    browser.page.locator(".upload").wait_for(state="detached")
    assert not Upload.objects.exists()
