"""The queues that carry jobs to the workers. The database is the truth: what Redis loses is put back.

Whoever has something to be done writes a ticket in the transaction that decides it; `belt` brings the tickets to
the workers, fairly between studies. Every job has a deterministic id and may be carried twice; the function it
names checks with the database whether there is still something to do.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from rq.queue import Queue

from facsweb.logs import context
from facsweb.processes import belt, moments
from facsweb.processes.belt import connection
from facsweb.processes.models import NOBODY, Lane, Ticket

__all__ = ["NAMES", "QUEUES", "connection", "enqueue", "enqueue_on_commit", "get_queue", "is_waiting", "remove"]

CPU: Final = "cpu"  # arithmetic, documents, everything that somebody waits for
MEDIA: Final = "media"  # what opens sound and video, or listens to words
GPU: Final = "gpu"  # what looks at pictures or trains; runs on processors too
#: In the order in which a worker that listens to all takes from them: what is short does not wait behind hours of
#: measuring. `worker.AnalysisWorker` sees to it that what is last here does not wait for ever.
QUEUES: Final = (CPU, MEDIA, GPU)
NAMES: Final = frozenset(QUEUES)

#: Function → queue. Functions of `facsweb.runs` that are not here measure pictures; all others are `CPU`.
_QUEUE_OF: Final = {
    "facsweb.runs.tasks.analyse": GPU,
    "facsweb.learning.tasks.learn": GPU,
    "facsweb.recordings.tasks.make_proxy": MEDIA,
    "facsweb.coding.tasks.make_waveform": MEDIA,
    "facsweb.transcripts.tasks.score": MEDIA,
    "facsweb.transcripts.tasks.recognise": MEDIA,
}
#: Somebody waits for these in front of a page: before everything else of the same study in the same queue.
_FIRST: Final = frozenset(
    {
        "facsweb.reports.tasks.render_report",
        "facsweb.reports.tasks.render_document",
        "facsweb.privacy.tasks.erase",
        "facsweb.agreement.tasks.compute_comparison",
        "facsweb.coding.tasks.make_waveform",
    }
)


def queue_of(function: str) -> str:
    """The queue of a job's function."""
    return _QUEUE_OF.get(function) or (GPU if function.startswith("facsweb.runs.tasks.") else CPU)


def get_queue(name: str = CPU) -> Queue:
    """What of a queue lies in Redis."""
    return belt.rq_queue(name)


def enqueue(function: Callable[..., Any] | str, *args: Any, job_id: str, **about: Any) -> bool:
    """Have a job done now; False, and a line in the log, when Redis cannot be reached: then it waits.

    Parameters
    ----------
    function, *args
        The job, by name or as it is, and ids.
    job_id : str
        Deterministic. A job that waits already is not asked for twice; one that a worker took is done once more.
    **about
        ``study`` (its id) whose turn it takes, ``queue`` where that is not its function's, ``row`` and ``attempt``
        of the work.
    """
    return belt.fill(_write(function, args, job_id, **about)) is not None


def enqueue_on_commit(function: Callable[..., Any] | str, *args: Any, job_id: str, **about: Any) -> None:
    """Have a job done once what it is about is committed; parameters are those of `enqueue`.

    A Redis that is gone does not fail the caller: the ticket is part of the transaction, and the recovery process
    hands it on when Redis is back.
    """
    name = _write(function, args, job_id, **about)
    transaction.on_commit(partial(belt.fill, name), robust=True)


def _write(
    function: Callable[..., Any] | str,
    args: Iterable[Any],
    job_id: str,
    *,
    study: uuid.UUID | None = None,
    queue: str = "",
    row: uuid.UUID | None = None,
    attempt: int = 0,
) -> str:
    """Write the ticket; return the name of its queue."""
    path = function if isinstance(function, str) else f"{function.__module__}.{function.__qualname__}"
    name = queue or queue_of(path)
    key = {"queue": name, "study": study or NOBODY}
    lane = Lane.objects.filter(**key).first()
    if lane is None:
        Lane.objects.bulk_create([Lane(**key)], ignore_conflicts=True)
        lane = Lane.objects.get(**key)
    plain = [str(one) if isinstance(one, uuid.UUID) else one for one in args]
    work = {"row": row, "attempt": attempt, "rank": 0 if path in _FIRST else 1}
    work["request"] = context.request_id()[:128]
    anew = belt.anew(function=path, args=plain, lane=lane, **work)
    made = Ticket.objects.filter(job_id=job_id)
    if not made.exclude(taken_at=None).update(**anew) and not made.exists():
        Ticket.objects.bulk_create([Ticket(job_id=job_id, **anew)], ignore_conflicts=True)
    return name


def is_waiting(job_id: str) -> bool:
    """Whether the job waits for a worker."""
    return belt.waiting().filter(job_id=job_id).exists()


def is_carried(job_id: str) -> bool:
    """Whether the job waits for a worker, or a worker has it."""
    return Ticket.objects.filter(job_id=job_id).exists()


def without_ticket(
    rows: Any, function: str = "", *, row: str = "pk", attempt: str = "", taken: timedelta | None = belt.TAKEN
) -> Any:
    """Rows that no ticket carries.

    Parameters
    ----------
    rows : QuerySet
    function : str, optional
        Only tickets of this function count.
    row, attempt : str, optional
        The fields that are the ticket's ``row`` and ``attempt``; any attempt counts where no field is named.
    taken : timedelta or None
        For how long a ticket counts that a worker took; None: as long as the worker is there.
    """
    mine = Ticket.objects.filter(row=OuterRef(row))
    if function:
        mine = mine.filter(function=function)
    if attempt:
        mine = mine.filter(attempt=OuterRef(attempt))
    if taken is not None:
        mine = mine.filter(Q(taken_at=None) | ~moments.passed("taken_at", taken))
    return rows.filter(~Exists(mine))


def remove(job_id: str) -> None:
    """Take a job back that no worker has taken; what is on the belt finds nothing to do."""
    gone = belt.waiting().filter(job_id=job_id).select_related("lane").first()
    if gone is not None and belt.waiting().filter(pk=gone.pk).delete()[0]:
        belt.forget(gone)


def tend(names: Iterable[str] = QUEUES) -> list[str]:
    """Put back what Redis lost of some queues and fill their belts; ids of the jobs that came onto one."""
    return belt.tend(names)


def set_share(study: uuid.UUID, *, weight: float, most: int | None) -> None:
    """How much of the workers a study gets beside others, and how many of its jobs of a queue run at once."""
    for name in QUEUES:
        Lane.objects.update_or_create(queue=name, study=study, defaults={"weight": weight, "most": most})
