"""The short belt in Redis between the tickets in the database and the workers, filled fairly between studies.

However many tickets wait, only a few for each listening worker lie on the belt; whoever adds a ticket, ends a job
or looks after the queue puts the next ones on it (`fill`). The next ticket is the oldest of the study that has the
fewest jobs under way for its weight, and among those of the study that has used the least of the workers lately.

Several may fill at once: a ticket goes onto the belt by a conditional UPDATE that touches one row. Whoever dies
between that and Redis leaves a ticket that `tend` finds missing and lets wait again.

The cost of `fill` grows with the number of studies, not with the number of tickets.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import django_rq
from django.conf import settings
from django.db import DatabaseError
from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Floor
from django.utils import timezone
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus
from rq.queue import Queue
from rq.worker import Worker

from facsweb.processes import moments
from facsweb.processes.models import UNUSED, Lane, Ticket

logger = logging.getLogger(__name__)

LEAST: Final = 2  # tickets on a belt that nobody listens to
TAKEN: Final = timedelta(seconds=30)  # between a worker's taking a job and its claiming the row
AGAIN_S: Final = 0.1  # after which a ticket that is nowhere is looked for once more
AWAY_S: Final = 2.0  # so long nobody who opens a page tries a Redis that was gone
LISTENERS_S: Final = 5.0  # so long the number of listening workers is believed
HALF_S: Final = 600.0  # what a study used counts half after so long
ENDLESS: Final = 2**31 - 1
MOST_SHARE: Final = 17.0  # log2 of a day and a half: more was never used, the clock was set back meanwhile
COST_S: Final = 1.0  # every job counts as so much at least

_connections: dict[str, Redis] = {}
_listeners: dict[str, tuple[float, int]] = {}
_away_until = 0.0


def connection() -> Redis:
    """A connection that gives up after seconds: nobody who opens a page waits for a Redis that is gone."""
    if settings.REDIS_URL not in _connections:
        _connections[settings.REDIS_URL] = Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=5, retry=Retry(NoBackoff(), 1)
        )
    return _connections[settings.REDIS_URL]


def rq_queue(name: str) -> Queue:
    """RQ's queue of that name: the belt."""
    return django_rq.get_queue(name, connection=connection(), commit_mode="auto")


def waiting() -> QuerySet[Ticket]:
    """Tickets that no worker has taken, on the belt or off it."""
    return Ticket.objects.filter(taken_at=None)


# --- filling -----------------------------------------------------------------------------------------------------


def fill(name: str, *, insist: bool = False) -> list[str] | None:
    """Put the next tickets of a queue onto its belt while there is room.

    Parameters
    ----------
    name : str
        The queue.
    insist : bool
        Try a Redis that was gone a moment ago too.

    Returns
    -------
    list of str or None
        Ids of the jobs that were put there; None when Redis cannot be reached.
    """
    global _away_until
    if not insist and redis_is_away():
        return None
    done: list[str] = []
    try:
        while _count_on(name) < _places(name):
            lane = next_lanes(name).first()
            if lane is None:
                break
            done += _put_oldest(lane)
    except RedisError as error:
        _away_until = time.monotonic() + AWAY_S
        logger.warning("The queue %s waits for Redis: %s", name, error)
        return None
    except DatabaseError as error:
        logger.warning("The queue %s waits for the database: %s", name, error)
        return done
    _away_until = 0.0
    return done


def redis_is_away() -> bool:
    """Whether this process has just tried Redis in vain."""
    return time.monotonic() < _away_until


def _count_on(name: str) -> int:
    return Ticket.objects.filter(lane__queue=name, belt_at__isnull=False, taken_at=None).count()


def _places(name: str) -> int:
    asked, found = _listeners.get(name, (-math.inf, 0))
    if time.monotonic() - asked > LISTENERS_S:
        found = Worker.count(connection=connection(), queue=rq_queue(name))
        _listeners[name] = (time.monotonic(), found)
    return max(LEAST, found + 1)


def next_lanes(name: str) -> QuerySet[Lane]:
    """Lanes of a queue that have something waiting, the one whose turn it is first."""
    mine = Ticket.objects.filter(lane=OuterRef("pk"))
    flying = mine.filter(belt_at__isnull=False).order_by().values("lane").annotate(n=Count("pk")).values("n")
    # The first of each lane and no "exists": PostgreSQL would join that with everything that waits.
    head = mine.filter(belt_at=None).order_by("rank", "pk").values("pk")[:1]
    return (
        Lane.objects.filter(queue=name)
        .annotate(head=Subquery(head))
        .filter(head__isnull=False)
        .annotate(flying=Coalesce(Subquery(flying, output_field=IntegerField()), 0))
        .filter(flying__lt=Coalesce("most", settings.QUOTA_RUNNING or ENDLESS))
        .order_by(Floor(F("flying") / F("weight")), "share", "pk")
    )


def oldest(lane: Lane) -> QuerySet[Ticket]:
    """What waits in a lane, in its order."""
    return Ticket.objects.filter(lane=lane, belt_at=None).order_by("rank", "pk")


