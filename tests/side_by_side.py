"""Runs the suite on SQLite and on PostgreSQL, as pytest processes side by side.

``python -m tests.side_by_side [--whole | --only sqlite|postgresql] [pytest's options]``. On SQLite the whole suite
runs, and with ``--whole`` or on four cores on PostgreSQL, too. On fewer, all of it on both would take too long for
everybody who changes something: PostgreSQL is spared what takes longest (`SPARED`).

Much of the time of browsers and workers is waiting, so more processes run than the machine has cores. All start
from copies of one migrated database of each kind. Tests that touch no database run once
(`tests.conftest.touches_database`), and so do those that are marked so, unless PostgreSQL alone is asked for. The
report of each comes when it has ended. What cannot wait is said at once: which lane
begins, how long it took, and every test that fails (`tests.told_at_once`), so that a run that is interrupted has
said what it knew. Exit code 0 only if none failed and something ran.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from analysis import cores
from analysis.interrupts import comes_again
from tests import made_once, migrated, postgresql

#: Touches no database (its conftest.py sees to it), so on PostgreSQL nobody looks there.
ENGINE = "tests/analysis"
#: Apps of the site whose tests compute more than they wait.
COMPUTING = tuple(
    f"tests/{name}" for name in ("about", "agreement", "calibration", "learning", "meaning", "reports")
)
#: Pages in a browser, but for whole installations in processes of their own.
PAGES = "tests/browser"
INSTALLATIONS = ("tests/browser/test_main_job.py", "tests/browser/test_server_killed.py")
#: Real workers, servers and databases: more waiting than computing.
PROCESSES = tuple(f"tests/{name}" for name in ("audit", "demo", "privacy", "processes", "recordings", "runs"))
#: What operators do, on installations and storage of its own.
OPERATING = tuple(
    f"tests/{name}" for name in ("chaos", "image", "live", "load", "operation", "quotas", "rollout", "storage")
)
#: What PostgreSQL is spared beside the whole suite on SQLite: it takes longest, and shows browsers and programs
#: whose questions to the database other tests put there.
SPARED = (
    *(PAGES, *INSTALLATIONS),
    *(f"tests/{name}" for name in ("api", "demo", "learning", "live", "meaning", "reports", "runs", "security")),
)
#: But these: two browsers write at once, a server dies over what it acknowledged, many want the same row.
NOT_SPARED = (
    *("tests/browser/test_saving.py", "tests/browser/test_server_killed.py", "tests/reports/test_sign.py"),
    *(f"tests/runs/test_{name}.py" for name in ("consumers", "job", "services")),
)
#: With so many cores all runs on both in the time that two need for less.
ENOUGH = 4
NOTHING_COLLECTED = 5
#: Processes at the same time. They wait so much that six leave a third of two cores idle, and whoever begins late
#: ends alone; many more would keep those waiting that have deadlines of their own.
AT_ONCE = max(8, 2 * (os.cpu_count() or 1))

#: A test that takes longer hangs; beside seven other lanes one may take many times what it takes alone.
HANGS_S = 900


class Lane(NamedTuple):
    """What one process of pytest runs."""

    name: str
    """Of what it runs; lines that cannot wait begin with it and the database."""
    database: str
    nice: int
    """Whoever waits for a page or a heartbeat goes first; what only computes fills the gaps."""
    paths: list[str]


def lanes() -> list[Lane]:
    """In the order of their start; what no other lane names goes to one, so that nothing is forgotten."""
    here = sorted(Path("tests").iterdir())
    found = [path for path in here if path.match("test_*.py") or next(path.glob("**/test_*.py"), None)]
    named = {ENGINE, *COMPUTING, *OPERATING, *PROCESSES, PAGES}
    others = [path.as_posix() for path in found if path.as_posix() not in named]
    pages = [PAGES, *(f"--ignore={path}" for path in INSTALLATIONS)]
    processes = [*PROCESSES, *INSTALLATIONS]
    return [
        Lane("processes", "sqlite", 0, processes),
        Lane("pages", "sqlite", 0, pages),
        Lane("processes", "postgresql", 0, processes),
        Lane("pages", "postgresql", 0, pages),
        Lane("operating", "sqlite", 5, list(OPERATING)),
        Lane("engine", "sqlite", 5, [ENGINE]),
        Lane("others", "sqlite", 5, others),
        Lane("others", "postgresql", 5, others),
        Lane("operating", "postgresql", 5, list(OPERATING)),
        Lane("computing", "sqlite", 5, list(COMPUTING)),
        Lane("computing", "postgresql", 5, list(COMPUTING)),
    ]


def wanted(databases: set[str], *, whole: bool) -> list[Lane]:
    """Those that run. Beside SQLite, PostgreSQL is spared what takes longest, unless the whole is asked for.

    What is left to it fills two lanes: each costs the start of a process and a database.
    """
    asked = [lane for lane in lanes() if lane.database in databases]
    if len(databases) == 1 or whole:
        return asked
    found = [lane for lane in asked if lane.database == "sqlite"]
    spared = [lane for lane in asked if lane.database == "postgresql"]
    left = {lane.name: [path for path in lane.paths if path not in SPARED] for lane in spared}
    waiting = [*left.pop("processes"), *NOT_SPARED]
    others = [path for paths in left.values() for path in paths if not path.startswith("--")]
    by_name = {lane.name: lane for lane in spared}
    found.insert(2, by_name["processes"]._replace(paths=waiting))
    found.insert(5, by_name["others"]._replace(paths=others))
    return found


class Ended(NamedTuple):
    lane: Lane
    code: int
    said: str


class Lanes:
    """The processes of pytest, ended with their parent."""

    def __init__(self, options: list[str], socket: Path | None) -> None:
        self.options = options
        self.socket = socket
        self.started: list[subprocess.Popen[str]] = []
        self.threads = ThreadPoolExecutor(AT_ONCE)
        self.terminal = os.dup(sys.stdout.fileno())  # under a number that no lane's own output has

    def run(self, number: int, lane: Lane) -> Ended:
        environment = dict(os.environ)
        if lane.database == "postgresql":
            assert self.socket is not None
            environment = postgresql.environment(self.socket, f"lane_{number}")
        name = f"{lane.database} {lane.name}"
        telling = ["-p", "tests.told_at_once", f"--told-to={self.terminal}", f"--told-as={name}"]
        call = ["nice", "-n", str(lane.nice), sys.executable, "-m", "pytest", "-o", f"timeout={HANGS_S}"]
        how = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
        self.say(f"{name}: begins")
        begun = time.monotonic()
        process = subprocess.Popen(
            [*call, *telling, *self.options, *lane.paths], env=environment, pass_fds=[self.terminal], **how
        )
        self.started.append(process)
        said, _ = process.communicate()
        self.say(f"{name}: ended with {process.returncode} after {time.monotonic() - begun:.0f} s")
        return Ended(lane, process.returncode, said)

    def say(self, line: str) -> None:
        """In one piece, as the lanes do: threads that print write a line and its end apart."""
        os.write(self.terminal, f"{line}\n".encode())

    def __enter__(self) -> Lanes:
        return self

    def __exit__(self, *_: object) -> None:
        self.threads.shutdown(wait=False, cancel_futures=True)
        for process in self.started:
            process.terminate()
        self.threads.shutdown()
        os.close(self.terminal)


def _only(words: list[str]) -> tuple[set[str], list[str]]:
    """The databases that are asked for, and pytest's options."""
    if words[:1] == ["--only"]:
        return {words[1]}, words[2:]
    return {"sqlite", "postgresql"}, words


