"""The socket of a live session: who may be live, what is told, and what ends it. Real Redis."""

from __future__ import annotations

import asyncio
import itertools
import json

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.routing import URLRouter
from django.contrib.auth.models import AnonymousUser

from facsweb.live import belt, consumers, services
from facsweb.live.consumers import FORBIDDEN, NO_REDIS, NO_WORKER, NOT_FOUND, NOT_SIGNED_IN, OVER
from facsweb.live.models import Session
from facsweb.live.routing import websocket_urlpatterns
from facsweb.studies.models import Membership
from facsweb.studies.withdrawing import withdraw
from tests.programs import PATIENCE_S

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis")]


class Socket(ApplicationCommunicator):
    """A page's end of a WebSocket."""

    def __init__(self, user, session_id):
        scope = {"type": "websocket", "path": f"/ws/live/{session_id}/", "user": user, "headers": []}
        super().__init__(URLRouter(websocket_urlpatterns), scope)

    async def open(self):
        await self.send_input({"type": "websocket.connect"})
        assert (await self.receive_output(PATIENCE_S))["type"] == "websocket.accept"

    async def words(self, wanted=None):
        """The next words, or the next of a type; the code where it was closed instead."""
        while True:
            message = await self.receive_output(PATIENCE_S)
            if message["type"] == "websocket.close":
                return message["code"]
            if message.get("text"):
                found = json.loads(message["text"])
                if wanted is None or found["type"] == wanted:
                    return found

    async def picture(self, number, content=b"\xff\xd8\xff"):
        data = belt.PAGE_HEAD.pack(1, number, 1000 * number) + content
        await self.send_input({"type": "websocket.receive", "bytes": data})

    async def say(self, **values):
        await self.send_input({"type": "websocket.receive", "text": json.dumps(values)})


@pytest.fixture
async def connect(people, monkeypatch):
    monkeypatch.setattr(consumers, "LOOK_EVERY_S", 0.1)
    opened = []

    async def as_(role, session_id):
        socket = Socket(people[role] if role else AnonymousUser(), session_id)
        opened.append(socket)
        await socket.open()
        return socket

    yield as_
    for socket in opened:
        await socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await socket.wait(PATIENCE_S)


@pytest.mark.parametrize(
    ("role", "code"),
    [(None, NOT_SIGNED_IN), ("stranger", NOT_FOUND), ("coder", FORBIDDEN), ("administrator", FORBIDDEN)],
)
async def test_only_who_began_it_is_live(connect, session, role, code):
    socket = await connect(role, session.pk)
    assert await socket.words() == code


async def test_no_session_and_an_ended_one(connect, session, people):
    assert await (await connect("analyst", type(session.pk)(int=1))).words() == NOT_FOUND
    await sync_to_async(services.throw_away)(people["analyst"], session)
    late = await connect("analyst", session.pk)
    assert (await late.words("over"))["why"] == "thrown"
    assert await late.words() == OVER


async def test_pictures_reach_the_worker_and_answers_the_page(connect, session, redis):
    redis.sadd(belt.WORKERS, "one")
    redis.set(belt.beat_key("one"), 0)
    worker = redis.pubsub(ignore_subscribe_messages=True)
    worker.subscribe(belt.to_worker("one"))
    worker.get_message(timeout=1)
    socket = await connect("analyst", session.pk)
    await socket.words("hello")
    await socket.say(do="begin", neutral={"values": {}})
    await socket.words("worker")
    await socket.picture(7, b"\xff\xd8\xffpicture")
    found = []
    while len(found) < 2:
        if message := await sync_to_async(worker.get_message)(timeout=0.1):
            found.append(belt.read_message(message["data"]))
    (_, begun), (whose, picture) = found
    assert begun == {"do": "begin", "neutral": {"values": {}}}
    assert (whose, picture) == (session.pk, belt.Picture(7, 7000, b"\xff\xd8\xffpicture"))
    redis.publish(belt.to_page(session.pk), belt.ANSWER + b"bytes")
    while not (message := await socket.receive_output(PATIENCE_S)).get("bytes"):
        pass
    assert message["bytes"] == b"bytes"
    # The next worker gets the neutral face that this one found.
    redis.publish(belt.to_page(session.pk), belt.words("neutral", neutral={"values": {"yaw_deg": 1.0}}))
    assert (await socket.words("neutral"))["neutral"] == {"values": {"yaw_deg": 1.0}}
    worker.close()
    redis.delete(belt.beat_key("one"))

    async def camera():
        for number in itertools.count(8):
            await socket.picture(number)
            await asyncio.sleep(0.1)

    filming = asyncio.create_task(camera())
    while (await socket.words("trouble"))["why"] != NO_WORKER:
        pass
    filming.cancel()


