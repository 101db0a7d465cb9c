"""What work that a queue carries has in common, whatever it is: states, attempts, heartbeats, and being put back.

The database row is the truth, the queue only carries it. ``attempt`` is a fence: every change is a conditional
UPDATE that names the attempt it belongs to, so a worker that was thought dead holds an old number, its UPDATEs
touch no row, and it is told so. The rows have the fields ``state`` (queued, running, succeeded, failed,
cancelled), ``attempt``, ``crashes``, ``worker``, ``heartbeat_at``, ``stage``, ``done``, ``total``, ``error``,
``error_detail``, ``cancel_requested_at``, ``queued_at``, ``started_at`` and ``finished_at``.
"""

from __future__ import annotations

import contextlib
import enum
import logging
import signal
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import cache
from typing import Any, Final

from django.db import models
from django.utils import timezone

from facsweb.processes import moments, queue
from facsweb.processes.duties import Paced

logger = logging.getLogger(__name__)

GRACE: Final = timedelta(seconds=3)  # between a row and its ticket, where one transaction did not write both
MOST: Final = 500  # rows that are put back in one round


class Order(enum.Enum):
    """What a running attempt is told at every beat."""

    GO_ON = "go on"
    CANCEL = "cancel"
    LOST = "lost"  # another attempt has the row, or it ended


