"""The queue that carries jobs to the workers. The database is the truth: what the queue loses is put back.

Every job has a deterministic id and may be carried twice; the function it names checks with the database whether
there is still something to do.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import django_rq
from django.conf import settings
from django.db import transaction
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus
from rq.queue import Queue

from facsweb.logs import context

logger = logging.getLogger(__name__)
QUEUE = "analysis"


@cache
def connection() -> Redis:
    """A connection that gives up after seconds: nobody who opens a page waits for a Redis that is gone."""
    return Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=5, retry=Retry(NoBackoff(), 1)
    )


def get_queue() -> Queue:
    """The queue of all jobs of this installation."""
    return django_rq.get_queue(QUEUE, connection=connection(), commit_mode="auto")


def enqueue(function: Callable[..., Any] | str, *args: Any, job_id: str) -> bool:
    """Put a job into the queue now; False, and a line in the log, when Redis cannot be reached."""
    try:
        get_queue().enqueue_call(function, args=args, job_id=job_id, meta=_origin())
    except RedisError as error:
        logger.warning("%s waits for Redis: %s", job_id, error)
        return False
    return True


def _origin() -> dict[str, str]:
    """The request that a job comes from, for its lines in the log."""
    number = context.request_id()
    return {"request": number} if number else {}


def enqueue_on_commit(function: Callable[..., Any] | str, *args: Any, job_id: str) -> None:
    """Put a job into the queue once what it is about is committed.

    A Redis that is gone does not fail the caller: the row in the database waits, and the recovery process
    enqueues it when Redis is back.
    """
    transaction.on_commit(partial(enqueue, function, *args, job_id=job_id))


def is_waiting(job_id: str) -> bool:
    """Whether the job stands in the queue. Raises RedisError when Redis cannot be reached."""
    queue = get_queue()
    return queue.connection.lpos(queue.key, job_id) is not None


def is_started(job_id: str) -> bool:
    """Whether a worker took the job and has not ended it. Raises RedisError when Redis cannot be reached."""
    try:
        return Job.fetch(job_id, connection=connection()).get_status(refresh=False) == JobStatus.STARTED
    except NoSuchJobError:
        return False


def remove(job_id: str) -> None:
    """Take a job out of the queue where that is possible; what a worker took already ends by itself."""
    try:
        queue = get_queue()
        queue.connection.lrem(queue.key, 0, job_id)
    except RedisError as error:
        logger.warning("%s stays in the queue: %s", job_id, error)
