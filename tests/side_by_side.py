"""Runs the suite as three pytest processes side by side: the engine's tests, the browser's, and all others.

``python tests/side_by_side.py [pytest's options]``. Much of the browser's time is waiting, so three share two
cores well. The reports come one after another. Exit code 0 only if none failed and something ran.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import ExitStack

APART = ("tests/analysis", "tests/browser")
NOTHING_COLLECTED = 5


def main(options: list[str]) -> int:
    """Run all parts; the largest exit code, where a part of which no test was chosen does not count."""
    call = [sys.executable, "-m", "pytest", *options]
    with ExitStack() as stack:
        started = []
        for arguments in (["tests/browser"], [f"--ignore={folder}" for folder in APART]):
            log = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace"))
            started.append((subprocess.Popen([*call, *arguments], stdout=log, stderr=subprocess.STDOUT), log))
        try:
            codes = [subprocess.run([*call, "tests/analysis"], check=False).returncode]
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
