"""The live side of a layer: who may listen, what arrives, what ends it. Real Redis, real messages."""

import json

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.routing import URLRouter
from channels_redis.pubsub import RedisPubSubLoopLayer
from django.contrib.auth.models import AnonymousUser

from facsweb.coding import comments, live, services
from facsweb.coding.consumers import FORBIDDEN, NOT_FOUND, NOT_SIGNED_IN
from facsweb.coding.models import Event
from facsweb.coding.routing import websocket_urlpatterns
from facsweb.processes import hearing
from facsweb.studies.models import Membership, Role
from tests.programs import PATIENCE_S

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_hurry(monkeypatch):
    """Messages arrive though the machine is slow."""
    monkeypatch.setattr(live, "SEND_TIMEOUT_S", None)
    monkeypatch.setattr(hearing, "ANSWERS_S", PATIENCE_S)
    monkeypatch.setattr(hearing, "LOOK_EVERY_S", 1e9)


class Socket(ApplicationCommunicator):
    """A browser's end of a WebSocket."""

    def __init__(self, user, layer_id):
        scope = {"type": "websocket", "path": f"/ws/layers/{layer_id}/", "user": user, "headers": []}
        super().__init__(URLRouter(websocket_urlpatterns), scope)

    async def receive_json(self):
        message = await self.receive_output(PATIENCE_S)
        assert message["type"] == "websocket.send", message
        return json.loads(message["text"])

    async def close_code(self):
        message = await self.receive_output(PATIENCE_S)
        assert message["type"] == "websocket.close", message
        return message["code"]


@pytest.fixture
async def connect():
    opened = []

    async def open_as(user, layer_id):
        socket = Socket(user, layer_id)
        opened.append(socket)
        await socket.send_input({"type": "websocket.connect"})
        assert (await socket.receive_output(PATIENCE_S))["type"] == "websocket.accept"
        return socket

    yield open_as
    for socket in opened:
        await socket.send_input({"type": "websocket.disconnect", "code": 1005})
        await socket.wait(timeout=PATIENCE_S)


@pytest.mark.parametrize(
    ("role", "code"), [(None, NOT_SIGNED_IN), ("stranger", NOT_FOUND), ("manager", FORBIDDEN)]
)
async def test_only_who_may_read_listens(connect, layer, people, redis, role, code):
    socket = await connect(people[role] if role else AnonymousUser(), layer.pk)
    assert await socket.close_code() == code


async def test_a_colleagues_coding_is_not_listened_to(connect, layer, people, study, redis):
    from facsweb.accounts.models import User

    second = await User.objects.acreate(email="second@example.org", name="Second Coder")
    await Membership.objects.acreate(study=study, user=second, role=Role.CODER)
    assert await (await connect(second, layer.pk)).close_code() == FORBIDDEN
    missing = await connect(people["coder"], "00000000-0000-0000-0000-000000000000")
    assert await missing.close_code() == NOT_FOUND


async def test_readers_hear_of_changes_and_comments(connect, layer, people, redis):
    socket = await connect(people["analyst"], layer.pk)
    assert await socket.receive_json() == {"type": "hello", "revision": 0, "state": "open"}
    event = await Event.objects.filter(layer=layer).afirst()
    await sync_to_async(services.delete_event, thread_sensitive=True)(people["coder"], event, expected=1)
    said = await socket.receive_json()
    assert said == {"type": "changes", "revision": 1, "events": [str(event.pk)], "author": "Coder Person"}
    await sync_to_async(comments.add)(people["coder"], layer.run, "A 13?", layer=layer)
    assert await socket.receive_json() == {"type": "comments"}
    await Membership.objects.filter(user=people["analyst"]).adelete()
    await sync_to_async(services.restore_event)(people["coder"], event, to=1, expected=2)
    assert await socket.close_code() == NOT_FOUND


async def test_a_change_while_somebody_begins_to_listen_is_not_missed(connect, layer, people, redis, monkeypatch):
    event = await Event.objects.filter(layer=layer).afirst()
    join = RedisPubSubLoopLayer.group_add

    async def changed_just_before(self, *arguments):
        await sync_to_async(services.delete_event, thread_sensitive=True)(people["coder"], event, expected=1)
        await join(self, *arguments)

    monkeypatch.setattr(RedisPubSubLoopLayer, "group_add", changed_just_before)
    socket = await connect(people["analyst"], layer.pk)
    assert await socket.receive_json() == {"type": "hello", "revision": 1, "state": "open"}


def test_without_redis_the_change_is_stored_all_the_same(layer, people, settings):
    """And nobody waits: it is told at once that nobody is there, whatever time sending may take."""
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["unix:///nowhere/redis.sock"]},
        }
    }
    services.delete_event(people["coder"], layer.events.first(), expected=1)
    assert services.progress(layer)["events"] == 6


async def test_without_redis_the_layer_is_told_from_the_database(
    connect, layer, people, redis, redis_server, monkeypatch
):
    """And by messages again, as soon as Redis is back."""
    redis_server.process.kill()
    redis_server.process.wait()
    monkeypatch.setattr(hearing, "LOOK_EVERY_S", 0.2)
    monkeypatch.setattr(hearing, "ANSWERS_S", 1.0)
    try:
        socket = await connect(people["analyst"], layer.pk)
        assert await socket.receive_json() == {"type": "hello", "revision": 0, "state": "open"}
        event = await Event.objects.filter(layer=layer).afirst()
        await sync_to_async(services.delete_event, thread_sensitive=True)(people["coder"], event, expected=1)
        assert await socket.receive_json() == {"type": "hello", "revision": 1, "state": "open"}
        await sync_to_async(comments.add)(people["coder"], layer.run, "A 13?", layer=layer)
        assert (await socket.receive_json())["type"] == "hello"
    finally:
        await sync_to_async(redis_server.start)()
    monkeypatch.setattr(hearing, "LOOK_EVERY_S", 1e9)
    await sync_to_async(services.restore_event)(people["coder"], event, to=1, expected=2)
    said = {"type": "nothing"}
    while said["type"] != "changes":  # it may not listen yet, and what is told to nobody is gone
        await sync_to_async(live.tell)(layer.pk, "changes", revision=2, events=[], author="")
        if not await socket.receive_nothing(0.1):
            said = await socket.receive_json()
    assert said["revision"] == 2
