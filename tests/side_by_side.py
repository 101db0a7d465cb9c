"""Runs the suite as five pytest processes side by side.

``python -m tests.side_by_side [pytest's options]``. Much of the time of browsers and workers is waiting, so five
share two cores well. All start from copies of one migrated database. The reports come one after another. Exit code
0 only if none failed and something ran.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests import made_once, migrated

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
NOTHING_COLLECTED = 5
#: Whoever waits for a page or a heartbeat goes first; what only computes fills the gaps. In the order of `lanes`.
NICENESS = (5, 5, 0, 0, 5)


def lanes() -> list[list[str]]:
    """What each process is given; all others go to the last, so that none is forgotten."""
    here = sorted(Path("tests").iterdir())
    found = [path for path in here if path.match("test_*.py") or next(path.glob("**/test_*.py"), None)]
    named = {ENGINE, *COMPUTING, *PROCESSES, PAGES}
    return [
        [ENGINE],
        list(COMPUTING),
        [PAGES, *(f"--ignore={path}" for path in INSTALLATIONS)],
        [*PROCESSES, *INSTALLATIONS],
        [path.as_posix() for path in found if path.as_posix() not in named],
    ]


def main(options: list[str]) -> int:
    """Run all lanes; the largest exit code, where one of which no test was chosen does not count."""
    call = [sys.executable, "-m", "pytest", *options]
    first, *beside = lanes()
    with ExitStack() as stack:
        os.environ[made_once.SHARED] = stack.enter_context(tempfile.TemporaryDirectory(prefix="facsweb-lanes-"))
        migrated.database()  # before the lanes: what it imports is compiled once, not by each
        started = []
        for arguments, nice in zip(beside, NICENESS[1:], strict=True):
            log = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace"))
            lane = ["nice", "-n", str(nice), *call, *arguments]
            started.append((subprocess.Popen(lane, stdout=log, stderr=subprocess.STDOUT), log))
        try:
            codes = [subprocess.run(["nice", "-n", str(NICENESS[0]), *call, *first], check=False).returncode]
            for process, log in started:
                codes.append(process.wait())
                log.seek(0)
                sys.stdout.writelines(log)
        except BaseException:
            for process, _ in started:
                process.terminate()
            raise
    ran = [code for code in codes if code != NOTHING_COLLECTED]
    return max(ran, default=NOTHING_COLLECTED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
