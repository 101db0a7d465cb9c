"""The live side: who may listen, what arrives, and what ends it. Real Redis, real messages."""

import asyncio
import json

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.layers import get_channel_layer
from channels.routing import URLRouter
from django.contrib.auth.models import AnonymousUser

from facsweb.processes import hearing
from facsweb.runs import attempts, consumers, progress
from facsweb.runs.consumers import FORBIDDEN, NOT_FOUND, NOT_SIGNED_IN, RunConsumer
from facsweb.runs.routing import websocket_urlpatterns
from facsweb.studies.models import Membership
from facsweb.studies.watching import Watch
from facsweb.studies.withdrawing import withdraw
from tests.programs import PATIENCE_S

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("models_present", "redis")]


@pytest.fixture(autouse=True)
def _no_hurry(monkeypatch):
    """Messages arrive though the machine is slow, and the look into the database tells none of them first."""
    monkeypatch.setattr(progress, "SEND_TIMEOUT_S", None)
    monkeypatch.setattr(hearing, "ANSWERS_S", PATIENCE_S)
    monkeypatch.setattr(hearing, "LOOK_EVERY_S", 1e9)


class Socket(ApplicationCommunicator):
    """A browser's end of a WebSocket. (`channels.testing` has one, but needs a web server that we do not use.)"""

    def __init__(self, user, path):
        super().__init__(
            URLRouter(websocket_urlpatterns), {"type": "websocket", "path": path, "user": user, "headers": []}
        )

    async def open(self):
        await self.send_input({"type": "websocket.connect"})
        assert (await self.receive_output(timeout=PATIENCE_S))["type"] == "websocket.accept"

    async def receive_json(self):
        message = await self.receive_output(timeout=PATIENCE_S)
        assert message["type"] == "websocket.send", message
        return json.loads(message["text"])

    async def close(self):
        await self.send_input({"type": "websocket.disconnect", "code": 1005})
        await self.wait(timeout=PATIENCE_S)


@pytest.fixture
async def connect(people):
    """Open a socket as the person in a role; all are closed after the test."""
    opened = []

    async def open_as(role, run_id):
        socket = Socket(people[role] if role else AnonymousUser(), f"/ws/runs/{run_id}/")
        opened.append(socket)
        await socket.open()
        return socket

    yield open_as
    for socket in opened:
        await socket.close()
    await get_channel_layer().flush()


def by_hand(run, user, tell):
    """What answers a browser, without a connection: `tell` gets what it says."""
    consumer = RunConsumer()
    consumer.scope = {"type": "websocket", "user": user}
    consumer.base_send, consumer.run_id = tell, run.pk
    consumer.watch = Watch(consumer.scope, "runs:detail")
    return consumer


async def close_code(socket):
    while True:
        message = await socket.receive_output(timeout=PATIENCE_S)
        if message["type"] == "websocket.close":
            return message["code"]


@pytest.mark.parametrize(
    ("role", "code"), [(None, NOT_SIGNED_IN), ("stranger", NOT_FOUND), ("manager", FORBIDDEN)]
)
async def test_only_the_study_listens(connect, run, role, code):
    assert await close_code(await connect(role, run.pk)) == code


async def test_unknown_run(connect, run):
    assert await close_code(await connect("coder", "00000000-0000-0000-0000-000000000000")) == NOT_FOUND


async def test_snapshot_first_then_what_happens(connect, run):
    socket = await connect("coder", run.pk)
    first = await socket.receive_json()
    assert (first["type"], first["state"], first["attempt"]) == ("snapshot", "queued", 1)

    await sync_to_async(attempts.claim)(run.pk, 1, "worker A")
    assert (await socket.receive_json())["state"] == "running"

    values = {"stage": "measure", "done": 125, "total": 250, "rate": 50.0}
    assert await progress.send(run.pk, "run.progress", values=values, stills=3)
    moved = await socket.receive_json()
    assert moved["type"] == "progress"
    assert moved["stages"][1]["note"] == "125 of 250 frames · 50 frames/s · 2 s left"
    assert moved["still"].endswith("/still?v=3")

    await sync_to_async(attempts.fail)(run.pk, 1, error="This file is not a video.", detail="")
    last = await socket.receive_json()
    assert (last["state"], last["error"]) == ("failed", "This file is not a video.")
    assert await close_code(socket) == 1000


async def test_two_that_see_the_end_say_it_once_and_nothing_after_it(run, people):
    """A message and the look every few seconds, at one moment. What speaks after its close fails in the server."""
    await sync_to_async(attempts.claim)(run.pk, 1, "worker A")
    await sync_to_async(attempts.fail)(run.pk, 1, error="This file is not a video.", detail="")
    said = []

    async def tell(message):
        said.append(message["type"])
        await asyncio.sleep(0)

    consumer = by_hand(run, people["coder"], tell)
    await asyncio.gather(consumer.look(), consumer.run_changed({"moment": "another"}))
    assert said.count("websocket.close") == 1
    assert said[-1] == "websocket.close"


