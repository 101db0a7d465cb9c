"""Saying that one is at work on something, so that other hosts do not begin the same: an entry that is renewed.

It saves work and decides nothing: results are published by conditional UPDATEs, as everywhere.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from facsweb.storage.models import Claim

LASTS: Final = timedelta(seconds=30)
RENEWED_S: Final = 8.0


class Busy(Exception):  # noqa: N818 (a state, not a fault)
    """Somebody else is at work on it."""


def is_claimed(name: str) -> bool:
    """Whether somebody is at work on it."""
    return Claim.objects.filter(name=name, until__gte=timezone.now()).exists()


@contextmanager
def claimed(name: str) -> Iterator[None]:
    """Be the one who is at work on it.

    Raises
    ------
    Busy
        Somebody else is.
    """
    me = uuid.uuid4()
    values = {"holder": me, "until": timezone.now() + LASTS}
    if not Claim.objects.filter(name=name, until__lt=timezone.now()).update(**values):
        try:
            with transaction.atomic():
                Claim.objects.create(name=name, **values)
        except IntegrityError:
            raise Busy(name) from None
    over = threading.Event()
    thread = threading.Thread(target=_renew, args=(name, me, over), name="claim", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        Claim.objects.filter(name=name, holder=me).delete()


def _renew(name: str, me: uuid.UUID, over: threading.Event) -> None:
    while not over.wait(RENEWED_S):
        try:
            Claim.objects.filter(name=name, holder=me).update(until=timezone.now() + LASTS)
        except DatabaseError:
            continue  # busy or away: tried again before it ends
    connection.close()