def main(words: list[str]) -> int:
    """Run all lanes; the largest exit code, where one of which no test was chosen does not count."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that lanes and PostgreSQL end, too
    asked = words[:1] == ["--whole"]
    whole = asked or len(cores.usable()) >= ENOUGH
    databases, options = _only(words[asked:])
    absent = ""
    with ExitStack() as stack:
        stack.enter_context(comes_again(signal.SIGTERM, SystemExit))
        shared = stack.enter_context(tempfile.TemporaryDirectory(prefix="facsweb-lanes-"))
        os.environ[made_once.SHARED] = shared
        socket = None
        if "postgresql" in databases:
            try:
                socket = stack.enter_context(postgresql.prepared())
            except postgresql.NotHereError as why:
                if "sqlite" not in databases:
                    sys.exit(str(why))
                absent = f"The tests ran on SQLite alone. {why}"
                databases = {"sqlite"}
            if "sqlite" in databases:
                os.environ[postgresql.BESIDE_SQLITE] = "1"
        migrated.database()  # before the lanes: what it imports is compiled once, not by each
        beside = stack.enter_context(Lanes(options, socket))
        begun = [beside.threads.submit(beside.run, *one) for one in enumerate(wanted(databases, whole=whole))]
        codes = []
        for one in as_completed(begun):
            lane, code, said = one.result()
            print(f"=== {lane.database}: {' '.join(lane.paths)}\n{said}", flush=True)
            codes.append(abs(code))  # below zero where a signal ended it
    if absent:
        print(absent)
    ran = [code for code in codes if code != NOTHING_COLLECTED]
    return max(ran, default=NOTHING_COLLECTED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
