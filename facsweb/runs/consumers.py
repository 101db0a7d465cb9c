"""The live side of a run's page: a snapshot first, then what happens.

Access is asked at the start and again with everything that is sent. Close codes: 4401 not signed in, 4403 wrong
role, 4404 no such run for this person, 1000 the run has ended.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import uuid
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakValueDictionary

from facsweb.processes import hearing
from facsweb.processes.threads import for_socket
from facsweb.runs import progress
from facsweb.runs.models import AnalysisRun
from facsweb.studies.watching import FORBIDDEN, NOT_FOUND, NOT_SIGNED_IN, Watch

__all__ = ["ENDED", "FORBIDDEN", "NOT_FOUND", "NOT_SIGNED_IN", "RunConsumer"]

ENDED: Final = 1000


@dataclass(frozen=True, slots=True)
class Seen:
    """What the database says of a run: the run, and the whole snapshot as JSON where it was asked for.

    What has the larger number was asked for later, so it is as new or newer.
    """

    run: AnalysisRun | None
    snapshot: str = ""
    number: int = -1


_numbers = itertools.count()
#: What is being read at this moment: all who watch a run read it once.
_reading: WeakValueDictionary[Hashable, asyncio.Task[Seen]] = WeakValueDictionary()


@for_socket
def _read(run_id: uuid.UUID, whole: bool) -> Seen:
    number = next(_numbers)
    if not whole:
        return Seen(AnalysisRun.objects.select_related("recording__participant__study").filter(pk=run_id).first())
    found = progress.read(run_id)
    return Seen(found[0], json.dumps(progress.message(found[1])), number) if found else Seen(None)


class RunConsumer(hearing.Hearing):
    """One browser that watches one run."""

    sent = ""
    newest = -1

    async def connect(self) -> None:
        # Accepted before anything else: a refusal before that could not carry a close code.
        await self.accept()
        self.run_id = self.scope["url_route"]["kwargs"]["pk"]
        self.watch = Watch(self.scope, "runs:detail")
        if (await self._seen(object())).run is not None:
            await self.hear(progress.group(self.run_id))
            await self._send_snapshot(object(), only_news=True)  # a look may have been faster

    # --- messages of the group ----------------------------------------------------------------------------

    async def run_progress(self, event: dict[str, Any]) -> None:
        """The worker is a little farther."""
        run = (await self._seen(event.get("moment", object()))).run
        if run is not None and run.is_active:
            stages = progress.stages_of(run, **event["values"])
            still = progress.still_url(self.run_id, event["stills"])
            await self.send_json(progress.message(progress.Progress(run.attempt, stages, still)))

    async def run_changed(self, event: dict[str, Any]) -> None:
        """The state changed."""
        await self._send_snapshot(event.get("moment", object()))

    # ----------------------------------------------------------------------------------------------------------

    async def look(self) -> None:
        moment = int(asyncio.get_running_loop().time() // hearing.LOOK_EVERY_S)
        await self._send_snapshot(moment, only_news=True)

    async def _send_snapshot(self, moment: Hashable, *, only_news: bool = False) -> None:
        seen = await self._seen(moment, whole=True)
        if seen.run is None or seen.number < self.newest:  # a look and a message may overtake each other
            return
        self.newest = seen.number
        if not only_news or seen.snapshot != self.sent:
            self.sent = seen.snapshot
            await self.send(text_data=seen.snapshot)
        if not seen.run.is_active:
            await self.close(ENDED)

    async def _seen(self, moment: Hashable, *, whole: bool = False) -> Seen:
        """The run, if this person may see it now; otherwise the socket is closed with the code that fits.

        Parameters
        ----------
        moment : hashable
            Whoever asks for the same moment gets what was read for the first of them. A message names its own, so
            what is read is never older than the message.
        whole : bool
            With everything that the page shows.
        """
        key = (asyncio.get_running_loop(), self.run_id, moment, whole)
        reading = _reading.get(key)
        if reading is None:
            reading = _reading[key] = asyncio.ensure_future(_read(self.run_id, whole))
        seen = await asyncio.shield(reading)
        # Asked every time: the session may have ended, or the account been closed, since the start.
        code = await for_socket(self.watch.code)(seen.run)
        if code:
            await self.close(code)
            return Seen(None)
        return seen
