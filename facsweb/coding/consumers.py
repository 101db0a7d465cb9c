"""The live side of the review page: who changed what in the layer that it shows.

Access is asked at the start and again with everything that is sent. Close codes: 4401 not signed in, 4403 may not
read the layer, 4404 no such layer for this person.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any, Final

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.core.exceptions import PermissionDenied
from django.http import Http404

from facsweb.accounts import sessions
from facsweb.coding.live import group
from facsweb.coding.models import Layer
from facsweb.coding.sight import may_read
from facsweb.studies import access

logger = logging.getLogger(__name__)
NOT_SIGNED_IN, FORBIDDEN, NOT_FOUND = 4401, 4403, 4404
NO_LIVE: Final = 4503  # Redis cannot be reached: the page looks by itself now and then


class LayerConsumer(AsyncJsonWebsocketConsumer):
    """One browser that shows one layer."""

    async def connect(self) -> None:
        # Accepted before anything else: a refusal before that could not carry a close code.
        await self.accept()
        self.layer_id = self.scope["url_route"]["kwargs"]["pk"]
        if await self._seen() is None:
            return
        try:
            await self.channel_layer.group_add(group(self.layer_id), self.channel_name)
        except Exception as error:
            logger.info("Layer %s is shown without live messages: %s", self.layer_id, error)
            await self.close(NO_LIVE)
            return
        # Read when it listens already: an earlier change is in what is said here, a later one comes as a message.
        layer = await self._seen()
        if layer is None:
            return
        await self.send_json({"type": "hello", "revision": layer.revision, "state": layer.state})

    async def disconnect(self, code: int) -> None:
        with contextlib.suppress(Exception):  # Redis may be gone; a group forgets its dead members by itself
            await self.channel_layer.group_discard(group(self.layer_id), self.channel_name)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Nothing is expected from browsers."""

    async def layer_said(self, event: dict[str, Any]) -> None:
        """Something of the layer changed."""
        if await self._seen() is not None:
            await self.send_json({"type": event["kind"], **event["values"]})

    async def _seen(self) -> Layer | None:
        """The layer, if this person may read it now; otherwise the socket is closed with the code that fits."""
        code, layer = await self._look()
        if code:
            await self.close(code)
        return layer

    @database_sync_to_async
    def _look(self) -> tuple[int, Layer | None]:
        # Read again every time: the session or a role may have ended, or blind coding begun, since the start.
        user = sessions.person(self.scope)
        if user is None:
            return NOT_SIGNED_IN, None
        related = "run__recording__participant__study"
        layer = Layer.objects.select_related(related).filter(pk=self.layer_id).first()
        try:
            if layer is None:
                raise Http404
            access.check(user, "coding:events", layer)
            if not may_read(user, layer):
                raise PermissionDenied
        except Http404:
            return NOT_FOUND, None
        except PermissionDenied:
            return FORBIDDEN, None
        return 0, layer
