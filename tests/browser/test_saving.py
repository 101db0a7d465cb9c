"""Nothing typed is lost, nothing is written twice, nobody overwrites anybody silently: in a real Chromium."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.browser.conftest import ARGUMENTS
from tests.browser.screenshots import chromium

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]
LETTERS = "ABCDE"


def eventually(check, patience_s=20.0):
    deadline = time.monotonic() + patience_s
    while not (value := check()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return value


def saved(page, patience_s=60.0):
    page.locator("#save-text", has_text=re.compile("^Saved$")).wait_for(timeout=patience_s * 1000)


def ready(page):
    page.wait_for_selector("html[data-review=ready]")
    return page


def choose(page, code, nth=0):
    """Select the nth event of a code through the table."""
    if page.locator("#events").is_hidden():
        page.locator("#show-table").click()
    page.locator("#events-body tr", has=page.locator(f".au:text-is('{code}')")).nth(nth).click()
    page.locator("#show-timeline").click()


def press_letter(page, letter):
    """As fast as a person's fingers could ever be."""
    page.evaluate("letter => document.querySelector(`#event-intensity button[value='${letter}']`).click()", letter)


# --- a server that is killed --------------------------------------------------------------------------------


class Server:
    """A whole installation (`manage.py serve`) in a process that can be killed, on a port that stays the same."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        kept = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "DATABASE_URL")}
        self.env = {**kept, "FACSWEB_DATA": str(folder), "PYTHONPATH": str(ROOT)}
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
        command = [sys.executable, "manage.py", "serve", "--port", str(self.port)]
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
            )

    def await_answer(self) -> None:
        def answers() -> bool:
            try:
                return urllib.request.urlopen(f"{self.url}/healthz", timeout=1).status == 200  # noqa: S310
            except OSError:
                return False

        eventually(answers, 200)

    def kill(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)  # its children die with it
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def letters(self, layer: str) -> list[tuple[str, int, str]]:
        """What people wrote into a layer, in the order of the layer: event, number, intensity."""
        (path,) = self.folder.glob("*.sqlite3")
        with sqlite3.connect(path) as database:
            return database.execute(
                "select r.event_id, r.number, r.intensity from coding_revision r join coding_event e "
                "on e.id = r.event_id where e.layer_id = ? and r.layer_revision > 0 order by r.layer_revision",
                (layer.replace("-", ""),),
            ).fetchall()


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def browser():
    path = chromium()
    if path is None:
        pytest.skip("no Chromium on this machine: this page was not driven")
    with pytest.importorskip("playwright.sync_api").sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.mark.timeout(900)
def test_a_server_killed_in_the_middle_of_edits_loses_and_doubles_nothing(server, browser):
    made = server.make()
    server.start()
    server.await_answer()
    context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(90_000)
    context.add_cookies([{"name": "sessionid", "value": made["session"], "url": server.url}])
    page = context.new_page()
    page.goto(f"/runs/{made['run']}/review/")
    ready(page)
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
    written = server.letters(made["layer"])
    assert [letter for _, _, letter in written] == script
    assert [number for _, number, _ in written] == list(range(2, 2 + len(script)))

    server.kill()
    edit(10)
    page.on("dialog", lambda dialog: dialog.accept())
    page.close()  # as a browser that crashes: nobody is asked
    server.start()
    server.await_answer()
    page = context.new_page()
    page.goto(f"/runs/{made['run']}/review/")
    ready(page)
    saved(page)
    assert [letter for _, _, letter in server.letters(made["layer"])] == script
    choose(page, "12")
    assert page.inner_text("#event-chip") == f"12{script[-1]}"
    context.close()


# --- two browsers, no connection, leaving -------------------------------------------------------------------


@pytest.fixture
def run(participant, consent, people):
    from tests.factories import make_finished_run, make_recording

    return make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])


@pytest.fixture
def layer(run, people):
    from facsweb.coding import services

    return services.open_layer(people["coder"], run)


def review(open_page, run, role="coder", **options):
    return ready(open_page(role, f"/runs/{run.pk}/review/", **options))


def expected_complaints(page, *words):
    page.complaints[:] = [text for text in page.complaints if not any(word in text for word in words)]


def smile(layer):
    from facsweb.coding.models import Event

    return Event.objects.distinct().get(layer=layer, revisions__code="12", revisions__onset_us=1_000_000)


@pytest.mark.django_db(transaction=True)
def test_two_browsers_on_one_event_the_second_is_told_and_keeps_its_words(open_page, run, layer):
    first, second = review(open_page, run), review(open_page, run)
    choose(first, "12")
    choose(second, "12")
    first.get_by_role("button", name="Intensity A").click()
    saved(first)
    second.get_by_role("button", name="Intensity E").click()
    second.get_by_text("changed in another window in the meantime, by Coder Person").wait_for()
    eventually(lambda: second.inner_text("#event-chip") == "12A")
    event = smile(layer)
    assert [one.intensity for one in event.revisions.order_by("number")] == ["D", "A"]

    second.get_by_role("button", name="1 not stored").click()
    words = second.inner_text("#not-stored")
    assert "intensity D → E" in words
    assert "There is now: 12A" in words
    second.reload()  # it is kept
    ready(second)
    second.get_by_role("button", name="1 not stored").click()
    second.get_by_role("button", name="Try on top of this").click()
    saved(second)
    assert [one.intensity for one in event.revisions.order_by("number")] == ["D", "A", "E"]
    assert second.locator("#not-stored-open").is_hidden()

    choose(first, "25")
    choose(first, "12")
    first.evaluate("window.dispatchEvent(new Event('focus'))")  # it looks when it comes to the front
    first.locator(".editor__elsewhere", has_text="intensity A → E").wait_for()
    assert first.inner_text("#event-chip") == "12E"
    expected_complaints(first, "409")


@pytest.mark.django_db(transaction=True)
def test_two_tabs_of_one_browser_see_each_other_at_once(open_page, run, layer):
    first = review(open_page, run)
    second = first.context.new_page()
    second.goto(f"/runs/{run.pk}/review/")
    ready(second)
    choose(first, "12")
    choose(second, "12")
    first.context.set_offline(True)
    for page, letter in ((first, "A"), (second, "B"), (first, "C"), (second, "E")):
        page.get_by_role("button", name=f"Intensity {letter}").click()
        other = second if page is first else first
        eventually(lambda other=other, letter=letter: other.inner_text("#event-chip") == f"12{letter}")
    first.context.set_offline(False)
    saved(first)
    saved(second)
    assert [one.intensity for one in smile(layer).revisions.order_by("number")] == ["D", "A", "B", "C", "E"]
    expected_complaints(first, "ERR_INTERNET_DISCONNECTED")


@pytest.mark.django_db(transaction=True)
def test_offline_edits_outlive_the_tab(open_page, run, layer):
    page = review(open_page, run)
    context = page.context
    choose(page, "12")
    context.set_offline(True)
    for letter in "ABE":
        page.get_by_role("button", name=f"Intensity {letter}").click()
    page.get_by_text("Offline: 3 changes kept on this computer").wait_for()
    page.wait_for_timeout(300)
    page.close()
    assert smile(layer).revisions.count() == 1
    context.set_offline(False)
    again = context.new_page()
    again.goto(f"/runs/{run.pk}/review/")
    ready(again)
    saved(again)
    assert [one.intensity for one in smile(layer).revisions.order_by("number")] == ["D", "A", "B", "E"]
    expected_complaints(page, "ERR_INTERNET_DISCONNECTED")


@pytest.mark.django_db(transaction=True)
def test_somebody_else_on_this_computer_neither_sees_nor_sends_them(open_page, client_as, site, run, layer):
    page = review(open_page, run)
    choose(page, "12")
    page.context.set_offline(True)
    page.get_by_role("button", name="Intensity A").click()
    page.get_by_text("Offline: 1 change kept on this computer").wait_for()
    own = page.context.cookies()
    session = client_as("analyst").cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": site.url}])
    page.context.set_offline(False)
    page.get_by_text("Another person is signed in: 1 change kept on this computer").wait_for()
    other = page.context.new_page()
    other.goto(f"/runs/{run.pk}/review/?layer={layer.pk}")
    ready(other)
    choose(other, "12")
    assert other.inner_text("#event-chip") == "12D"
    other.close()
    assert smile(layer).revisions.count() == 1
    page.context.add_cookies([cookie for cookie in own if cookie["name"] == "sessionid"])
    page.get_by_role("button", name="Try again").click()
    saved(page)
    assert smile(layer).revisions.count() == 2
    expected_complaints(page, "ERR_INTERNET_DISCONNECTED", "401")


@pytest.mark.django_db(transaction=True)
def test_leaving_with_unsynced_work_warns(open_page, run, layer):
    page = review(open_page, run)
    choose(page, "12")
    warned = []
    page.on("dialog", lambda dialog: (warned.append(dialog.type), dialog.dismiss()))
    page.context.set_offline(True)
    page.get_by_role("button", name="Intensity A").click()
    page.get_by_text("Offline: 1 change kept on this computer").wait_for()
    page.close(run_before_unload=True)
    eventually(lambda: page.evaluate("1") and warned == ["beforeunload"])
    page.context.set_offline(False)
    saved(page)
    page.close(run_before_unload=True)
    eventually(page.is_closed)
    assert warned == ["beforeunload"]
    expected_complaints(page, "ERR_INTERNET_DISCONNECTED")


# --- history and comments -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_whole_coding_goes_back_and_forth(open_page, run, layer):
    from facsweb.coding import services

    page = review(open_page, run)
    choose(page, "12")
    page.get_by_role("button", name="Intensity A").click()
    saved(page)
    choose(page, "25")
    page.locator("#event-delete").click()
    saved(page)
    choose(page, "12A")
    page.get_by_role("button", name="Intensity B").click()
    saved(page)
    if page.locator("#review").get_attribute("data-drawer") != "open":
        page.locator("#drawer-toggle").click()
    page.get_by_role("tab", name="History").click()
    page.locator("#layer-history summary").click()
    lines = page.locator("#layer-history-list .history__line")
    eventually(lambda: lines.count() == 3)
    assert "intensity D → A" in lines.nth(2).inner_text()
    lines.nth(2).get_by_role("button", name="Everything back to here").click()
    page.get_by_role("button", name="Bring it back").click()
    saved(page)
    said = {(state.code, state.intensity) for state in services.current_events(layer)}
    assert ("12", "A") in said
    assert len(services.current_events(layer)) == 7
    page.keyboard.press("Control+z")
    saved(page)
    assert len(services.current_events(layer)) == 6
    layer.refresh_from_db()
    assert layer.revision == 7


@pytest.mark.django_db(transaction=True)
def test_a_comment_with_a_mention_is_read_answered_and_resolved(open_page, run, layer, people):
    from facsweb.coding.comments import mentions_for

    page = review(open_page, run)
    choose(page, "12")
    page.keyboard.press("Shift+C")
    page.locator("#comment-text").wait_for()
    page.locator("#comment-text").press_sequentially("Is this a 13? @Ana")
    page.get_by_role("option", name="Analyst Person").wait_for()
    page.keyboard.press("Enter")
    assert page.input_value("#comment-text") == "Is this a 13? @Analyst Person "
    page.locator("#comment-send").dblclick()
    page.locator(".comment").wait_for()
    assert page.locator(".comment").count() == 1
    assert page.input_value("#comment-text") == ""
    (mention,) = mentions_for(people["analyst"])

    page.locator("#comment-text").fill("And you, @Manager Person?")
    page.locator("#comment-send").click()
    page.locator(".comment").nth(1).wait_for()
    assert page.locator(".comment .mention").count() == 1, "a manager reads no codings and is no name here"

    other = open_page("analyst", mention.url)
    ready(other)
    item = other.locator(".comment").first
    item.get_by_text("mentions you").wait_for()
    assert other.inner_text("#event-chip") == "12D"
    eventually(lambda: not mentions_for(people["analyst"]))
    item.get_by_role("button", name="Reply").click()
    item.get_by_label("Reply", exact=True).first.fill("No, a 12. @Coder Person")
    item.get_by_role("button", name="Reply").first.click()
    other.locator(".comment__reply").wait_for()
    other.locator(".comment").first.get_by_role("button", name="Resolve").click()
    other.get_by_text("Resolved by Analyst Person").wait_for()
    assert len(mentions_for(people["coder"])) == 1