def _put_oldest(lane: Lane) -> list[str]:
    """Put the lane's next ticket onto the belt; nothing where another dispatcher was faster."""
    ticket = oldest(lane).first()
    now = timezone.now()
    if ticket is None or not Ticket.objects.filter(pk=ticket.pk, belt_at=None).update(belt_at=now):
        return []
    try:
        about = {"request": ticket.request} if ticket.request else {}
        rq_queue(lane.queue).enqueue_call(
            ticket.function, args=tuple(ticket.args), job_id=ticket.job_id, meta=about
        )
    except BaseException:
        Ticket.objects.filter(pk=ticket.pk, belt_at=now, taken_at=None).update(belt_at=None)
        raise
    return [ticket.job_id]


# --- what workers say --------------------------------------------------------------------------------------------


def take(job_id: str, worker: str) -> None:
    """A worker has the job."""
    now = timezone.now()
    Ticket.objects.filter(job_id=job_id).update(taken_at=now, worker=worker, belt_at=Coalesce("belt_at", now))


def ended(job_id: str, worker: str) -> None:
    """A worker has no more to do with the job, however it ended; the next one comes onto the belt.

    The ticket goes. What is still to be done (the worker's child crashed) is known to the room whose work it is,
    which asks for it once more.
    """
    ticket = Ticket.objects.select_related("lane").filter(job_id=job_id, worker=worker).first()
    if ticket is None or ticket.taken_at is None:
        return  # removed, or asked for anew meanwhile
    now = timezone.now()
    used = (now - ticket.taken_at).total_seconds()
    Lane.objects.filter(pk=ticket.lane_id).update(share=charged(ticket.lane, used, now))
    Ticket.objects.filter(pk=ticket.pk, worker=worker).exclude(taken_at=None).delete()
    fill(ticket.lane.queue)


def charged(lane: Lane, seconds: float, now: datetime) -> float:
    """The lane's share after a job of so many seconds.

    What was used at time t counts ``seconds · 2^((t − now) / HALF_S)``. Shares are compared at one moment, so the
    part with ``now`` is the same in all of them and left out: what is kept never needs to be brought up to date.
    """
    moment = now.timestamp() / HALF_S
    before = 2 ** min(lane.share - moment, MOST_SHARE) if lane.share > UNUSED else 0.0
    return math.log2(before + max(COST_S, seconds) / lane.weight) + moment


def forget(ticket: Ticket) -> None:
    """Take a job that was given up off the belt, and let the next one have its place."""
    if ticket.belt_at is None:
        return
    try:
        queue = rq_queue(ticket.lane.queue)
        queue.connection.lrem(queue.key, 0, ticket.job_id)
    except RedisError as error:
        logger.warning("%s stays on the belt: %s", ticket.job_id, error)
        return
    fill(ticket.lane.queue)


# --- looking after it --------------------------------------------------------------------------------------------


def tend(names: Iterable[str]) -> list[str]:
    """Let tickets wait again that Redis lost, forget those of dead workers, and fill; ids of what was put there.

    Looks only at what is under way, which is a few for each worker.
    """
    done: list[str] = []
    for name in names:
        try:
            lost = _lost(name)
            if lost:
                time.sleep(AGAIN_S)  # whoever puts it there, or takes it, may be in the middle of it
                lost = [ticket for ticket in _lost(name) if ticket in lost]
            _forget_dead(name)
        except RedisError as error:
            logger.warning("The queue %s waits for Redis: %s", name, error)
            continue
        for ticket in lost:
            same = Ticket.objects.filter(pk=ticket.pk, belt_at=ticket.belt_at, taken_at=None)
            if same.update(belt_at=None):
                logger.warning("%s was not in the queue; it is put back.", ticket.job_id)
        done += fill(name, insist=True) or []
    return done


def _lost(name: str) -> list[Ticket]:
    """Tickets that should lie on the belt and do not."""
    said = list(Ticket.objects.filter(lane__queue=name, belt_at__isnull=False, taken_at=None))
    if not said:
        return []
    there = {one.decode() for one in connection().lrange(rq_queue(name).key, 0, -1)}
    old, set_back = timezone.now() - TAKEN, timezone.now() + moments.APART
    return [
        one
        for one in said
        if one.job_id not in there
        and (one.belt_at is None or not old < one.belt_at < set_back or not _is_started(one.job_id))
    ]


def _is_started(job_id: str) -> bool:
    try:
        return Job.fetch(job_id, connection=connection()).get_status(refresh=False) == JobStatus.STARTED
    except NoSuchJobError:
        return False


def _forget_dead(name: str) -> None:
    """Remove tickets of workers that are gone. Rooms find their work without a ticket and ask for it once more."""
    for ticket in Ticket.objects.filter(
        moments.passed("taken_at", TAKEN), lane__queue=name, belt_at__isnull=False
    ):
        if not connection().exists(f"{Worker.redis_worker_namespace_prefix}{ticket.worker}"):
            Ticket.objects.filter(pk=ticket.pk, worker=ticket.worker, taken_at=ticket.taken_at).delete()


# --- how long it is ----------------------------------------------------------------------------------------------


def backlog(most: int) -> int:
    """How many tickets wait for a place on a belt; no more than ``most`` are counted."""
    return Ticket.objects.filter(belt_at=None).order_by()[:most].count()


def anew(**fields: Any) -> dict[str, Any]:
    """Fields of a ticket that waits anew."""
    return fields | {"belt_at": None, "taken_at": None, "worker": "", "queued_at": timezone.now()}
