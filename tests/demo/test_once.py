"""``manage.py demo`` as ``make demo`` calls it: through the main job once, then a second start on its data."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from tests.analysis.conditions import cut
from tests.conftest import REPOSITORY
from tests.programs import PATIENCE_S, of_its_own

pytestmark = pytest.mark.timeout(600)
STEPS = [
    "the analyst signed in",
    "uploaded demonstration.mp4",
    "every step came over the WebSocket",
    "the coder corrected one of",
    "the coder signed off",
    "a worker typeset and sealed the report",
    "the manager downloaded the PDF",
    "pyHanko: signature INTACT",
    "the verification page confirms it",
    "a worker made the summary",
]

BEGIN = """
import os
import pathlib
import sys
import time
import django
import manage
sys.argv[:1] = ["manage.py", "demo"]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facsweb.settings")
django.setup()
from facsweb.demo import walk
from facsweb.demo.management.commands import demo
"""
#: `manage.py demo` where it is not the analysis that matters.
WITH_A_BRIEF_RECORDING = (
    BEGIN
    + """
walk.RECORDING = pathlib.Path(os.environ["BRIEF"])
manage.main()
"""
)
#: `manage.py demo`, which is in the middle of a `__del__` when it is told to stop: what is raised there is lost.
TIDYING = (
    BEGIN
    + """
class Rubbish:
    def __del__(self):
        print("tidying up", flush=True)
        for _ in range(1000):
            time.sleep(0.01)


def rights(*_, **__):
    Rubbish()
    print("it went on", flush=True)


demo.seed_rights = rights
manage.main()
"""
)


def command(folder: Path, *arguments: str, **environment: str) -> dict:
    return {
        "args": [sys.executable, "manage.py", "demo", *arguments],
        "cwd": REPOSITORY,
        "env": of_its_own(folder) | {"PYTHONUNBUFFERED": "1", **environment},
        "text": True,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
    }


@pytest.fixture(scope="module")
def once(models, tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Data folder, and the walk through everything in it."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    return folder, subprocess.run(**command(folder, "--once"), timeout=500)


def test_once_says_every_step_with_its_time_and_leaves_a_signed_pdf(once):
    folder, ended = once
    assert (ended.returncode, ended.stderr) == (0, "")
    said = re.findall(r"^ +\d+\.\d s  (.+)$", ended.stdout, re.MULTILINE)
    assert len(said) == len(STEPS), ended.stdout
    for line, step in zip(said, STEPS, strict=True):
        assert step in line
    (path,) = (folder / "demo").glob("report-*.pdf")
    assert str(path) in ended.stdout
    with path.open("rb") as file:
        (signature,) = PdfFileReader(file).embedded_signatures
        status = validate_pdf_signature(signature, ValidationContext(trust_roots=[signature.signer_cert]))
    assert status.bottom_line


def test_a_second_start_keeps_the_data_and_analyses_nothing_and_ends_whatever_it_is_doing(once):
    folder, _ = once
    before = json.loads((folder / "demonstration.json").read_text())
    how = command(folder, "--port", "0")
    how["args"][1:3] = ["-c", TIDYING]
    running = subprocess.Popen(**how)
    printed = []
    for line in running.stdout:
        printed.append(line)
        if "tidying up" in line:
            break
    running.send_signal(signal.SIGINT)
    rest, errors = running.communicate(timeout=PATIENCE_S)
    assert (running.returncode, errors) == (0, "")
    assert rest.split("\n") == ["", "Stopped; the data is kept.", ""]
    text = "".join(printed)
    assert "ready at" in text
    assert "Analysing" not in text
    for login in before["logins"]:
        assert re.search(rf"{login['role']} +{login['email']} +{login['password']}", text)
    assert json.loads((folder / "demonstration.json").read_text()) == before


def test_whatever_goes_wrong_on_the_way_is_said_and_is_no_success(once, tmp_path):
    folder, _ = once
    brief = cut("d1", 0.0, 3.0).write(tmp_path / "brief.mp4")
    how = command(folder, "--once", FACSWEB_SIGNING_P12=str(tmp_path / "lost.p12"), BRIEF=str(brief))
    how["args"][1:3] = ["-c", WITH_A_BRIEF_RECORDING]
    ended = subprocess.run(**how, timeout=500)
    assert ended.returncode != 0
    assert "the coder signed off" in ended.stdout
    assert "The report was not made" in ended.stderr
    assert "Done in" not in ended.stdout
