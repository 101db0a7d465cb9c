"""Waiting for a store that is away: jobs do, whoever looks at a page is told at once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeVar

from django.db import connection

from facsweb.storage.errors import StorageError

log = logging.getLogger(__name__)

T = TypeVar("T")
#: How long a job waits between asking a store again that is away, seconds, and how long altogether.
AGAIN_S: Final = 2.0
WAITS_S: Final = 3600.0
_patience: ContextVar[Callable[[], bool] | None] = ContextVar("patience", default=None)


@contextmanager
def patient(should_stop: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Around a job: what the store does not answer is asked again, until the job is told to stop."""
    token = _patience.set(should_stop)
    try:
        yield
    finally:
        _patience.reset(token)


def patiently(ask: Callable[[], T]) -> T:
    """Do something that needs the store; in a job (`patient`) again and again while it is away.

    Nobody waits inside a transaction, which would hold up the others: whoever began it may do all of it again.
    """
    until = time.monotonic() + WAITS_S
    while True:
        try:
            return ask()
        except StorageError as error:
            should_stop = _patience.get()
            if connection.in_atomic_block or should_stop is None or should_stop() or time.monotonic() > until:
                raise
            log.warning("Files cannot be kept or fetched and are tried again: %s", error.why)
            time.sleep(AGAIN_S)
