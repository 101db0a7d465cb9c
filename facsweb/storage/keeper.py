"""The keeper of a host's cache: one thread on every host, in whichever process has it first.

It goes through what was dropped (`hosts`), finishes removals that the bucket was away for, keeps the cache within
its limits, and has every scorer of the installation here, which the analysis looks for in their folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.db import DatabaseError, connection
from django.db.models import F
from django.utils import timezone

from facsweb.storage import bucket, cache, hosts, removals, shelf
from facsweb.storage.errors import StorageError
from facsweb.storage.models import Drop, Host

log = logging.getLogger(__name__)

EVERY_S: Final = 2.0
SELDOM_S: Final = 60.0
SCORERS_S: Final = 10.0
DEAD_S: Final = 600.0
#: Rows are read again for so long: of two transactions, the one that began first may be seen last.
OVERLAP: Final = timedelta(minutes=10)
WATCHED: Final = timedelta(hours=1)


class Keeper:
    """What one host does; `round` may be called by whoever holds the lock."""

    def __init__(self) -> None:
        self.id = hosts.this()
        self.done: dict[int, float] = {}
        self._since = timedelta(0)

    def begin(self) -> None:
        """Make up for the time in which nobody kept this cache, before copies are used without asking."""
        cache.say_gone()
        host = Host.objects.filter(pk=self.id).first()
        if host is None:
            if (cache.own() / "known").exists():  # forgotten, because it was away for so long
                _empty()
            host = Host.objects.create(pk=self.id, name=socket.gethostname()[:120])
            (cache.own() / "known").touch()
        self._since = timezone.now() - host.seen_at + WATCHED

    def round(self) -> None:
        """Go once through everything."""
        begun = timezone.now()
        since = max(self._since, OVERLAP)
        for row in Drop.objects.filter(at__gte=begun - since).order_by("pk"):
            if row.pk in self.done and not (row.for_good and begun - row.at < WATCHED):
                continue
            if row.by != self.id:
                _drop(row.name)
            self.done[row.pk] = time.monotonic()
        news = {"rounds": F("rounds") + 1, "seen_at": timezone.now()}
        if not Host.objects.filter(pk=self.id).update(**news):
            Host.objects.create(pk=self.id, name=socket.gethostname()[:120])
        self._since = timedelta(0)
        cache.say_alive()
        self.done = {pk: at for pk, at in self.done.items() if time.monotonic() - at < 2 * OVERLAP.total_seconds()}


def house() -> None:
    """What is done once in a while; most of it needs the bucket, and waits for nothing that rounds do."""
    remove_dead_drafts()
    old = timezone.now() - hosts.REMEMBERED
    Drop.objects.filter(at__lt=old, undone=False).delete()
    Host.objects.filter(seen_at__lt=old).delete()
    removals.finish()
    cache.evict()


def remove_dead_drafts() -> None:
    """Remove what processes were receiving that died over it: what is alive grows."""
    for name in cache.roots():
        folder = cache.own(f"{name}/") / "incoming"
        for path in folder.iterdir() if folder.is_dir() else ():
            with contextlib.suppress(FileNotFoundError):
                newest = max(one.stat().st_mtime for one in [path, *path.rglob("*")])
                if time.time() - newest > DEAD_S:
                    shelf.remove_here(path)


def _drop(name: str) -> None:
    if cache.located(name).exists():
        cache.drop(name)
    else:
        cache.unmark(name)


def _empty() -> None:
    """Forget the whole cache of a host that missed what was dropped."""
    log.warning("This host was away for longer than it is known what was removed; its cache is emptied.")
    for first, root in cache.roots().items():
        for path in root.iterdir() if root.is_dir() else ():
            if path.name != cache.OWN:
                cache.drop(f"{first}/{path.name}")


def bring_scorers() -> None:
    """Have here every scorer that the installation made; whole, or not where the analysis looks."""
    versions = {name.split("/")[1] for name in bucket.listed("scorers")}
    root = cache.roots()["scorers"]
    for version in versions:
        if not (root / version / "scorer.json").exists():
            with contextlib.suppress(FileNotFoundError):
                shelf.fetch(root / version)


def start() -> None:
    """Keep this host's cache, as soon as no other process of it does; nothing where there is no bucket."""
    if shelf.is_shared():
        bucket.client()  # loaded here, not by a thread while the process forks
        threading.Thread(target=_live, name="keeper", daemon=True).start()


def _live() -> None:
    cache.own().mkdir(parents=True, exist_ok=True)
    descriptor = os.open(cache.own() / "keeper", os.O_RDWR | os.O_CREAT, 0o600)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            time.sleep(EVERY_S)
    # Apart from each other: a bucket that is away must not keep the rounds from being made.
    threading.Thread(target=_again_and_again, args=(bring_scorers, SCORERS_S), name="scorers", daemon=True).start()
    threading.Thread(target=_again_and_again, args=(house, SELDOM_S), name="house", daemon=True).start()
    kept: list[Keeper] = []

    def once() -> None:
        if not kept:
            keeper = Keeper()
            keeper.begin()
            kept.append(keeper)
        kept[0].round()

    _again_and_again(once, EVERY_S)


def _again_and_again(act: Callable[[], object], every_s: float) -> None:
    while True:
        try:
            act()
        except StorageError as error:
            log.warning("The storage of files is away: %s", error.why)
        except DatabaseError as error:  # copies are not trusted until the next round
            log.warning("The cache of files is not kept: %s", error)
        except Exception:
            log.exception("The keeper of the cache stumbled")
        connection.close()  # the worker forks, and its child must not find a connection that is in use
        time.sleep(every_s)
