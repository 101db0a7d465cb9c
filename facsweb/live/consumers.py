"""The socket of a live session: pictures in, what a worker says of them out. Nothing is looked at here.

Access is asked at the start and once a second while it is open; a withdrawal and the end of the session are told
at once. Close codes: 4401 not signed in, 4403 wrong role or not one's own session, 4404 no such session for this
person, 4410 the session is over (consent withdrawn, ended, or taken for lost).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import Http404
from redis.exceptions import RedisError

from facsweb.accounts import sessions
from facsweb.live import belt, services
from facsweb.live.models import Session
from facsweb.processes.hearing import ClosedOnce
from facsweb.processes.messenger import client
from facsweb.processes.threads import for_socket
from facsweb.studies import access

logger = logging.getLogger(__name__)
NOT_SIGNED_IN, FORBIDDEN, NOT_FOUND, OVER = 4401, 4403, 4404, 4410
LOOK_EVERY_S: Final = 1.0
_NOTE_EVERY: Final = 15  # looks
#: A worker that fell silent is replaced after so many seconds without an answer at the latest.
_ASK_AGAIN_S: Final = 1.0
#: Of one page; a camera gives thirty pictures a second, and our page sends fifteen.
MOST_A_SECOND: Final = 30
MOST_BYTES: Final = 512 * 1024
_MOST_WORDS: Final = 64 * 1024
NO_WORKER: Final = (
    "No live worker answers, so there are no figures at this moment. The recording goes on; figures come back by "
    "themselves."
)
NO_REDIS: Final = (
    "The server's messenger (Redis) cannot be reached, so there are no figures at this moment. The recording goes "
    "on; figures come back by themselves."
)


class LiveConsumer(ClosedOnce):
    """One page that is live."""

    # No channel layer: it would wait for Redis before anything else, and this page works without.
    channel_layer_alias = "none"
    tasks: tuple[asyncio.Task[None], ...] = ()
    worker = ""
    asked_at = 0.0
    neutral: Any = None
    trouble = ""
    allowance, allowed_at = float(MOST_A_SECOND), 0.0

    async def connect(self) -> None:
        # Accepted before anything else: a refusal before that could not carry a close code.
        await self.accept()
        self.session_id = self.scope["url_route"]["kwargs"]["pk"]
        if not await self._may():
            return
        self.listening = asyncio.Event()
        self.tasks = (asyncio.create_task(self._listen()), asyncio.create_task(self._watch()))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.listening.wait(), 2.0)
        await self._say("hello")

    async def disconnect(self, code: int) -> None:
        for task in self.tasks:
            task.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if bytes_data is not None:
            await self._picture(bytes_data)
        elif text_data is not None and len(text_data) <= _MOST_WORDS:
            await self._wish(text_data)

    # --- from the page ----------------------------------------------------------------------------------------

    async def _picture(self, message: bytes) -> None:
        if not belt.PAGE_HEAD.size < len(message) <= belt.PAGE_HEAD.size + MOST_BYTES or not self._within_rate():
            return  # the page counts what is not answered
        _, number, time_us = belt.PAGE_HEAD.unpack_from(message)
        picture = belt.Picture(number, min(time_us, 2**62), message[belt.PAGE_HEAD.size :])
        await self._send_on(belt.picture_message(self.session_id, picture))

    async def _wish(self, text: str) -> None:
        """``begin`` (with the neutral face that the page kept), ``neutral`` (this moment), ``relearn``."""
        try:
            content = json.loads(text)
            wish = content["do"]
        except (ValueError, TypeError, KeyError):
            return
        if wish == "begin":
            self.neutral = content.get("neutral")
            self.worker = ""
            await self._send_on(None)
        elif wish in ("neutral", "relearn"):
            if wish == "relearn":
                self.neutral = None
            await self._send_on(belt.command_message(self.session_id, do=wish))

    def _within_rate(self) -> bool:
        now = time.monotonic()
        self.allowance = min(MOST_A_SECOND, self.allowance + (now - self.allowed_at) * MOST_A_SECOND)
        self.allowed_at = now
        if self.allowance < 1:
            return False
        self.allowance -= 1
        return True

    async def _send_on(self, message: bytes | None) -> None:
        """Hand a message to the session's worker, which is another one when the last fell silent."""
        try:
            if not self.worker or time.monotonic() - self.asked_at > _ASK_AGAIN_S:
                await self._assign()
            if not self.worker:
                await self._tell_trouble(NO_WORKER)
                return
            if message is not None and not await client().publish(belt.to_worker(self.worker), message):
                self.worker = ""  # it is gone: the next picture finds another one
                return
        except (RedisError, OSError) as error:
            logger.info("Live session %s is without Redis: %s", self.session_id, error)
            self.worker = ""
            await self._tell_trouble(NO_REDIS)
            return
        await self._tell_trouble("")

    async def _assign(self) -> None:
        found = await client().eval(belt.ASSIGN, *belt.assign_arguments(self.session_id))
        self.asked_at = time.monotonic()
        name, before = (one.decode() for one in found)
        if before:
            end = belt.command_message(self.session_id, do="end")
            await client().publish(belt.to_worker(before), end)
        if name and name != self.worker:
            begin = belt.command_message(self.session_id, do="begin", neutral=self.neutral)
            await client().publish(belt.to_worker(name), begin)
            await self._say("worker", taken_up=bool(self.worker or before))
        self.worker = name

    async def _tell_trouble(self, why: str) -> None:
        if why != self.trouble:
            self.trouble = why
            await self._say("trouble" if why else "fine", **({"why": why} if why else {}))

    # --- to the page ------------------------------------------------------------------------------------------

    async def _say(self, kind: str, **values: Any) -> None:
        await self.send(text_data=json.dumps({"type": kind, **values}))

    async def _listen(self) -> None:
        """Pass on what the worker says; Redis may come and go meanwhile."""
        while True:
            try:
                async with client().pubsub(ignore_subscribe_messages=True) as line:
                    await line.subscribe(belt.to_page(self.session_id))
                    await line.get_message(timeout=0.05)  # that it is subscribed
                    self.listening.set()
                    while True:
                        message = await line.get_message(timeout=30.0)
                        if message is not None:
                            await self._pass_on(message["data"])
            except (RedisError, OSError) as error:
                logger.info("Live session %s hears nothing: %s", self.session_id, error)
                self.worker = ""
                await self._tell_trouble(NO_REDIS)
                await asyncio.sleep(0.5)

    async def _pass_on(self, message: bytes) -> None:
        kind, body = message[:1], message[1:]
        if kind == belt.ANSWER:
            await self.send(bytes_data=body)
            return
        content = json.loads(body)
        if content["type"] == "over":
            await self._may()
            return
        if content["type"] == "neutral":
            self.neutral = content["neutral"]
        await self._say(content.pop("type"), **content)

    async def _watch(self) -> None:
        looks = 0
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            looks += 1
            if not await self._may():
                return
            if looks % _NOTE_EVERY == 1:
                await for_socket(services.heard_of)(self.session_id)

    # --- who may ----------------------------------------------------------------------------------------------

    async def _may(self) -> bool:
        """Whether this person may be live in this session now; otherwise the socket is closed with what fits."""
        code, why = await self._look()
        if code == OVER:
            await self._say("over", why=why)
        if code:
            await self.close(code)
        return not code

    @for_socket
    def _look(self) -> tuple[int, str]:
        # Read again every time: the session may have ended, or the account been closed, since the start.
        user = sessions.person(self.scope)
        if user is None:
            return NOT_SIGNED_IN, ""
        session = Session.objects.select_related("participant__study").filter(pk=self.session_id).first()
        try:
            if session is None:
                raise Http404
            access.check(user, "live:page", session)
            if session.created_by_id != user.pk:
                raise PermissionDenied
        except Http404:
            return NOT_FOUND, ""
        except PermissionDenied:
            return FORBIDDEN, ""
        return (0, "") if session.is_open else (OVER, session.ended_why)
