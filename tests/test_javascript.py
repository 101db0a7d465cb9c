"""The modules under ``static/js`` have their own tests in ``tests/js``, run by Node where there is one."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="no node on this machine: the JavaScript tests did not run")
@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "js").glob("*.test.mjs")), ids=lambda path: path.stem)
def test_module(path):
    # Run as a program, a file of tests reports as it does below `node --test`, which starts one more Node for it.
    done = subprocess.run(
        [str(NODE), "--test-reporter=tap", str(path)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n# fail 0" in done.stdout, done.stdout
    assert "\n# pass 0" not in done.stdout, done.stdout
