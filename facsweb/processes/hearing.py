"""WebSockets that hear what is told in a channel group, and do without where Redis is away.

A socket is accepted before anything asks for Redis. Who waits for news meanwhile reads the database every few
seconds; when Redis is there again, news come at once again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, Final

from channels.generic.websocket import AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from uvicorn.protocols.utils import ClientDisconnected

from facsweb.processes.messenger import client

logger = logging.getLogger(__name__)

#: Redis answers within this, or it is away; seconds.
ANSWERS_S: Final = 2.0
#: And is asked again after so long.
AGAIN_S: Final = 1.0
#: The database is read this often, so that a lost message loses nothing.
LOOK_EVERY_S: Final = 3.0
#: Close code: something went wrong that passes by itself, such as a database that is away.
FAILED: Final = 1011


class ClosedOnce(AsyncWebsocketConsumer):
    """Says nothing more once it was closed: of two tasks at one moment, one may find that it is over."""

    closed = False

    async def send(self, *args: Any, **kwargs: Any) -> None:
        if not self.closed:
            await super().send(*args, **kwargs)

    async def close(self, *args: Any, **kwargs: Any) -> None:
        if not self.closed:
            self.closed = True
            await super().close(*args, **kwargs)


class Hearing(ClosedOnce, AsyncJsonWebsocketConsumer):
    """A browser that is told what happens in one group; a subclass names the group and says what there is."""

    # Channels would ask for Redis before anything else, and wait for it.
    channel_layer_alias = "none"
    tasks: tuple[asyncio.Task[None], ...] = ()

    async def hear(self, group: str) -> None:
        """Begin to listen, and to look; returns when it listens, or when Redis turned out to be away."""
        tried = asyncio.Event()
        self.tasks = (asyncio.create_task(self._listen(group, tried)), asyncio.create_task(self._watch()))
        await tried.wait()

    async def look(self) -> None:
        """Read the database and send what the browser does not know yet."""
        raise NotImplementedError

    async def disconnect(self, code: int) -> None:
        for task in self.tasks:
            task.cancel()

    async def send_json(self, content: Any, close: bool = False) -> None:
        await self.send(text_data=await self.encode_json(content), close=close)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Nothing is expected from browsers."""

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            # All sockets of the process look at the same moments, so that what they read may be shared.
            await asyncio.sleep(LOOK_EVERY_S - loop.time() % LOOK_EVERY_S)
            await self._safely(self.look())

    async def _listen(self, group: str, tried: asyncio.Event) -> None:
        layer, name = get_channel_layer(), ""
        while True:
            try:
                async with asyncio.timeout(ANSWERS_S):
                    await client().ping()  # a channel that cannot be had is kept by the layer all the same
                    name = name or await layer.new_channel()
                    await layer.group_add(group, name)
                if tried.is_set():
                    await self._safely(self.look())  # what was told before this was not heard
                tried.set()
                while True:
                    await self._safely(self.dispatch(await layer.receive(name)))
            except Exception as error:  # whatever goes wrong between here and Redis
                logger.info("%s is without live messages: %s", group, error)
            finally:
                tried.set()
                if name:
                    with contextlib.suppress(Exception):  # a group forgets its dead members by itself
                        async with asyncio.timeout(ANSWERS_S):
                            await layer.group_discard(group, name)
            await asyncio.sleep(AGAIN_S)

    async def _safely(self, told: Any) -> None:
        try:
            await told
        except ClientDisconnected:
            pass  # the browser left while it was told something; its `disconnect` comes next
        except Exception:
            logger.exception("A socket is closed; its page connects again.")
            with contextlib.suppress(Exception):  # it may be closed already
                await self.close(FAILED)
