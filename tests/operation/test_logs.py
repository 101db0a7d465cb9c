"""What stands in the log, and that nothing about persons does, whatever goes wrong."""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from facsweb.logs import context, lines
from facsweb.processes.redis_server import RedisServer
from tests.factories import make_finished_run, make_recording

#: What is planted: nothing of it may be found in any line.
PLANTED = {
    "mail": "marker@mail.example",
    "password": "markerpassword-77",
    "code": "MARKER-77",
    "filename": "markerfile.mp4",
    "title": "Markername",
    "secret": "markersecret0123456789",
    "query": "markerquery",
    "host": "markerhost.example",
    "address": "203.0.113.77",
}


class Lines:
    """What was logged, as it is written."""

    def __init__(self, stream: io.StringIO) -> None:
        self.stream = stream

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter([json.loads(line) for line in self.stream.getvalue().splitlines()])

    def of(self, logger: str) -> list[dict[str, Any]]:
        return [one for one in self if one["logger"] == logger]


@pytest.fixture
def logged() -> Iterator[Lines]:
    """Everything that goes to the log, in production's form."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(lines.JsonLines())
    logging.getLogger().addHandler(handler)
    before = {name: logging.getLogger(name).level for name in lines.EVERY}
    for name in lines.EVERY:
        logging.getLogger(name).setLevel(logging.INFO)
    yield Lines(stream)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)
    logging.getLogger().removeHandler(handler)


def clean(text: str) -> None:
    found = [name for name, word in PLANTED.items() if word.lower() in text.lower()]
    assert not found, text


@pytest.fixture
def marked(participant, consent, people):
    """A recording whose participant and names are the planted ones."""
    type(participant).objects.filter(pk=participant.pk).update(code=PLANTED["code"])
    participant.refresh_from_db()
    recording = make_recording(participant, people["analyst"])
    type(recording).objects.filter(pk=recording.pk).update(title=PLANTED["title"], filename=PLANTED["filename"])
    recording.refresh_from_db()
    return recording


def test_a_line_of_every_request_names_the_page_and_not_the_path(marked, people, client_as, logged):
    answer = client_as("analyst").get(f"/recordings/{marked.pk}/?q={PLANTED['query']}")
    (line,) = logged.of("facsweb.requests")
    assert (line["message"], line["level"], line["status"]) == ("request", "info", 200)
    assert (line["route"], line["method"], line["recording"]) == ("recordings:detail", "GET", str(marked.pk))
    assert line["request"] == answer["X-Request-ID"]
    assert line["seconds"] > 0
    clean(logged.stream.getvalue())


def test_nothing_of_persons_in_any_line_of_requests_that_go_wrong(
    marked, people, client_as, logged, monkeypatch, settings
):
    stranger = Client(REMOTE_ADDR=PLANTED["address"], raise_request_exception=False)
    stranger.post(reverse("account_login"), {"login": PLANTED["mail"], "password": PLANTED["password"]})
    stranger.get(f"/c/{PLANTED['secret']}/?next={PLANTED['query']}")
    stranger.get(f"/accounts/join/{PLANTED['secret']}/")
    stranger.get(f"/{PLANTED['filename']}")
    stranger.get("/", headers={"host": PLANTED["host"]})
    Client(enforce_csrf_checks=True).post(f"/c/{PLANTED['secret']}/withdraw/", {"x": PLANTED["code"]})
    analyst = client_as("analyst")
    analyst.raise_request_exception = False
    named = base64.b64encode(PLANTED["filename"].encode()).decode()
    analyst.post(
        reverse("recordings:tus_create", args=[marked.participant_id]),
        headers={"tus-resumable": "1.0.0", "upload-length": "5", "upload-metadata": f"filename {named}"},
    )

    def fails(*args: Any, **values: Any) -> None:
        person, sql = PLANTED["title"], ("INSERT", [PLANTED["mail"]])
        try:
            raise IntegrityError(f"DETAIL: Key (email)=({PLANTED['mail']}) already exists {sql}")
        except IntegrityError as error:
            raise ValueError(f"{person} {PLANTED['code']}") from error

    monkeypatch.setattr("facsweb.home.recording_page.render", fails)
    answer = analyst.get(f"/recordings/{marked.pk}/?q={PLANTED['query']}")
    assert answer.status_code == 500
    found = logged.of("facsweb.requests")
    assert [one["status"] for one in found][-1] == 500
    assert {404, 400, 403} <= {one["status"] for one in found}
    (error,) = logged.of("django.request")
    assert error["trace"][0] == "django.db.utils.IntegrityError"
    assert any(one.startswith("ValueError") for one in error["trace"])
    assert any("in fails" in one for one in error["trace"]), "where it happened is said"
    assert error["request"] == answer["X-Request-ID"]
    clean(logged.stream.getvalue())


def test_request_ids_are_believed_of_trusted_proxies_only(client, db, settings):
    told = {"x-request-id": "of-the-proxy-0001"}
    assert client.get("/healthz", headers=told)["X-Request-ID"] != "of-the-proxy-0001"
    settings.TRUSTED_PROXIES = 1
    assert client.get("/healthz", headers=told)["X-Request-ID"] == "of-the-proxy-0001"
    for bad in ("short", "x" * 65, "with space 0001", "line\tbreak0001", f"mail@{PLANTED['host']}"):
        assert client.get("/healthz", headers={"x-request-id": bad})["X-Request-ID"] != bad


def test_lines_of_other_programs_are_cleaned(marked, people, logged):
    log = logging.getLogger("asyncio")
    log.error(f"Task exception was never retrieved\nfuture: <Task exception=ValueError('{PLANTED['code']}')>")
    log = logging.getLogger("facsweb.anything")
    log.warning("%s and %s and %s", marked, marked.participant, ValueError(PLANTED["code"]))
    log.warning("%(row)s", {"row": people["analyst"]})
    log.warning(f"Mail to {PLANTED['mail']}, {PLANTED['mail']}: /c/{PLANTED['secret']}/copy/?x={PLANTED['query']}")
    log.warning("Opened %s", FileNotFoundError(2, "No such file", PLANTED["filename"]))
    logging.getLogger("rq.worker").error("Job %s\n%s", 1, f"Traceback (most recent call last):\n{PLANTED['code']}")
    clean(logged.stream.getvalue())
    said = [one["message"] for one in logged]
    assert said[1] == (
        f"recordings.recording {marked.pk} and studies.participant {marked.participant_id} and ValueError"
    )
    assert said[2] == f"accounts.user {people['analyst'].pk}"
    assert said[3] == "Mail to [mail], [mail]: /c/[secret]/copy/"
    assert said[4] == "Opened FileNotFoundError: No such file or directory"


def test_words_for_a_terminal_are_the_same(logged):
    record = logging.LogRecord(
        "facsweb.x", logging.ERROR, "x.py", 1, "Went wrong: %s", (KeyError("MARKER-77"),), None
    )
    with context.carrying(request="abc", job=""):
        said = lines.TextLines().format(record)
    assert said.endswith("ERROR facsweb.x: Went wrong: KeyError request=abc")


def test_job_carries_the_request_and_fails_without_words_about_persons(fresh, tmp_path):
    """A real worker on a real Redis; what it writes to the log is read from its output."""
    with RedisServer(tmp_path / "redis") as server:
        ended = fresh.ended(
            f"settings.REDIS_URL = {server.url!r}\n"
            "import logging.config\n"
            "from facsweb.logs import context, lines\n"
            "logging.config.dictConfig(lines.settings_of('json'))\n"
            "from rq import Queue\n"
            "from facsweb.processes import queue\n"
            "from facsweb.processes.worker import AnalysisWorker\n"
            "there = Queue('own', connection=queue.connection())\n"
            "with context.carrying(request='of-the-request-1'):\n"
            "    meta = {'request': context.request_id()}\n"
            "there.enqueue_call('tests.operation.failing.job', args=(1,), job_id='one', meta=meta)\n"
            "AnalysisWorker([there], connection=queue.connection()).work(burst=True, logging_level='WARNING')\n"
        )
    assert ended.status == 0, ended.err
    clean(ended.err)
    said = [json.loads(line) for line in ended.err.splitlines()]
    (failed,) = [one for one in said if one["logger"] == "facsweb.jobs" and one["level"] == "error"]
    assert (failed["job"], failed["request"]) == ("one", "of-the-request-1")
    assert failed["trace"][0] == "KeyError"
    assert any("failing.py" in one and "in job" in one for one in failed["trace"])
    (job,) = [one for one in said if one["message"] == "job"]
    assert (job["function"], job["status"], job["job"]) == ("tests.operation.failing.job", "failed", "one")


def test_run_is_named_by_its_id(marked, people, client_as, logged):
    run = make_finished_run(marked, people["analyst"])
    client_as("analyst").get(f"/runs/{run.pk}/")
    assert logged.of("facsweb.requests")[0]["run"] == str(run.pk)
