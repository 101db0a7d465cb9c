"""A live session in a real Chromium, before its fake camera: from consent to a recording that plays.

A whole installation with a live worker runs beside it; the camera shows a labelled clip.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import migrated
from tests.browser.conftest import ARGUMENTS, PATIENCE_MS
from tests.browser.screenshots import chromium
from tests.browser.test_server_killed import Server
from tests.conftest import MEDIA
from tests.live.page import pictures
from tests.programs import children, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
ROOT = Path(__file__).resolve().parents[2]


class LiveServer(Server):
    live = 1

    def make(self) -> dict[str, str]:
        program = [sys.executable, "-m", "tests.live.installation"]
        done = subprocess.run(program, cwd=ROOT, env=self.env, check=True, capture_output=True, text=True)
        return json.loads(done.stdout.strip().splitlines()[-1])

    def child(self, word: str) -> int:
        assert self.process is not None
        return next(pid for pid, command in children(self.process.pid).items() if f"manage.py {word}" in command)


@pytest.fixture
def server(tmp_path):
    made = LiveServer(migrated.installation(tmp_path / "data"))
    made.env["FACSWEB_REQUIRE_MFA"] = "0"
    made.world = made.make()
    made.start()
    made.await_answer()
    yield made
    made.kill()


@pytest.fixture
def page(server, browser, tmp_path):
    """The page of a live session, of somebody who may; its camera shows the clip again and again."""
    film = tmp_path / "camera.mjpeg"
    film.write_bytes(b"".join(pictures(MEDIA / "d1_smile_6_12_then_12.mp4", 25)))
    camera = [
        *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),
        f"--use-file-for-fake-video-capture={film}",
    ]
    # Playwright runs already, for the browser of all others; this one has a camera.
    own = browser.browser_type.launch(executable_path=chromium(), args=[*ARGUMENTS, *camera])
    context = own.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(4 * PATIENCE_MS)
    context.add_cookies([{"name": "sessionid", "value": server.world["session"], "url": server.url}])
    page = context.new_page()
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(f"/participants/{server.world['participant']}/live/")
    yield page
    own.close()


def state(page: Any, wanted: str) -> None:
    page.wait_for_selector(f"#live[data-state={wanted}]")


def test_from_the_camera_to_a_recording(page, server):
    assert page.locator("#live-notice").inner_text().startswith("The camera is off")
    page.get_by_role("button", name="Open the camera").click()
    state(page, "ready")
    assert page.locator("#live-cameras option").count() == 1
    page.keyboard.press("b")
    state(page, "live")
    page.wait_for_selector("#live-mesh-canvas[data-drawn=mesh]")
    page.wait_for_selector(".live-row[data-there]")  # a neutral face was found, and something moves
    page.keyboard.press("m")
    page.keyboard.press("2")
    page.locator(".live-mark__name").first.fill("My marker")
    page.locator(".live-mark__name").first.press("Enter")
    page.keyboard.press("Tab")

    # The live worker is killed: another one takes over, with the neutral face that was found.
    os.kill(server.child("live"), signal.SIGKILL)
    page.wait_for_selector("#live-neutral-state:text('found by itself')")
    # The web server is killed: the page says so, goes on recording, and comes back by itself.
    os.kill(server.child("web"), signal.SIGKILL)
    page.wait_for_selector("#live-notice:has-text('Reconnecting')")
    page.wait_for_selector("#live-notice:not(:has-text('Reconnecting'))")
    page.wait_for_selector(".live-row[data-there]")

    page.keyboard.press("e")
    page.locator("dialog[open]").get_by_role("button", name="End the session").click()
    state(page, "done")
    with page.expect_navigation():
        page.get_by_role("link", name="Open recording").click()
    address = page.url.removeprefix(server.url)
    cookies = {"sessionid": server.world["session"]}
    # The copy for browsers, since nobody can jump in what a browser recorded.
    copy = f"{server.url}{address}video"
    wait_until(lambda: requests.get(copy, cookies=cookies, timeout=60).status_code == 200, what="the copy is made")
    page.reload()
    page.evaluate(
        "() => new Promise((done, fail) => { const v = document.querySelector('video'); v.muted = true;"
        " v.onseeked = done; v.onerror = fail; v.preload = 'auto'; v.currentTime = 2; v.load && v.play(); })"
    )
    assert page.evaluate("document.querySelector('video').duration") > 4
    assert page.errors == []
    marks = subprocess.run(
        [sys.executable, "-m", "tests.live.installation", "marks"],
        **{"cwd": ROOT, "env": server.env, "check": True, "capture_output": True, "text": True},
    )
    assert [one["name"] for one in json.loads(marks.stdout.splitlines()[-1])] == ["My marker", "Question"]
