"""Figures: who gets them, what they count, what they never say, what they cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from facsweb.operation import figures, readiness, shared
from facsweb.operation.heartbeats import note
from facsweb.operation.models import Backup
from facsweb.runs.models import AnalysisRun
from tests.factories import make_finished_run, make_recording

TOKEN = "a token of the operator's"


@pytest.fixture
def scrape(client, settings, monkeypatch):
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(readiness, "board", readiness.Board({"database": readiness.database}))

    def asked() -> dict[tuple[str, ...], float]:
        """(name, values of the labels in the order of their names) → value."""
        shared.collector.forget()
        answer = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        found = text_string_to_metric_families(answer.content.decode())
        return {(one.name, *one.labels.values()): one.value for family in found for one in family.samples}

    return asked


def test_nothing_is_there_for_who_has_no_token(client, db, settings):
    settings.METRICS_TOKEN = TOKEN
    for said in ("", "Bearer wrong", "Basic abc", f"Bearer {TOKEN}x", "Bearer ü"):
        assert client.get("/metrics", headers={"authorization": said}).status_code == 404
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404


def test_requests_are_counted_by_page_and_never_by_path(scrape, client, participant, people, client_as):
    before = scrape()
    client_as("analyst").get(reverse("studies:list"))
    client.get("/c/zebrasecret/")
    client.get("/no-such-page")
    after = scrape()

    def more(*name: str) -> float:
        return after.get(name, 0.0) - before.get(name, 0.0)

    assert more("facsweb_requests_total", "GET", "studies:list", "200") == 1
    assert more("facsweb_requests_total", "GET", "consent:start", "404") == 1
    assert more("facsweb_requests_total", "GET", "unknown", "404") == 1
    assert more("facsweb_request_seconds_count", "GET", "studies:list") == 1
    assert ("process_resident_memory_bytes",) in after
    assert not [key for key in after if "zebra" in "".join(key) or "/" in "".join(key[1:])]


def test_installation_is_counted(scrape, participant, consent, people):
    recording = make_recording(participant, people["analyst"])
    make_finished_run(recording, people["analyst"])
    ago = timezone.now() - timedelta(minutes=5)
    waiting = AnalysisRun.objects.create(recording=recording, created_by=people["analyst"], queued_at=ago)
    note("recovery")
    Backup.objects.create(name="x", at=ago, files=1, size=1, rows=1)
    found = scrape()
    assert found["facsweb_work_waiting", "runs.analysisrun"] == 1
    assert 300 <= found["facsweb_work_oldest_waiting_seconds", "runs.analysisrun"] < 3600
    assert (found["facsweb_runs", "queued"], found["facsweb_runs", "succeeded"]) == (1, 1)
    assert found["facsweb_process_heard_seconds", "recovery"] < 300 <= found["facsweb_backup_seconds",]
    assert found["facsweb_audit_protection_faults",] == found["facsweb_audit_faults",] == 0
    assert found["facsweb_database_bytes",] > 4096 < found["facsweb_disk_free_bytes",]
    assert found["facsweb_ready", "database"] == 1
    AnalysisRun.objects.filter(pk=waiting.pk).update(state="running", rate=12.5, heartbeat_at=ago)
    found = scrape()
    assert found["facsweb_frames_measured_per_second",] == 12.5
    assert found["facsweb_work_heartbeat_seconds", "runs.analysisrun"] >= 300
    labels = "".join(word for key in found for word in key[1:])
    assert participant.study.name not in labels
    assert participant.code not in labels


def test_redis_that_is_away_leaves_the_rest(scrape, db, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path / 'nobody.sock'}"
    found = scrape()
    assert found["facsweb_read", "queues"] == 0
    assert found["facsweb_read", "work"] == 1
    assert ("facsweb_queue_length", "cpu") not in found


def test_scrapes_share_what_was_read(scrape, client, db, django_assert_num_queries):
    scrape()
    with django_assert_num_queries(0):
        client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})


def test_what_is_counted_is_found_through_an_index(db):
    """So a million finished analyses cost no more than a few that wait."""
    from django.db import connection

    if connection.vendor != "sqlite":
        pytest.skip("SQLite says what it would do without rows to learn from")
    rows = AnalysisRun.objects
    for question in (rows.filter(state="queued"), rows.filter(state="running"), rows.order_by().values("state")):
        assert "INDEX" in question.explain(), question.explain()


@pytest.mark.asyncio
async def test_open_websockets_are_counted_by_kind():
    seen = []

    async def inner(scope, receive, send):
        seen.append(figures.registry.get_sample_value("facsweb_websockets_open", {"kind": "progress"}))

    await figures.Sockets(inner)({"type": "websocket", "path": "/ws/runs/0/"}, None, None)
    after = figures.registry.get_sample_value("facsweb_websockets_open", {"kind": "progress"})
    assert (seen[0], after) == (after + 1, after)
