"""The programs in docs/api.md, run as they stand there: a real server, a real worker, real models."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

from facsweb.api import tokens
from facsweb.audit.models import Entry
from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import ConsentForm, Participant, Scope
from facsweb.studies.services import record_consent
from tests.analysis.conditions import cut
from tests.api.conftest import EVERY_SCOPE, make_report
from tests.conftest import REPOSITORY
from tests.factories import make_coder_at_work
from tests.programs import PATIENCE_S
from tests.recordings.server import Server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
PAGE = (REPOSITORY / "docs" / "api.md").read_text(encoding="utf-8")


def block(language: str, start: str) -> str:
    """The one piece of code of the page that begins so."""
    return next(code for code in re.findall(rf"```{language}\n(.*?)```", PAGE, re.S) if code.startswith(start))


@pytest.fixture
def server(redis):
    made = Server()
    yield made
    made.close()


def run(command: list[str], **environment: str) -> str:
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_programs_of_the_page_work(server, models, start_child, tmp_path):
    from facsweb.coding.services import open_layer

    owner, participant = make_coder_at_work()
    secret = tokens.create(owner, name="Example", scopes=EVERY_SCOPE, lifetime=timedelta(days=1))[1]
    known = {"SITE": f"http://127.0.0.1:{server.port}", "TOKEN": secret}
    if shutil.which("curl") and shutil.which("jq"):
        said = run(["bash", "-euo", "pipefail", "-c", block("sh", "# curl")], CODE="P-014", **known)
        assert said.split() == ["none"]
        person = Participant.objects.get(code="P-014")
    else:
        person = Participant.objects.create(study=participant.study, code="P-014", created_by=owner)
    python = [sys.executable, "-c", block("python", "# python")]
    known |= {
        "PARTICIPANT": str(person.pk),
        "CLIP": str(cut("d1", 0.0, 3.2).write(tmp_path / "smile.mp4")),
        "OUT": str(tmp_path / "s.parquet"),
    }
    refused = subprocess.run(
        python, env=os.environ | known, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert refused.stderr.strip() == "Ask for consent first."

    form = ConsentForm.objects.get(study=participant.study)
    record_consent(owner, person, form, scopes=[Scope.VIDEO], method="on_screen", signature="P. Fourteen")
    start_child("worker")
    said = run(python, **known)
    analysis = AnalysisRun.objects.get()
    assert analysis.state == "succeeded"
    proposed = analysis.layers.get(kind="machine").events.count()
    assert said.count("event ") == proposed > 0
    assert pq.read_table(tmp_path / "s.parquet").num_rows == analysis.summary["video"]["frames"]

    report = make_report(open_layer(owner, analysis), owner)
    again = run(python, **known)  # the upload is replayed by its key; the run is a second one
    assert f"report {report.pk} {report.state} Coder Person" in again
    assert person.recordings.count() == 1
    logged = Entry.objects.filter(action="recording.create").get()
    assert logged.via.startswith("API token Example (fsw_")


def test_the_signature_is_checked_as_the_page_says():
    from facsweb.api.delivering import signature

    space: dict[str, object] = {}
    exec(block("python", "def is_genuine"), space)  # noqa: S102 (our own page)
    is_genuine = space["is_genuine"]
    now, body = time.time(), json.dumps({"event": "ping"}).encode()
    header = signature("fswh_a", int(now), body)
    assert is_genuine("fswh_a", header, body, now)
    assert not is_genuine("fswh_b", header, body, now)
    assert not is_genuine("fswh_a", header, body + b" ", now)
    assert not is_genuine("fswh_a", header, body, now + 301)


def test_the_page_names_every_scope_and_every_event():
    from facsweb.api.events import NAMES
    from facsweb.api.models import Scope as TokenScope

    for name in (*NAMES, *TokenScope.values):
        assert f"`{name}`" in PAGE, name
