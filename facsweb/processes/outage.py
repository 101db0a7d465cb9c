"""A database that is away for moments: it is started again, or its disk was full.

What a worker made in an hour is not thrown away because the database was restarted in the second in which it was
to be published. Work that meets an outage elsewhere is left to the recovery process: it writes no failure that
says the program is at fault.
"""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable
from typing import Final, TypeVar

from django.db import InterfaceError, OperationalError, close_old_connections, connection

logger = logging.getLogger(__name__)
T = TypeVar("T")

#: What a connection raises whose database went away, is locked for too long, or has no room.
OUTAGE: Final = (OperationalError, InterfaceError)
PATIENCE_S: Final = 120.0
AGAIN_S: Final = 1.0


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, is a disk without room."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__ or error.__context__
    return False


#: PostgreSQL: a deadlock, a serialisation failure, a lock that could not be had.
_CONTENTION: Final = frozenset({"40P01", "40001", "55P03"})


def is_contention(error: BaseException | None) -> bool:
    """Whether the database ended a transaction because another one wanted the same: it may be done again."""
    while error is not None:
        code = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None) or ""
        if code in _CONTENTION or code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return True
        error = error.__cause__
    return False


def passes(error: BaseException) -> bool:
    """Whether it is nothing about the work itself: it may be done when the database, or room, is there again."""
    return isinstance(error, OUTAGE) or is_disk_full(error)


def outlast(do: Callable[[], T], *, patience_s: float = PATIENCE_S) -> T:
    """Do something that may be repeated, again after every outage; not inside of a transaction.

    Parameters
    ----------
    do : callable
        A transaction of its own that finds out by itself whether it was committed after all.
    patience_s : float
        For so many seconds.

    Raises
    ------
    OperationalError, InterfaceError
        The last one, when patience ends.
    """
    until = time.monotonic() + patience_s
    while True:
        try:
            return do()
        except OUTAGE as error:
            if time.monotonic() > until:
                raise
            logger.warning("The database is away: %s", str(error).splitlines()[0] if str(error) else error)
            close_old_connections()
            if connection.connection is not None and not connection.in_atomic_block:
                connection.close()
            time.sleep(AGAIN_S)
