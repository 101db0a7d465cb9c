"""Back-pressure: new work is put off with a sentence, and everything else goes on."""

from __future__ import annotations

import asyncio
import base64

import pytest
from django.urls import reverse

from facsweb.body_limit import PIECE, UploadsAtOnce
from facsweb.processes import belt, pressure
from facsweb.processes.models import Lane, Ticket
from facsweb.runs.models import AnalysisRun
from tests.factories import make_recording

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    from analysis.models import store

    monkeypatch.setattr(pressure, "_found", (-pressure.FRESH_S, 0))
    monkeypatch.setattr(belt, "_away_until", 0.0)
    monkeypatch.setattr(store, "present", lambda: {})


def wait(count):
    lane = Lane.objects.create(queue="gpu")
    Ticket.objects.bulk_create(Ticket(job_id=f"w-{n}", function="x", lane=lane) for n in range(count))


def test_each_limit_has_its_sentence(settings, monkeypatch):
    assert pressure.why() == ""
    settings.DISK_RESERVE_MB = 2**40
    assert pressure.why() == pressure.DISK
    assert pressure.why(disk=False) == ""
    settings.MOST_WAITING = 300
    wait(3)
    monkeypatch.setattr(pressure, "_found", (-pressure.FRESH_S, 0))
    assert pressure.why(disk=False) == ""
    monkeypatch.setattr(belt, "_away_until", 1e12)
    assert pressure.why(disk=False) == pressure.REDIS
    settings.MOST_WAITING = 3
    assert pressure.why(disk=False) == pressure.BACKLOG


def test_uploads_and_analyses_are_put_off_and_pages_are_not(settings, participant, consent, people, client_as):
    recording = make_recording(participant, people["analyst"])
    settings.MOST_WAITING = 2
    wait(2)
    client = client_as("analyst")
    named = base64.b64encode(b"a.mp4").decode()
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "9", "Upload-Metadata": f"filename {named}"}
    refused = client.post(reverse("recordings:tus_create", args=[participant.pk]), headers=headers)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "60")
    assert "can begin later" in refused.content.decode()
    page = client.post(reverse("runs:start", args=[recording.pk]), follow=True)
    assert page.status_code == 200
    assert pressure.BACKLOG in page.content.decode()
    assert not AnalysisRun.objects.exists()
    Ticket.objects.all().delete()
    pressure._found = (-pressure.FRESH_S, 0)
    assert client.post(reverse("runs:start", args=[recording.pk])).headers["Location"].startswith("/runs/")


def test_so_many_pieces_at_once_and_no_more():
    """The third is told to ask again before any of its bytes is read; pages are no pieces."""

    async def walk():
        inside, go = [], asyncio.Event()

        async def app(scope, receive, send):
            inside.append(scope["path"])
            await go.wait()

        limited, sent = UploadsAtOnce(app, 2), []

        async def send(message):
            sent.append(message)

        def ask(path, kind=PIECE):
            scope = {"type": "http", "path": path, "headers": [(b"content-type", kind)]}
            return asyncio.create_task(limited(scope, None, send))

        tasks = [ask("/1"), ask("/2"), ask("/3"), ask("/page", b"text/html")]
        while len(inside) < 3 or not sent:
            await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*tasks)
        assert inside == ["/1", "/2", "/page"]
        assert (sent[0]["status"], dict(sent[0]["headers"])[b"retry-after"]) == (503, b"2")
        await ask("/4")
        return inside

    assert asyncio.run(walk())[-1] == "/4"
