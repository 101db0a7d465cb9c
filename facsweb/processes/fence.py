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
from typing import Any, Final

from django.utils import timezone
from redis import RedisError

from facsweb.processes import moments, queue

logger = logging.getLogger(__name__)

GRACE: Final = timedelta(seconds=3)  # between the commit and the enqueueing
TAKEN: Final = timedelta(seconds=30)  # between a worker's taking the job and its claiming the row


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
    """

    def __init__(
        self, rows: Callable[[], Any], task: str, name: str, fresh: Mapping[str, Any] | None = None
    ) -> None:
        self.rows, self.name, self._task, self._fresh = rows, name, task, dict(fresh or {})

    def job_id(self, pk: uuid.UUID, attempt: int) -> str:
        """The queue's name of one attempt."""
        return f"{self.name}-{pk}-{attempt}"

    def enqueue(self, pk: uuid.UUID, attempt: int) -> None:
        """Let a worker have the attempt once the transaction is committed."""
        queue.enqueue_on_commit(self._task, str(pk), attempt, job_id=self.job_id(pk, attempt))

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
        """Enqueue again the rows that wait in the database but not in the queue; return how many."""
        count, now = 0, timezone.now()
        waiting = self.rows().filter(moments.passed("queued_at", GRACE), state="queued")
        for row in waiting.order_by("queued_at"):
            job = self.job_id(row.pk, row.attempt)
            try:
                if queue.is_waiting(job) or (now - TAKEN < row.queued_at < now and queue.is_started(job)):
                    continue
            except RedisError:
                return count  # nothing to do until Redis is back; the rows keep waiting
            self.enqueue(row.pk, row.attempt)
            logger.warning("%s was not in the queue; it was put back.", job)
            count += 1
        return count


@contextlib.contextmanager
def stopping(shut_down: Callable[[], None]) -> Iterator[None]:
    """Let SIGTERM end the work in good order."""
    before = signal.signal(signal.SIGTERM, lambda number, frame: shut_down())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
