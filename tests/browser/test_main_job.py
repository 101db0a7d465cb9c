"""The whole product in a real Chromium, on a demonstration started the way `make demo` starts it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests import migrated
from tests.analysis import conditions
from tests.browser.screenshots import chromium
from tests.conftest import REPOSITORY
from tests.programs import of_its_own

CHROMIUM = chromium()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: the main job was not driven"),
]
PATIENCE_MS = 240_000
#: `manage.py demo` but for its last steps, no part of the main job: beside whoever uses the site, a second
#: recording of 80 s is analysed, for most of a minute of the processor (tests/demo/test_interview.py), and a study
#: about consent gets its signatures (tests/demo/test_rights.py).
AS_FAR_AS_READY = """
import sys
import django
import manage
sys.argv[:1] = ["manage.py", "demo"]
manage.os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facsweb.settings")
django.setup()
from facsweb.demo.management.commands import demo
demo.Command._interview = demo.Command._rights = lambda *_: None
manage.main()
"""


@dataclass
class Demonstration:
    """A running ``manage.py demo`` and what it printed."""

    process: subprocess.Popen[str]
    url: str = ""
    passwords: dict[str, tuple[str, str]] = field(default_factory=dict)

    def read_until_ready(self) -> None:
        assert self.process.stdout is not None
        printed = []
        for line in self.process.stdout:
            printed.append(line)
            if login := re.match(r"\s+(administrator|analyst|coder|manager)\s+(\S+@\S+)\s+(\S+)", line):
                self.passwords[login[1]] = (login[2], login[3])
            if ready := re.search(r"ready at (http://\S+)", line):
                self.url = ready[1]
                return
        raise AssertionError("the demonstration did not start:\n" + "".join(printed))


def processes_of(folder: Path) -> list[int]:
    """Processes whose environment names the data folder, zombies left out."""
    found, mark = [], f"FACSWEB_DATA={folder}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.fixture
def demonstration(tmp_path) -> Iterator[Demonstration]:
    folder = migrated.installation(tmp_path / "data")
    process = subprocess.Popen(
        [sys.executable, "-c", AS_FAR_AS_READY, "--port", "0"],
        cwd=REPOSITORY,
        env=of_its_own(folder) | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    running = Demonstration(process)
    try:
        running.read_until_ready()
        yield running
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0
        deadline = time.monotonic() + 60
        while processes_of(folder) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert processes_of(folder) == [], "Ctrl-C left processes behind"
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


class Person:
    """A signed-in page; whatever its console complains of is a fault of ours."""

    def __init__(self, browser: Any, demonstration: Demonstration, role: str | None) -> None:
        context = browser.new_context(base_url=demonstration.url, viewport={"width": 1440, "height": 900})
        context.set_default_timeout(60_000)
        self.page, self.complaints = context.new_page(), []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if role:
            email, password = demonstration.passwords[role]
            self.page.goto("account/login/")
            self.page.get_by_label("Email").fill(email)
            self.page.get_by_label("Password", exact=True).fill(password)
            self.page.get_by_role("button", name="Sign in", exact=True).click()
            self.page.get_by_role("heading", name="What next?").wait_for()

    def _hear(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


def test_upload_progress_correction_sign_off_download(demonstration, browser, tmp_path):
    analyst = Person(browser, demonstration, "analyst")
    page = analyst.page
    policy = page.goto("").headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy

    # upload, and what was found in the file
    page.get_by_role("link", name="Studies", exact=True).click()
    page.get_by_role("link", name="Demonstration: a smile").first.click()
    page.get_by_role("link", name="Upload").first.click()
    page.get_by_text("Drop video files").wait_for()
    page.set_input_files("input[type=file]", str(conditions.cut("d3", 0.0, 4.0).write(tmp_path / "surprise.mp4")))
    page.get_by_text(re.compile("640.+480")).first.wait_for()
    page.get_by_role("button", name="Start analysis").click()

    # live progress, without touching the page
    page.wait_for_url("**/runs/*/")
    page.get_by_role("link", name="Review").first.wait_for(timeout=PATIENCE_MS)
    run_path = re.search(r"/runs/[0-9a-f-]{36}/", page.url)[0]
    assert page.get_by_text("Outer brow raiser").count() == 1

    # the coder corrects one event, takes it back, does it again
    coder = Person(browser, demonstration, "coder")
    page = coder.page
    page.goto(f"{run_path.lstrip('/')}review/")
    page.locator("#start-coding").click()
    page.wait_for_selector("html[data-review=ready]:not(:has(#start-coding))")
    choose(page, "1")
    before = page.inner_text("#event-chip")
    letter = "B" if not before.endswith("B") else "C"
    page.get_by_role("button", name=f"Intensity {letter}").click()
    expect_chip(page, before[:-1] + letter)
    page.get_by_role("button", name="Undo").click()
    expect_chip(page, before)
    page.get_by_role("button", name="Redo").click()
    expect_chip(page, before[:-1] + letter)
    page.locator("#save-text", has_text=re.compile("^Saved$")).wait_for()
    page.reload()
    page.wait_for_selector("html[data-review=ready]")
    choose(page, "1")
    expect_chip(page, before[:-1] + letter)

    # sign-off, with the password again
    page.get_by_role("link", name=re.compile("Sign off")).click()
    page.get_by_label("I confirm this statement").check()
    page.get_by_label("Your password, again").fill(demonstration.passwords["coder"][1])
    page.get_by_role("button", name="Sign the coding").click()
    page.wait_for_url("**/reports/*/")
    page.get_by_role("link", name="Download the PDF").wait_for(timeout=PATIENCE_MS)

    # the manager downloads; anybody verifies
    manager = Person(browser, demonstration, "manager")
    manager.page.goto("reports/")
    manager.page.get_by_role("link", name="P-001").first.click()
    with manager.page.expect_download() as download:
        manager.page.get_by_role("link", name="Download the PDF").click()
    pdf = tmp_path / download.value.suggested_filename
    download.value.save_as(pdf)
    assert pdf.read_bytes().startswith(b"%PDF-")

    stranger = Person(browser, demonstration, None)
    verdict = verify(stranger.page, pdf)
    assert verdict == "good"
    damaged = tmp_path / "damaged.pdf"
    content = bytearray(pdf.read_bytes())
    content[len(content) // 3] ^= 1
    damaged.write_bytes(content)
    assert verify(stranger.page, damaged) == "bad"

    for person in (analyst, coder, manager, stranger):
        assert person.complaints == []


def choose(page: Any, code: str) -> None:
    """Select the first event of a code in the table of events."""
    if page.locator("#events").is_hidden():
        page.keyboard.press("t")
    page.locator("#events-body tr", has=page.locator(f".au:text-is('{code}')")).first.click()


def expect_chip(page: Any, notation: str) -> None:
    page.locator("#event-chip", has_text=re.compile(f"^{re.escape(notation)}$")).wait_for()


def verify(page: Any, pdf: Path) -> str:
    page.goto("verify/")
    page.set_input_files("input[type=file]", str(pdf))  # checked at once
    page.locator("#result").wait_for()
    return page.locator("#result").get_attribute("data-tone")
