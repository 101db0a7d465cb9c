"""The fence around work whose endings go into the audit log: readings, trainings, calibrations."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from facsweb.audit.services import record
from facsweb.processes import queue
from facsweb.processes.fence import Fence

logger = logging.getLogger(__name__)


class RecordedFence(Fence):
    """A fence that ends attempts too and says so: ``<name>.succeed``, ``.fail``, ``.cancel`` …."""

    def finish(self, row: Any, values: Mapping[str, Any], **entry: Any) -> bool:
        """End the attempt with a result, unless it is no longer the row's; a cancelling that was asked for wins.

        Whoever has more to do that may fail opens the transaction that holds both.

        Parameters
        ----------
        row : model
            Its ``pk`` and ``attempt`` count.
        values : mapping
            Fields that hold the result.
        **entry
            What the log says.
        """
        done = {"state": "succeeded", "finished_at": timezone.now(), "error": "", "error_detail": ""}
        with transaction.atomic():
            if not self.mine(row.pk, row.attempt).filter(cancel_requested_at=None).update(**done, **values):
                return False
            record(None, f"{self.name}.succeed", row, **entry)
        return True

    def fail(self, pk: uuid.UUID, attempt: int, *, error: str, detail: str) -> bool:
        """End the work with a sentence for a person and a traceback for the operator."""
        return self._end(pk, attempt, "fail", state="failed", error=error, error_detail=detail)

    def confirm_cancel(self, pk: uuid.UUID, attempt: int) -> bool:
        """End work whose cancelling was asked for."""
        return self._end(pk, attempt, "cancelled", state="cancelled")

    def _end(self, pk: uuid.UUID, attempt: int, action: str, **values: Any) -> bool:
        with transaction.atomic():
            if not self.mine(pk, attempt).update(finished_at=timezone.now(), **values):
                return False
            record(None, f"{self.name}.{action}", self.rows().get(pk=pk), attempt=attempt)
        return True

    def cancel(self, actor: Any, row: Any) -> bool:
        """Stop work: at once while it waits, within a second while it runs; later nothing happens."""
        now, mine = timezone.now(), self.rows().filter(pk=row.pk)
        with transaction.atomic():
            waiting, running = mine.filter(state="queued"), mine.filter(state="running", cancel_requested_at=None)
            ended = waiting.update(state="cancelled", finished_at=now, cancel_requested_at=now)
            if not ended and not running.update(cancel_requested_at=now):
                return False
            attempt = mine.get().attempt
            record(actor, f"{self.name}.cancel", row, attempt=attempt)
            transaction.on_commit(lambda: queue.remove(self.job_id(row.pk, attempt)))
        return True

    def give_back(self, pk: uuid.UUID, attempt: int) -> bool:
        """Let the work wait as the next attempt: its worker is being stopped on purpose."""
        with transaction.atomic():
            if not self.requeue(self.mine(pk, attempt), attempt):
                return False
            self.enqueue(pk, attempt + 1)
        return True

    def recover(
        self, *, stale: timedelta, most_crashes: int, given_up: str, leftovers: Callable[[Any], None] | None = None
    ) -> int:
        """Requeue work whose worker is gone or whose job is lost.

        Parameters
        ----------
        stale : timedelta
            An attempt that has not beaten for so long is taken for dead.
        most_crashes : int
            With so many dead attempts the work is given up.
        given_up : str
            The sentence for people then.
        leftovers : callable, optional
            Removes what the dead attempt of a row left.

        Returns
        -------
        int
            How many were put back or ended.
        """
        found = list(self.silent(stale))
        revived = [row for row in found if self._revived(row, most_crashes=most_crashes, given_up=given_up)]
        for row in revived:
            logger.warning("%s, attempt %s: its worker fell silent.", row, row.attempt)
            if leftovers is not None:
                leftovers(row)
        return len(revived) + self.put_back_lost()

    def _revived(self, row: Any, **how: Any) -> bool:
        with transaction.atomic():
            if not self.revive(row, **how):
                return False
            record(None, f"{self.name}.recover", row, attempt=row.attempt, worker=row.worker)
        return True
