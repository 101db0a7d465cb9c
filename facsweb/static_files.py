"""Scripts, styles and pictures, answered before Django sees the request.

The review page asks for more than a hundred small files. Through Django's middlewares each of them takes a thread
and several milliseconds; together they held up the first view most of all. Which files there are and what their
headers say is still WhiteNoise's; only the way to the browser is shorter.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from whitenoise.middleware import WhiteNoiseMiddleware

from facsweb.body_limit import App, Receive, Send
from facsweb.headers import EVERYWHERE

#: What ``SecurityMiddleware`` and ``facsweb.headers`` say of every answer.
HEADERS: Final = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", settings.SECURE_REFERRER_POLICY.encode()),
    (b"cross-origin-opener-policy", settings.SECURE_CROSS_ORIGIN_OPENER_POLICY.encode()),
    *((name.lower().encode(), value.encode()) for name, value in EVERYWHERE.items()),
]
#: A larger file is read in a thread, so that nobody waits for the disk.
LARGE: Final = 256 * 1024


class StaticFiles:
    """ASGI application that answers what WhiteNoise knows and passes everything else on."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.files = WhiteNoiseMiddleware(None)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if not path.startswith(self.files.static_prefix) or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        file = self.files.find_file(path) if self.files.autorefresh else self.files.files.get(path)
        if file is None:
            await self.app(scope, receive, send)
            return
        asked = {
            f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}": value.decode("latin-1")
            for name, value in scope["headers"]
        }
        answer = file.get_response(scope["method"], asked)
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers]
        body = b""
        if answer.file is not None:
            with answer.file as opened:
                length = int(dict(headers).get(b"content-length", 0))
                body = await asyncio.to_thread(opened.read) if length > LARGE else opened.read()
        elif answer.status != HTTPStatus.NOT_MODIFIED and scope["method"] == "GET":
            headers = [(name, value) for name, value in headers if name != b"content-length"]
        await send({"type": "http.response.start", "status": int(answer.status), "headers": headers + HEADERS})
        await send({"type": "http.response.body", "body": body})
