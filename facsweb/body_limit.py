"""A limit on request bodies that holds before anything is stored.

Under ASGI, Django writes a whole body to a temporary file before any view or access check runs, so without a limit
anybody could fill the disk. Uploads come in pieces (tus) that are smaller than this.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]

MAX_BODY_BYTES: Final = 64 * 1024**2
PIECE: Final = b"application/offset+octet-stream"
BUSY: Final = b"The server receives as many uploads as it can. What has arrived is safe; it goes on in a moment."
SENTENCE: Final = b"This request is too large. Send files in pieces of at most 64 MB (tus chunkSize)."


class BodyLimit:
    """ASGI application that answers 413 to a body over the limit and passes everything else on."""

    def __init__(self, app: App, limit: int = MAX_BODY_BYTES) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if _announced(scope) > self.limit:
            await _refuse(scope, send)
            return
        received, over = 0, False

        async def counted() -> Message:
            nonlocal received, over
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.limit:  # the length was not announced
                over = True
                return {"type": "http.disconnect"}  # Django throws away what it has and answers nothing
            return message

        await self.app(scope, counted, send)
        if over:
            await _refuse(scope, send)


class UploadsAtOnce:
    """ASGI application that receives so many pieces of uploads at once and puts off the others.

    They are told before their bytes are stored, and tus clients ask again by themselves; what has arrived of an
    upload stays. Counted in this process, of which a host has one.
    """

    def __init__(self, app: App, most: int) -> None:
        self.app, self.most, self.now = app, most, 0

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if dict(scope["headers"]).get(b"content-type") != PIECE:
            await self.app(scope, receive, send)
        elif self.now >= self.most:
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"tus-resumable", b"1.0.0")]
            headers += [(b"retry-after", b"2"), (b"cache-control", b"no-store")]
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            await send({"type": "http.response.body", "body": BUSY})
        else:
            self.now += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self.now -= 1


def _announced(scope: Any) -> int:
    """The body's length as announced; 0 when it was not."""
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0


async def _refuse(scope: Any, send: Send) -> None:
    kind, body = b"text/plain; charset=utf-8", SENTENCE
    if scope["path"].startswith("/api/"):  # where every refusal is a problem (RFC 9457)
        told = {"type": "urn:facsweb:problem:too-large", "title": "Too large", "status": 413}
        kind = b"application/problem+json"
        body = json.dumps(told | {"detail": SENTENCE.decode(), "instance": scope["path"]}).encode()
    headers = [(b"content-type", kind), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
