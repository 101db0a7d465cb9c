"""The live side of the review page: who changed what in the layer that it shows.

Access is asked at the start and again with everything that is sent. Close codes: 4401 not signed in, 4403 may not
read the layer, 4404 no such layer for this person.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max
from django.http import Http404

from facsweb.accounts import sessions
from facsweb.coding.live import group
from facsweb.coding.models import Layer
from facsweb.coding.sight import may_read
from facsweb.processes.hearing import Hearing
from facsweb.processes.threads import for_socket
from facsweb.studies import access

NOT_SIGNED_IN, FORBIDDEN, NOT_FOUND = 4401, 4403, 4404


class LayerConsumer(Hearing):
    """One browser that shows one layer."""

    told: tuple[Any, ...] | None = None

    async def connect(self) -> None:
        # Accepted before anything else: a refusal before that could not carry a close code.
        await self.accept()
        self.layer_id = self.scope["url_route"]["kwargs"]["pk"]
        if await self._seen() is None:
            return
        await self.hear(group(self.layer_id))
        # Read when it listens already: an earlier change is in what is said here, a later one comes as a message.
        await self.look()

    async def look(self) -> None:
        """Say hello again where something changed of which no message came, such as without Redis."""
        news = await self._news()
        if news == self.told:
            return
        self.told = news
        layer = await self._seen()
        if layer is not None:
            await self.send_json({"type": "hello", "revision": layer.revision, "state": layer.state})

    async def layer_said(self, event: dict[str, Any]) -> None:
        """Something of the layer changed."""
        news = await self._news()
        if await self._seen() is not None:
            self.told = news
            await self.send_json({"type": event["kind"], **event["values"]})

    @for_socket
    def _news(self) -> tuple[Any, ...] | None:
        """Where the layer is, and what was said about its run."""
        about = {name: Max(f"run__comments__{name}_at") for name in ("edited", "deleted", "resolved")}
        mine = Layer.objects.filter(pk=self.layer_id).order_by()
        return (
            mine.annotate(said=Count("run__comments"), **about)
            .values_list("revision", "state", "said", *about)
            .first()
        )

    async def _seen(self) -> Layer | None:
        """The layer, if this person may read it now; otherwise the socket is closed with the code that fits."""
        code, layer = await self._look()
        if code:
            await self.close(code)
        return layer

    @for_socket
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
