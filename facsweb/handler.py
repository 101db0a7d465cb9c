"""Django's part of the site, with every middleware and view of a request in one thread.

Django's own ASGI handler keeps asynchronous whatever can be. Around our views, which all are synchronous, that is
a change of threads for nearly every middleware, and they took more of the processor than pages did.
"""

from __future__ import annotations

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from facsweb.processes.threads import for_request


class Handler(ASGIHandler):
    """ASGI application: the body comes and the answer goes asynchronously, what lies between is one call."""

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware()

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """The answer of middlewares and view. Their thread is free again while it is sent."""
        answer: HttpResponseBase = await for_request(self.get_response)(request)
        return answer