class Fence:
    """The fence around one kind of work.

    Parameters
    ----------
    rows : callable
        Gives the model's rows.
    task : str
        The job's function, by name: its module imports the fence's.
    name : str
        What the queue calls the work.
    fresh : mapping, optional
        Fields beside the usual ones that a new attempt starts with.
    queue_of : callable, optional
        The queue of a row, by its key, where that is not always the queue of the job's function.
    """

    def __init__(
        self,
        rows: Callable[[], Any],
        task: str,
        name: str,
        fresh: Mapping[str, Any] | None = None,
        queue_of: Callable[[uuid.UUID], str] | None = None,
    ) -> None:
        self.rows, self.name, self._task, self._fresh = rows, name, task, dict(fresh or {})
        self._queue_of = queue_of or (lambda pk: queue.queue_of(task))
        self._queues = queue.QUEUES if queue_of else (queue.queue_of(task),)
        self._pace = Paced()

    def job_id(self, pk: uuid.UUID, attempt: int) -> str:
        """The queue's name of one attempt."""
        return f"{self.name}-{pk}-{attempt}"

    def enqueue(self, pk: uuid.UUID, attempt: int) -> None:
        """Let a worker have the attempt once the transaction is committed."""
        model = self.rows().model
        path = study_path(model)
        study = model._base_manager.filter(pk=pk).values_list(path, flat=True).first() if path else None
        about = {"study": study, "queue": self._queue_of(pk), "row": pk, "attempt": attempt}
        queue.enqueue_on_commit(self._task, str(pk), attempt, job_id=self.job_id(pk, attempt), **about)

    def mine(self, pk: uuid.UUID, attempt: int) -> Any:
        """The row while the attempt runs; no row otherwise."""
        return self.rows().filter(pk=pk, attempt=attempt, state="running")

    def claim(self, pk: uuid.UUID, attempt: int, worker: str) -> bool:
        """Take a queued row; False when this attempt is not waiting (any more), normal for a repeated job."""
        now = timezone.now()
        waiting = self.rows().filter(pk=pk, attempt=attempt, state="queued")
        fields = {"stage": "", "done": 0, "total": None}
        return bool(waiting.update(state="running", worker=worker, heartbeat_at=now, started_at=now, **fields))

    def beat(self, pk: uuid.UUID, attempt: int, **values: Any) -> Order:
        """Say that the attempt is alive, store how far it is, and hear what to do."""
        if not self.mine(pk, attempt).update(heartbeat_at=timezone.now(), **values):
            return Order.LOST
        return self.order(pk, attempt)

    def order(self, pk: uuid.UUID, attempt: int) -> Order:
        """Hear what to do, without writing."""
        asked = list(self.mine(pk, attempt).values_list("cancel_requested_at", flat=True))
        if not asked:
            return Order.LOST
        return Order.GO_ON if asked[0] is None else Order.CANCEL

    def requeue(self, chosen: Any, attempt: int, **values: Any) -> bool:
        """Make the chosen row wait as the next attempt; who calls it enqueues that attempt."""
        fresh = {"worker": "", "heartbeat_at": None, "stage": "", "done": 0, "total": None} | self._fresh
        now = timezone.now()
        return bool(chosen.update(state="queued", attempt=attempt + 1, queued_at=now, **fresh, **values))

    def silent(self, since: timedelta) -> Any:
        """Running rows whose attempt has not beaten for so long; none while the clock cannot be trusted."""
        if not moments.trusted(since):
            return self.rows().none()
        return self.rows().filter(moments.passed("heartbeat_at", since), state="running")

    def revive(self, row: Any, *, most_crashes: int, given_up: str, **of_cancelled: Any) -> str:
        """Give a row whose worker fell silent to another one, unless it was to be cancelled or crashes every time.

        Returns
        -------
        str
            Its new state; empty when the row has changed since it was read.
        """
        now = timezone.now()
        same = self.mine(row.pk, row.attempt).filter(heartbeat_at=row.heartbeat_at)
        if row.cancel_requested_at is not None:
            return "cancelled" if same.update(state="cancelled", finished_at=now, **of_cancelled) else ""
        crashes = row.crashes + 1
        if crashes >= most_crashes:
            detail = f"No heartbeat from {row.worker} since {row.heartbeat_at}."
            told = {"error": given_up, "error_detail": detail}
            return "failed" if same.update(state="failed", finished_at=now, crashes=crashes, **told) else ""
        if not self.requeue(same, row.attempt, crashes=crashes):
            return ""
        self.enqueue(row.pk, row.attempt + 1)
        return "queued"

    def put_back_lost(self) -> int:
        """Put back what waits in the database and no worker would ever hear of; return how many.

        Tickets are part of the transaction that makes a row wait, and the belt is looked after ticket by
        ticket (`belt.tend`). A row without one is from before there were tickets, or its worker took the ticket
        and died before it claimed the row. Finding none costs a look at every waiting row, so it is done less
        often the longer it takes.
        """
        done = {job for job in queue.tend(self._queues) if job.startswith(f"{self.name}-")}
        if not self._pace.due():
            return len(done)
        waiting = self.rows().filter(moments.passed("queued_at", GRACE), state="queued")
        with self._pace.look():
            lost = list(queue.without_ticket(waiting, attempt="attempt")[:MOST])
        for row in lost:
            job = self.job_id(row.pk, row.attempt)
            self.enqueue(row.pk, row.attempt)
            logger.warning("%s had no ticket; it was put back.", job)
            done.add(job)
        return len(done)


@cache
def study_path(model: type[models.Model]) -> str:
    """The lookup from a row of work to the id of the study it belongs to; empty where it belongs to none."""
    paths: list[tuple[str, type[models.Model]]] = [("", model)]
    for prefix, here in paths:  # grows while it is walked: the shortest way is found first
        for field in here._meta.concrete_fields:
            target = field.related_model
            if target is None or isinstance(target, str) or field.name == "created_by":
                continue
            if target._meta.label == "studies.Study":
                return f"{prefix}{field.name}_id"
            if prefix.count("__") < 4 and target._meta.app_label != "accounts":
                paths.append((f"{prefix}{field.name}__", target))
    return ""


@contextlib.contextmanager
def stopping(shut_down: Callable[[], None]) -> Iterator[None]:
    """Let SIGTERM end the work in good order."""
    before = signal.signal(signal.SIGTERM, lambda number, frame: shut_down())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
