"""What hosts that share a bucket tell each other through the database: what to drop, and that they have.

No clock decides: whoever waits counts the rounds in which a host went through the whole list. The clock only says
which hosts are not running, and those ask the bucket about every file before they use it (`cache`).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.utils import timezone

from facsweb.storage import cache, shelf
from facsweb.storage.models import Drop, Host

#: A host that was not heard of for so long is not running.
SILENT: Final = timedelta(seconds=60)
#: How long whoever destroys waits for the others, seconds.
WAIT_S: Final = 60.0
#: How long it is known what was dropped. A host that was away for longer begins with an empty cache.
REMEMBERED: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Settled:
    """How many hosts have dropped everything, and how many were not running."""

    hosts: int
    silent: int

    def sentence(self) -> str:
        """What a certificate says of it."""
        said = (
            "The files were looked for in the shared storage, with earlier versions that it keeps, and the "
            f"working copies of {_servers(self.hosts)} were confirmed as removed."
        )
        if self.silent:
            said += (
                f" {_servers(self.silent)} did not answer; a server that was away uses no working copy before "
                "the shared storage has confirmed it, and removes those that are gone when it is back."
            )
        return said


def _servers(number: int) -> str:
    return "1 server" if number == 1 else f"{number} servers"


def this() -> uuid.UUID:
    """The identity of this host's cache, made at first use."""
    place = cache.own() / "id"
    try:
        return uuid.UUID(place.read_text())
    except FileNotFoundError:
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_name(f"id.{uuid.uuid4().hex}")
        draft.write_text(str(uuid.uuid4()))
        try:
            place.hardlink_to(draft)  # the first process wins
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return uuid.UUID(place.read_text())


def announce(name: str, *, mine: bool = False, for_good: bool = False) -> None:
    """Have every host drop what it has of a full name; with `mine`, every other one."""
    Drop.objects.create(name=name, by=this() if mine else None, for_good=for_good)


def settle(tell: Callable[[], None] = lambda: None, wait_s: float = WAIT_S) -> Settled:
    """Wait until every host that is running has gone through what was announced before.

    Parameters
    ----------
    tell : callable
        Called while it waits; may raise to end it.
    wait_s : float
        Seconds after which a host that makes no round counts as not running.
    """
    if not shelf.is_shared():
        return Settled(1, 0)
    awaited = {
        host.pk: host.rounds + 2  # the round that is under way may have begun before
        for host in Host.objects.filter(seen_at__gte=timezone.now() - SILENT)
    }
    until = time.monotonic() + wait_s
    while True:
        now = dict(Host.objects.filter(pk__in=awaited).values_list("pk", "rounds"))
        behind = [pk for pk, wanted in awaited.items() if now.get(pk, wanted) < wanted]
        if not behind or time.monotonic() > until:
            sure = {this()} | (awaited.keys() - set(behind))  # who asks has dropped it itself
            return Settled(len(sure), Host.objects.exclude(pk__in=sure).count())
        tell()
        time.sleep(0.2)
