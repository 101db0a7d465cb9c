"""Runs the suite as two pytest processes side by side: the engine's tests and all others keep one core each.

``python tests/both.py [pytest's options]``; the engine's report comes first, the others' report last. Exit code 0
only if neither failed and something ran.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile

ENGINE = "tests/analysis"
NOTHING_COLLECTED = 5


def main(options: list[str]) -> int:
    """Run both parts; the larger exit code, where a part of which no test was chosen does not count."""
    call = [sys.executable, "-m", "pytest", *options]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        others = subprocess.Popen([*call, f"--ignore={ENGINE}"], stdout=log, stderr=subprocess.STDOUT)
        try:
            engine = subprocess.run([*call, ENGINE], check=False).returncode
            codes = [engine, others.wait()]
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
