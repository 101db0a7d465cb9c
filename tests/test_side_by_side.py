"""What the lanes say while they run, and what is left of it where somebody interrupts them."""

from __future__ import annotations

import signal

import pytest

from tests.programs import wait_until
from tests.side_by_side import Ended, Lane, Lanes

#: Nothing of ours, neither settings nor a database: it is the lanes that are looked at.
BARE = ["-q", "-p", "no:django", "-p", "no:cacheprovider", "--noconftest"]
TESTS = """
import time
from pathlib import Path

import pytest

def test_fails():
    assert 6 * 9 == 42, "nobody knows why\\nnor how"

@pytest.fixture
def broken():
    raise OSError("no such thing")

def test_never_begins(broken): pass

def test_passes(): pass

def test_waits():
    while not Path(__file__).with_name("go").exists():
        time.sleep(0.05)
"""


class Terminal:
    """All that was written so far."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self.capfd, self.said = capfd, ""

    def lines(self) -> list[str]:
        self.said += self.capfd.readouterr().out
        return self.said.splitlines()

    def wait_for(self, part: str) -> str:
        wait_until(lambda: any(part in line for line in self.lines()), what=f"nobody said {part}")
        return next(line for line in self.lines() if part in line)


@pytest.fixture
def terminal(capfd) -> Terminal:
    return Terminal(capfd)


@pytest.fixture
def lane(tmp_path) -> Lane:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_little.py").write_text(TESTS)
    return Lane("little", "sqlite", 0, ["-c", str(tmp_path / "pytest.ini"), str(tmp_path / "test_little.py")])


def test_a_failure_is_said_while_the_lane_runs_and_reported_when_it_ended(lane, tmp_path, terminal):
    with Lanes(BARE, None) as lanes:
        running = lanes.threads.submit(lanes.run, 0, lane)
        failed = terminal.wait_for("test_fails")
        assert failed.startswith("sqlite little: FAILED ")
        assert failed.endswith("test_little.py::test_fails: AssertionError: nobody knows why")
        assert "FAILED in its setup" in terminal.wait_for("test_never_begins: OSError: no such thing")
        assert not running.done()
        (tmp_path / "go").touch()
        ended: Ended = running.result()
    said = terminal.lines()
    assert said[0] == "sqlite little: begins"
    assert said[-1].startswith("sqlite little: ended with 1 after ")
    assert len(said) == 4, "what passes is nothing to speak of"
    assert ended.code == 1
    assert "nor how" in ended.said
    assert "1 failed, 2 passed, 1 error" in ended.said


def test_a_file_that_cannot_be_read_is_said(lane, tmp_path, terminal):
    (tmp_path / "test_little.py").write_text("from tests.nowhere import nothing\n")
    with Lanes(BARE, None) as lanes:
        assert lanes.run(0, lane).code == 2
    assert "FAILED to be read" in terminal.wait_for("test_little.py: E   ModuleNotFoundError")


def test_who_interrupts_has_heard_what_failed_and_hears_which_lanes_had_not_ended(lane, terminal):
    with Lanes(BARE, None) as lanes:
        running = lanes.threads.submit(lanes.run, 0, lane)
        terminal.wait_for("test_fails")
    assert running.result().code == -signal.SIGTERM
    assert terminal.lines()[-1].startswith(f"sqlite little: ended with {-signal.SIGTERM} after ")
