"""Runs the suite on SQLite and on PostgreSQL, as pytest processes side by side.

``python -m tests.side_by_side [--whole | --only sqlite|postgresql] [pytest's options]``. On SQLite the whole suite
runs, on PostgreSQL what is nearest to the database (`NEAREST`); ``--whole`` runs the rest there, too.

Much of the time of browsers and workers is waiting, so more processes run than the machine has cores. All start
from copies of one migrated database of each kind. Tests that touch no database run once
(`tests.conftest.touches_database`), and so do those that are marked so, unless PostgreSQL alone is asked for. The
reports come one after another. Exit code 0 only if none failed and something ran.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

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
#: What PostgreSQL is asked for beside the whole suite on SQLite: locks, constraints, plans of queries, JSON.
NEAREST = (
    *("tests/audit", "tests/coding", "tests/quotas", "tests/studies", "tests/transcripts"),
    *("tests/processes/test_belt.py", "tests/processes/test_place.py", "tests/processes/test_pressure.py"),
    *("tests/recordings/test_tus.py", "tests/runs/test_job.py", "tests/runs/test_services.py"),
)
NOTHING_COLLECTED = 5
#: Processes at the same time; fewer cores would keep those waiting that have deadlines of their own.
AT_ONCE = max(6, 2 * (os.cpu_count() or 1))


class Lane(NamedTuple):
    """What one process of pytest runs."""

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
        Lane("sqlite", 0, processes),
        Lane("sqlite", 0, pages),
        Lane("postgresql", 0, processes),
        Lane("postgresql", 0, pages),
        Lane("sqlite", 5, list(OPERATING)),
        Lane("sqlite", 5, [ENGINE]),
        Lane("sqlite", 5, others),
        Lane("postgresql", 5, [*COMPUTING, *OPERATING, *others]),
        Lane("sqlite", 5, list(COMPUTING)),
    ]


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

    def run(self, number: int, lane: Lane) -> Ended:
        environment = dict(os.environ)
        if lane.database == "postgresql":
            assert self.socket is not None
            environment = postgresql.environment(self.socket, f"lane_{number}")
        call = ["nice", "-n", str(lane.nice), sys.executable, "-m", "pytest", *self.options, *lane.paths]
        how = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
        process = subprocess.Popen(call, env=environment, **how)
        self.started.append(process)
        said, _ = process.communicate()
        return Ended(lane, process.returncode, said)

    def __enter__(self) -> Lanes:
        return self

    def __exit__(self, *_: object) -> None:
        self.threads.shutdown(wait=False, cancel_futures=True)
        for process in self.started:
            process.terminate()
        self.threads.shutdown()


def _only(words: list[str]) -> tuple[set[str], list[str]]:
    """The databases that are asked for, and pytest's options."""
    if words[:1] == ["--only"]:
        return {words[1]}, words[2:]
    return {"sqlite", "postgresql"}, words


def main(words: list[str]) -> int:
    """Run all lanes; the largest exit code, where one of which no test was chosen does not count."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that lanes and PostgreSQL end, too
    whole = words[:1] == ["--whole"]
    databases, options = _only(words[whole:])
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
        wanted = [lane for lane in lanes() if lane.database in databases]
        if len(databases) > 1 and not whole:
            wanted = [lane for lane in wanted if lane.database == "sqlite"]
            wanted.insert(2, Lane("postgresql", 5, list(NEAREST)))
        beside = stack.enter_context(Lanes(options, socket))
        begun = [beside.threads.submit(beside.run, *one) for one in enumerate(wanted)]
        codes = []
        for one in begun:
            lane, code, said = one.result()
            print(f"=== {lane.database}: {' '.join(lane.paths)}\n{said}", flush=True)
            codes.append(abs(code))  # below zero where a signal ended it
    if absent:
        print(absent)
    ran = [code for code in codes if code != NOTHING_COLLECTED]
    return max(ran, default=NOTHING_COLLECTED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
