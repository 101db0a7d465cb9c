"""The live side of a run's page: a snapshot first, then what happens.

Access is asked at the start and again with everything that is sent. Close codes: 4401 not signed in, 4403 wrong
role, 4404 no such run for this person, 1000 the run has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, Final

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.core.exceptions import PermissionDenied
from django.http import Http404

from facsweb.accounts import sessions
from facsweb.runs import progress
from facsweb.runs.models import AnalysisRun
from facsweb.studies import access

logger = logging.getLogger(__name__)
ENDED, NOT_SIGNED_IN, FORBIDDEN, NOT_FOUND = 1000, 4401, 4403, 4404
LOOK_EVERY_S: Final = 3.0  # the database is read this often, so that a lost message loses nothing


class RunConsumer(AsyncJsonWebsocketConsumer):
    """One browser that watches one run."""

    sent: dict[str, Any] | None = None
    watcher: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        # Accepted before anything else: a refusal before that could not carry a close code.
        await self.accept()
        self.run_id = self.scope["url_route"]["kwargs"]["pk"]
        if await self._seen() is None:
            return
        try:
            await self.channel_layer.group_add(progress.group(self.run_id), self.channel_name)
        except Exception as error:  # without Redis the watcher below still tells what the database says
            logger.info("Run %s is watched without live messages: %s", self.run_id, error)
        await self._send_snapshot()
        self.watcher = asyncio.create_task(self._watch())

    async def disconnect(self, code: int) -> None:
        if self.watcher is not None:
            self.watcher.cancel()
        with contextlib.suppress(Exception):  # Redis may be gone; a group forgets its dead members by itself
            await self.channel_layer.group_discard(progress.group(self.run_id), self.channel_name)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Nothing is expected from browsers."""

    # --- messages of the group ----------------------------------------------------------------------------

    async def run_progress(self, event: dict[str, Any]) -> None:
        """The worker is a little farther."""
        run = await self._seen()
        if run is not None and run.is_active:
            stages = progress.stages_of(run, **event["values"])
            still = progress.still_url(self.run_id, event["stills"])
            await self.send_json(progress.message(progress.Progress(run.attempt, stages, still)))

    async def run_changed(self, event: dict[str, Any]) -> None:
        """The state changed."""
        await self._send_snapshot()

    # ----------------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self._send_snapshot(only_news=True)

    async def _send_snapshot(self, *, only_news: bool = False) -> None:
        run = await self._seen()
        if run is None:
            return
        content = await self._snapshot(run)
        if not only_news or content != self.sent:
            self.sent = content
            await self.send_json(content)
        if not content["active"]:
            await self.close(ENDED)

    async def _seen(self) -> AnalysisRun | None:
        """The run, if this person may see it now; otherwise the socket is closed with the code that fits."""
        code, run = await self._look()
        if code:
            await self.close(code)
        return run

    @database_sync_to_async
    def _snapshot(self, run: AnalysisRun) -> dict[str, Any]:
        return progress.message(progress.snapshot(run))

    @database_sync_to_async
    def _look(self) -> tuple[int, AnalysisRun | None]:
        # Read again every time: the session may have ended, or the account been closed, since the start.
        user = sessions.person(self.scope)
        if user is None:
            return NOT_SIGNED_IN, None
        run = AnalysisRun.objects.select_related("recording__participant__study").filter(pk=self.run_id).first()
        try:
            if run is None:
                raise Http404
            access.check(user, "runs:detail", run)
        except Http404:
            return NOT_FOUND, None
        except PermissionDenied:
            return FORBIDDEN, None
        return 0, run
