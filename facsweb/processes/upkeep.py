"""What keeps a database quick as it grows, so that nobody has to know of it.

SQLite chooses the order in which it joins by figures that it takes only when it is asked to. Without them it looks
through every finished run of the installation for a page of one small study. PostgreSQL takes them by itself.
"""

from __future__ import annotations

import logging
import time
from typing import Final

from django.db import OperationalError, connection

logger = logging.getLogger(__name__)

EVERY_S: Final = 3600.0
#: Rows of an index that are looked at; the figures need not be exact, and nobody waits long for the lock.
LOOKED_AT: Final = 1000
#: Tables that grew since they were looked at, also those that this connection never read (sqlite.org/pragma.html).
GROWN: Final = 0x10002

_last = float("-inf")


def keep_figures() -> int:
    """Have SQLite look at tables that grew, once an hour; a duty of the recovery process."""
    global _last
    if connection.vendor != "sqlite" or time.monotonic() - _last < EVERY_S:
        return 0
    _last = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA analysis_limit={LOOKED_AT}")
            cursor.execute(f"PRAGMA optimize={GROWN}")
    except OperationalError as error:  # busy: in an hour again
        logger.info("The database's figures were not renewed: %s", error)
    return 0