async def test_what_was_read_earlier_is_not_said_after_what_was_read_later(run, people, monkeypatch):
    """A look read the run before it was claimed and comes back after the message of that was answered."""
    was_read, goes_on, said = asyncio.Event(), asyncio.Event(), []
    read = consumers._read

    async def slowly(run_id, whole):
        seen = await read(run_id, whole)
        was_read.set()
        await goes_on.wait()
        return seen

    async def tell(message):
        said.append(json.loads(message["text"])["state"])

    monkeypatch.setattr(consumers, "_read", slowly)
    consumer = by_hand(run, people["coder"], tell)
    look = asyncio.create_task(consumer.look())
    await was_read.wait()
    await sync_to_async(attempts.claim)(run.pk, 1, "worker A")
    monkeypatch.setattr(consumers, "_read", read)
    await consumer.run_changed({"moment": "another"})
    goes_on.set()
    await look
    assert said == ["running"]


def test_what_is_said_of_a_run_is_of_one_moment(run, monkeypatch):
    """A worker takes it after its state was read, and before its log is."""
    places = progress.places

    def meanwhile(rows):
        attempts.claim(run.pk, 1, "worker A")
        return places(rows)

    monkeypatch.setattr(progress, "places", meanwhile)
    found, whole = progress.read(run.pk)
    assert found.state == whole.state == "running"
    assert whole.log[-1]["text"].startswith("Attempt 1 begun")
    assert progress.read(type(run.pk)(int=1)) is None


async def test_each_run_has_its_own_group(connect, run):
    socket = await connect("coder", run.pk)
    await socket.receive_json()
    await progress.send(type(run.pk)(int=1), "run.progress", values={"stage": "measure"}, stills=0)
    assert await socket.receive_nothing(timeout=0.5)


async def test_lost_message_is_made_good_from_the_database(connect, run, monkeypatch):
    monkeypatch.setattr(hearing, "LOOK_EVERY_S", 0.2)
    socket = await connect("coder", run.pk)
    await socket.receive_json()
    await sync_to_async(attempts.beat)(run.pk, 1)  # not claimed: touches nothing
    await sync_to_async(type(run).objects.filter(pk=run.pk).update)(state="running", stage="measure", done=7)
    assert (await socket.receive_json())["state"] == "running"


async def test_ended_membership_closes_at_the_next_event(connect, run, people):
    socket = await connect("coder", run.pk)
    await socket.receive_json()
    await sync_to_async(Membership.objects.filter(user=people["coder"]).delete)()
    await progress.send(run.pk, "run.progress", values={"stage": "measure"}, stills=0)
    message = await socket.receive_output()
    assert (message["type"], message["code"]) == ("websocket.close", NOT_FOUND)


async def test_closed_account_closes_at_the_next_event(connect, run, people):
    socket = await connect("coder", run.pk)
    await socket.receive_json()
    await sync_to_async(type(people["coder"]).objects.filter(pk=people["coder"].pk).update)(is_active=False)
    await progress.send(run.pk, "run.progress", values={"stage": "measure"}, stills=0)
    assert (await socket.receive_output())["code"] == NOT_SIGNED_IN


async def test_withdrawal_ends_it(connect, run, consent, people):
    socket = await connect("coder", run.pk)
    await socket.receive_json()
    await sync_to_async(withdraw)(people["analyst"], consent, reason="asked by mail")
    last = await socket.receive_json()
    assert last["state"] == "cancelled"
    assert last["still"] is None
    assert await close_code(socket) == 1000


async def test_sending_without_redis_is_quick_and_harmless(run, redis_server):
    """It is told that nobody is there: the time that sending may take is not waited for."""
    redis_server.process.kill()
    redis_server.process.wait()
    assert not await progress.send(run.pk, "run.progress", values={}, stills=0)


async def test_sending_to_a_redis_that_never_answers_ends(run, monkeypatch):
    class Silent:
        async def group_send(self, group, message):
            await asyncio.Event().wait()

    monkeypatch.setattr(progress, "get_channel_layer", Silent)
    monkeypatch.setattr(progress, "SEND_TIMEOUT_S", 0.1)
    assert not await progress.send(run.pk, "run.progress", values={}, stills=0)


async def test_without_redis_a_run_is_watched_through_the_database(connect, run, redis_server, monkeypatch):
    """It is accepted before anything asks for Redis, and messages come at once again when that is back."""
    redis_server.process.kill()
    redis_server.process.wait()
    monkeypatch.setattr(hearing, "LOOK_EVERY_S", 0.2)
    monkeypatch.setattr(hearing, "ANSWERS_S", 1.0)
    try:
        socket = await connect("coder", run.pk)
        assert (await socket.receive_json())["state"] == "queued"
        await sync_to_async(attempts.claim)(run.pk, 1, "worker A")
        assert (await socket.receive_json())["state"] == "running"
    finally:
        await sync_to_async(redis_server.start)()
    values = {"stage": "measure", "done": 125, "total": 250, "rate": 50.0}
    told = asyncio.create_task(socket.receive_json())
    while not told.done():  # until it listens again
        await progress.send(run.pk, "run.progress", values=values, stills=3)
        await asyncio.wait([told], timeout=0.2)
    assert (await told)["type"] == "progress"
