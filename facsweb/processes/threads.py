"""The threads of a web process in which requests and sockets use the database.

In a web server each keeps its connection. Django's own way is a thread, and so a connection, for every request,
and a single thread in which the reads of all sockets wait for each other.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from channels.db import DatabaseSyncToAsync
from django.conf import settings
from django.db import connections

#: What sockets read is short; more threads would only stand in line for the interpreter.
FOR_SOCKETS: Final = 4
#: Older connections are closed by whoever takes them next, so that none grows for months; seconds.
KEPT_S: Final = 600

_kept = False


class Threads(ThreadPoolExecutor):
    """So many threads, in this process or in what it is forked into."""

    def __init__(self, most: int, name: str) -> None:
        super().__init__(most, name, _begin)
        # A fork has none of the threads that its parent counted.
        os.register_at_fork(after_in_child=lambda: super(Threads, self).__init__(most, name, _begin))


def _begin() -> None:
    """A connection belongs to its thread, and so do these of its settings."""
    if _kept:
        for one in connections.all():
            one.settings_dict = one.settings_dict | {"CONN_MAX_AGE": KEPT_S, "CONN_HEALTH_CHECKS": True}


_of_requests = Threads(settings.WEB_THREADS, "request")
_of_sockets = Threads(FOR_SOCKETS, "socket")


def keep_connections() -> None:
    """Threads that begin from now on keep their connections between requests; one that broke is made anew."""
    global _kept
    _kept = True


def for_request(do: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """A function as one to be awaited, that runs in a thread for requests."""
    return DatabaseSyncToAsync(do, thread_sensitive=False, executor=_of_requests)


def for_socket(do: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """A function as one to be awaited, that runs in a thread for sockets; also a decorator of methods."""
    return DatabaseSyncToAsync(do, thread_sensitive=False, executor=_of_sockets)
