"""Reports, and documents made of them, that wait for a worker and that no job carries any more are put back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django.db.models import QuerySet

from facsweb.processes import moments, queue
from facsweb.processes.duties import Paced

log = logging.getLogger(__name__)
#: Between the commit and the enqueueing, and between a worker's taking the job and the document.
GRACE: Final = timedelta(seconds=3)
TAKEN: Final = timedelta(seconds=60)
MAX_ATTEMPTS: Final = 5
MOST: Final = 500  # that are put back in one round
_paces: dict[str, Paced] = {}


def put_back(
    waiting: QuerySet[Any],
    task: str,
    *,
    enqueue: Callable[[Any], None],
    give_up: Callable[[Any], None],
) -> int:
    """Enqueue again every waiting row that no job carries.

    Parameters
    ----------
    waiting : QuerySet
        Rows with ``queued_at`` and ``attempts``.
    task : str
        The function that makes them.
    enqueue, give_up : callable
        Of a row; given up is one whose making ended a worker `MAX_ATTEMPTS` times.

    Returns
    -------
    int
        How many were put back.
    """
    pace = _paces.setdefault(task, Paced())
    if not pace.due():
        return 0
    count, due = 0, waiting.filter(moments.passed("queued_at", GRACE))
    with pace.look():
        lost = list(queue.without_ticket(due, task, taken=TAKEN)[:MOST])
    for row in lost:
        if row.attempts >= MAX_ATTEMPTS:
            give_up(row)
            continue
        log.warning("%s was not in the queue; it was put back.", row)
        enqueue(row)
        count += 1
    return count