async def test_too_large_too_many_and_nonsense_go_nowhere(connect, session, redis, monkeypatch):
    sent = []

    async def instead(self, message):
        sent.append(message)

    monkeypatch.setattr(consumers.LiveConsumer, "_send_on", instead)
    socket = await connect("analyst", session.pk)
    await socket.words("hello")
    await socket.send_input({"type": "websocket.receive", "bytes": b"short"})
    await socket.picture(1, b"0" * (consumers.MOST_BYTES + 1))
    for text in ("{", "[]", "null", '"x"', '{"do": "rob"}', '{"do": {}}'):
        await socket.send_input({"type": "websocket.receive", "text": text})
    for number in range(200):
        await socket.picture(number)
    await socket.say(do="neutral")
    while not sent or b'"neutral"' not in sent[-1]:
        await asyncio.sleep(0.05)  # `receive_nothing` gives nobody a turn where something was said meanwhile
    assert consumers.MOST_A_SECOND <= len(sent) < 150


async def test_a_withdrawal_ends_it_at_once(connect, session, consent, people, monkeypatch):
    monkeypatch.setattr(consumers, "LOOK_EVERY_S", 10 * PATIENCE_S)
    socket = await connect("analyst", session.pk)
    await socket.words("hello")
    await sync_to_async(withdraw)(people["analyst"], consent, reason="asked")
    assert (await socket.words("over"))["why"] == "withdrawn"
    assert await socket.words() == OVER


async def test_a_lost_role_and_a_closed_account_end_it(connect, session, people):
    socket = await connect("analyst", session.pk)
    await socket.words("hello")
    await sync_to_async(Membership.objects.filter(user=people["analyst"]).delete)()
    assert await socket.words("nothing else") == NOT_FOUND
    other = await connect("analyst", session.pk)
    assert await other.words() == NOT_FOUND


async def test_without_redis_the_page_is_told_and_the_session_goes_on(connect, session, redis_server):
    redis_server.process.kill()
    redis_server.process.wait()
    socket = await connect("analyst", session.pk)
    await socket.picture(1)
    assert (await socket.words("trouble"))["why"] == NO_REDIS
    assert (await sync_to_async(Session.objects.get)()).is_open
    await sync_to_async(redis_server.start)()
    await socket.say(do="begin", neutral=None)
    assert (await socket.words("trouble"))["why"] == NO_WORKER  # Redis is back; there is no worker in this test


async def test_another_site_s_page_gets_no_socket(session, settings):
    from facsweb.asgi import application

    settings.ALLOWED_HOSTS = ["facsweb.example"]
    scope = {
        **{"type": "websocket", "path": f"/ws/live/{session.pk}/", "query_string": b"", "subprotocols": []},
        "headers": [(b"origin", b"https://evil.example"), (b"host", b"facsweb.example")],
    }
    socket = ApplicationCommunicator(application, scope)
    await socket.send_input({"type": "websocket.connect"})
    assert (await socket.receive_output(PATIENCE_S))["type"] == "websocket.close"
