"""Whether this host may be given requests: everything that a page needs answers, in time."""

from __future__ import annotations

import importlib
import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from analysis.models import models_dir
from analysis.models.registry import MODELS
from facsweb.logs.safe import words_of
from facsweb.processes import queue
from facsweb.storage import shelf

logger = logging.getLogger(__name__)

#: An answer that takes longer counts as none.
LIMIT_S: Final = 3.0
#: Everybody who asks within this time gets the same answer, so asking cannot be used to load the database.
KEPT_S: Final = 1.0
#: With less free space uploads are refused as well.
FREE_BYTES: Final = 1 << 30


class NotReadyError(Exception):
    """What is checked is there but not fit for use; the words are for the operator's log."""


def database() -> None:
    """The database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@cache
def _needed() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).disk_migrations)


def migrations() -> None:
    """The database has every table that this version needs; it may be ahead, as in the middle of an update."""
    behind = _needed() - set(MigrationRecorder(connection).applied_migrations())
    if behind:
        raise NotReadyError(f"{len(behind)} migrations behind")


def redis() -> None:
    """Redis answers and may be written."""
    queue.connection().set("facsweb:ready", "1", ex=60)


def storage() -> None:
    """Files can be written where they are kept."""
    if getattr(shelf, "is_shared", bool)():
        importlib.import_module("facsweb.storage.bucket").head("ready")  # that there is none is an answer too
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    probe = folder / f".ready-{threading.get_ident()}"
    try:
        probe.write_bytes(b"1")
    finally:
        probe.unlink(missing_ok=True)


def models() -> None:
    """The face models are there (whether they are whole, ``manage.py doctor`` reads)."""
    folder = models_dir()
    if lacking := [spec.file_name for spec in MODELS.values() if not (folder / spec.file_name).is_file()]:
        raise NotReadyError(f"{len(lacking)} face models are missing")


def disk() -> None:
    """There is room."""
    if shutil.disk_usage(settings.DATA_DIR).free < FREE_BYTES:
        raise NotReadyError("the disk is nearly full")


CHECKS: Final[dict[str, Callable[[], None]]] = {
    one.__name__: one for one in (database, migrations, redis, storage, models, disk)
}


class Board:
    """The checks, side by side, and what they said last."""

    def __init__(self, checks: Mapping[str, Callable[[], None]]) -> None:
        self.checks = dict(checks)
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=len(self.checks), thread_name_prefix="ready")
        self._under_way: dict[str, Future[bool]] = {}
        self._said: dict[str, bool] = {}
        self._at = float("-inf")

    def look(self) -> dict[str, bool]:
        """Name → whether it is well, not older than `KEPT_S`; within `LIMIT_S`, whatever hangs."""
        with self._lock:  # whoever asks meanwhile waits for the same answer
            if time.monotonic() - self._at >= KEPT_S:
                self._said = self._look()
                self._at = time.monotonic()
            return dict(self._said)

    def _look(self) -> dict[str, bool]:
        for name, check in self.checks.items():
            before = self._under_way.get(name)
            if before is None or before.done():  # one that hangs is not asked a second time
                self._under_way[name] = self._pool.submit(_well, name, check)
        wait(self._under_way.values(), timeout=LIMIT_S)
        return {name: one.done() and one.result() for name, one in self._under_way.items()}


def _well(name: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except NotReadyError as error:
        logger.warning("Not ready: %s: %s.", name, str(error))
        return False
    except Exception as error:
        logger.warning("Not ready: %s: %s.", name, words_of(error))
        return False
    finally:
        connections.close_all()  # of this thread
    return True


board: Final = Board(CHECKS)
