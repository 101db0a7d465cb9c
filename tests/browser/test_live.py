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
from tests.browser.screenshots import camera_of, chromium
from tests.browser.test_server_killed import Server
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

    def asked(self, word: str) -> Any:
        program = [sys.executable, "-m", "tests.live.installation", word]
        done = subprocess.run(program, cwd=ROOT, env=self.env, check=True, capture_output=True, text=True)
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = LiveServer(migrated.installation(tmp_path_factory.mktemp("live") / "data"))
    made.env["FACSWEB_REQUIRE_MFA"] = "0"
    made.world = made.make()
    made.start()
    made.await_answer()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def camera(browser, tmp_path_factory):
    """A browser whose camera shows the clip again and again."""
    camera = camera_of(tmp_path_factory.mktemp("camera"))
    # Playwright runs already, for the browser of all others; this one has a camera.
    own = browser.browser_type.launch(executable_path=chromium(), args=[*ARGUMENTS, *camera])
    yield own
    own.close()


@pytest.fixture
def page(server, camera):
    """The page of a live session, of somebody who may."""
    context = camera.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(4 * PATIENCE_MS)
    context.add_cookies([{"name": "sessionid", "value": server.world["session"], "url": server.url}])
    page = context.new_page()
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(f"/participants/{server.world['participant']}/live/")
    yield page
    context.close()


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
    assert [one["name"] for one in server.asked("marks")] == ["My marker", "Question"]


#: Bars of one's own, beside those of the page: how wide each is drawn, as a share of its track.
WIDTHS = """async (aus) => {
  const script = [...document.scripts].find(({ src }) => src.endsWith("pages/live.js")).src;
  const { LiveBars } = await import(new URL("../components/live-bars.js", script).href);
  const root = document.createElement("div");
  document.getElementById("live-bars").append(root);
  const units = [{ code: "12", name: "Lip Corner Puller", group: "lower_face", sided: true, tier: "measured" },
    { code: "26", name: "Jaw Drop", group: "lower_face", sided: false, tier: "measured" }];
  new LiveBars(root, units).show(aus, 1000);
  const shares = [...root.querySelectorAll(".live-bar__fill")].map((fill) =>
    fill.getBoundingClientRect().width / fill.parentElement.getBoundingClientRect().width);
  root.remove();
  return shares;
}"""


def test_a_bar_is_as_long_as_its_value(page):
    shares = page.evaluate(WIDTHS, {"12": [2.5, 1.0, 4.0], "26": [5.0]})
    assert shares == pytest.approx([0.2, 0.8, 1.0], abs=0.01)
    assert page.evaluate(WIDTHS, {"12": [None, None, 2.5]}) == pytest.approx([0.0, 0.5, 0.0], abs=0.01)


def begin(page):
    page.get_by_role("button", name="Open the camera").click()
    state(page, "ready")
    page.keyboard.press("b")
    state(page, "live")
    page.wait_for_selector("#live-film:not(:text('0.0 MB')):has-text('safe')")


def test_a_camera_that_goes_away_and_a_consent_that_does(page, server):
    begin(page)
    # Another tab does not offer to end what goes on here.
    other = page.context.new_page()
    other.goto(f"/participants/{server.world['participant']}/live/")
    assert "another tab" in other.locator("[data-choices]").inner_text()
    assert other.get_by_role("button", name="Make a recording of it").count() == 0
    other.close()

    # The camera is pulled out: the film stops there, and can be ended.
    page.evaluate(
        "document.getElementById('live-video').srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))"
    )
    state(page, "lost")
    assert "The camera was unplugged" in page.locator("#live-notice").inner_text()
    stopped = page.evaluate("document.getElementById('live-clock').textContent")
    page.keyboard.press("e")
    page.locator("dialog[open]").get_by_role("button", name="End the session").click()
    state(page, "done")
    assert page.evaluate("document.getElementById('live-clock').textContent")[:8] == stopped[:8]

    page.get_by_role("link", name="Another session").click()
    begin(page)
    page.evaluate("window.film = document.getElementById('live-video').srcObject")
    server.asked("withdraw")
    page.wait_for_selector("#live-notice:has-text('Consent was withdrawn')")
    assert set(page.evaluate("window.film.getTracks().map((track) => track.readyState)")) == {"ended"}
    kept = """() => new Promise((done) => { const asked = indexedDB.open("facsweb-live"); asked.onsuccess = () => {
        const all = asked.result.transaction("pieces").objectStore("pieces").count();
        all.onsuccess = () => done(all.result); }; })"""
    wait_until(lambda: page.evaluate(kept) == 0, what="nothing of it stays in the browser")
    assert page.errors == []

    # No camera is opened without a consent, and the page says what comes first.
    page.reload()
    assert page.locator("#live").count() == 0
    assert page.get_by_role("link", name="Record a consent").count() == 1
