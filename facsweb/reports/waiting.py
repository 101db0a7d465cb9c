"""Reports, and documents made of them, that wait for a worker and that no job carries any more are put back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone
from redis import RedisError

from facsweb.processes import moments, queue

log = logging.getLogger(__name__)
#: Between the commit and the enqueueing, and between a worker's taking the job and the document.
GRACE: Final = timedelta(seconds=3)
TAKEN: Final = timedelta(seconds=60)
MAX_ATTEMPTS: Final = 5


def put_back(
    waiting: QuerySet[Any],
    *,
    job_id: Callable[[Any], str],
    enqueue: Callable[[Any], None],
    give_up: Callable[[Any], None],
) -> int:
    """Enqueue again every waiting row that no job carries.

    Parameters
    ----------
    waiting : QuerySet
        Rows with ``queued_at`` and ``attempts``.
    job_id, enqueue, give_up : callable
        Of a row; given up is one whose making ended a worker `MAX_ATTEMPTS` times.

    Returns
    -------
    int
        How many were put back.
    """
    count, now = 0, timezone.now()
    for row in waiting.filter(moments.passed("queued_at", GRACE)):
        name = job_id(row)
        try:
            carried = queue.is_waiting(name) or (now - TAKEN < row.queued_at < now and queue.is_started(name))
        except RedisError:
            return count  # nothing to do until Redis is back; the rows keep waiting
        if carried:
            continue
        if row.attempts >= MAX_ATTEMPTS:
            give_up(row)
            continue
        log.warning("%s was not in the queue; it was put back.", name)
        enqueue(row)
        count += 1
    return count
