"""What works: Redis, workers for each queue, the recovery process, and work that does not move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.utils import timezone
from redis import AuthenticationError, RedisError
from rq import Worker

from facsweb.operation import heartbeats
from facsweb.operation.doctor import Finding, fault, ok, warning
from facsweb.operation.models import Beat
from facsweb.processes import queue
from facsweb.processes.beats import SILENT_S
from facsweb.processes.work import Work

OLDEST_REDIS: Final = (6, 0, 6)  # LPOS
CLOCKS_S: Final = 60.0
STUCK: Final = timedelta(minutes=5)
SERVE: Final = "python manage.py serve"


def redis() -> Iterator[Finding]:
    """Reachable, new enough, keeping what it is given."""
    link = queue.connection()
    try:
        said: dict[str, Any] = link.info()
    except AuthenticationError:
        yield fault(
            "redis", "Redis refuses the password.", "Correct REDIS_URL, or the file that REDIS_URL_FILE names."
        )
        return
    except RedisError as error:
        own = settings.REDIS_URL.startswith("unix:") and "REDIS_URL" not in _environment()
        remedy = f"{SERVE} starts the installation's own" if own else "Start Redis, or correct REDIS_URL"
        yield fault(
            "redis",
            f"Redis cannot be reached ({type(error).__name__}): work waits, pages do not move by themselves.",
            f"{remedy}.",
        )
        return
    number = str(said["redis_version"])
    if tuple(map(int, number.split(".")[:3])) < OLDEST_REDIS:
        yield fault("redis", f"This is Redis {number}.", "Install Redis 6.2 or newer.")
    policy = said.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        yield fault(
            "redis",
            f"Redis throws things away when its memory is full ({policy}), queued work among them.",
            "redis-cli CONFIG SET maxmemory-policy noeviction, and the same in redis.conf",
        )
    if not said.get("aof_enabled") and not _saves(link):
        yield warning(
            "redis",
            "Redis keeps nothing on disk: after its restart the recovery process puts everything back, and "
            "sign-ins that are under way begin again.",
            "redis-cli CONFIG SET appendonly yes, and the same in redis.conf",
        )
    seconds, micro = link.time()
    apart = abs(seconds + micro / 1e6 - timezone.now().timestamp())
    if apart > CLOCKS_S:
        yield fault(
            "clock", f"Redis' clock and this one are {apart:.0f} s apart.", "timedatectl set-ntp true, on both"
        )
    yield ok("redis", f"Redis {number}.")


def _environment() -> frozenset[str]:
    import os

    return frozenset(os.environ)


def _saves(link: Any) -> bool:
    try:
        return bool(link.config_get("save").get("save"))
    except RedisError:  # a service that does not tell; it has its own ways of keeping
        return True


def workers() -> Iterator[Finding]:
    """Somebody listens to every queue."""
    names = list(getattr(queue, "QUEUES", None) or [queue.QUEUE])
    try:
        listening = {name for one in Worker.all(connection=queue.connection()) for name in one.queue_names()}
    except RedisError:
        yield warning("workers", "Redis could not be asked who works.", "See redis.")
        return
    deaf = [name for name in names if name not in listening]
    if deaf:
        yield fault(
            "workers",
            f"No worker listens to {', '.join(deaf)}: what is queued there waits.",
            "python manage.py worker",
        )
    else:
        yield ok("workers", f"Every queue has its worker: {', '.join(names)}.")


def recovery() -> Iterator[Finding]:
    """The process that puts back what was lost was heard lately."""
    if not _table(Beat):
        return
    silent = heartbeats.silent_s("recovery")
    if silent is None or silent > SILENT_S:
        since = "was never heard" if silent is None else f"was last heard {silent / 60:.0f} minutes ago"
        yield fault(
            "recovery",
            f"The recovery process {since}: what a dying worker had is not taken up again, no anchor is signed.",
            "python manage.py recovery",
        )
    else:
        yield ok("recovery", f"Heard {silent:.0f} s ago.")


def stuck() -> Iterator[Finding]:
    """Work that says it runs, and is silent."""
    if not _table(Beat):
        return
    since, found = timezone.now() - STUCK, []
    for model in apps.get_models():
        if issubclass(model, Work):
            silent = model._default_manager.filter(state="running", heartbeat_at__lt=since).count()
            if silent:
                found.append(f"{silent} of {model._meta.label_lower}")
    if found:
        yield fault(
            "work",
            f"Work stands still: {', '.join(found)}, without a heartbeat for {STUCK.seconds // 60} minutes.",
            "python manage.py recovery puts it back for another worker.",
        )
    else:
        yield ok("work", "Nothing stands still.")


def _table(model: Any) -> bool:
    from facsweb.operation.doctor.stored import _is_there

    return _is_there() and model._meta.db_table in connection.introspection.table_names()


CHECKS: Final = (redis, workers, recovery, stuck)
