"""Runs the suite as two pytest processes side by side, which keep one core each for about the same time.

``python tests/both.py [pytest's options]``. The first has the engine's tests and half of the browser's, the
second all others; the first one's report comes first. Exit code 0 only if neither failed and something ran.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path("tests")
FIRST = ["tests/analysis", *sorted(str(path) for path in TESTS.glob("browser/test_[a-m]*.py"))]
NOTHING_COLLECTED = 5


def main(options: list[str]) -> int:
    """Run both parts; the larger exit code, where a part of which no test was chosen does not count."""
    call = [sys.executable, "-m", "pytest", *options]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        ignored = [f"--ignore={path}" for path in FIRST]
        others = subprocess.Popen([*call, *ignored], stdout=log, stderr=subprocess.STDOUT)
        try:
            first = subprocess.run([*call, *FIRST], check=False).returncode
            codes = [first, others.wait()]
        except BaseException:
            others.terminate()
            raise
        log.seek(0)
        for line in log:
            sys.stdout.write(line)
    ran = [code for code in codes if code != NOTHING_COLLECTED]
    return max(ran, default=NOTHING_COLLECTED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
