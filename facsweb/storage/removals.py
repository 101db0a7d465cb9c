"""Removing from the bucket so that a death in the middle, or a bucket that is away, leaves nothing behind.

What is to go is written down before it goes. Whoever keeps something of that name later finishes the removal
first, so that it does not take what is new.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from facsweb.storage import bucket, claims, hosts
from facsweb.storage.errors import StoreAway
from facsweb.storage.models import Drop

#: Whoever removes something is not disturbed for so long.
AT_WORK: Final = timedelta(minutes=2)


def begin(name: str, *, for_good: bool) -> Drop:
    """Write down that a name goes."""
    return Drop.objects.create(name=name, for_good=for_good, undone=True)


def done(row: Drop) -> None:
    """It is gone: whatever a host fetched in the meantime goes, too."""
    hosts.announce(row.name, for_good=row.for_good)
    Drop.objects.filter(pk=row.pk).update(undone=False)


def finish(older: timedelta = AT_WORK) -> int:
    """Remove what somebody could not, because the bucket was away or they died over it; return how many names."""
    count = 0
    for row in Drop.objects.filter(undone=True, at__lte=timezone.now() - older).order_by("pk")[:1000]:
        with contextlib.suppress(claims.Busy):
            count += _finish(row)
    return count


def _finish(row: Drop) -> bool:
    with claims.claimed(f"drop {row.pk}"):
        if not Drop.objects.filter(pk=row.pk, undone=True).exists():
            return False
        bucket.remove(row.name, for_good=row.for_good)
        done(row)
        return True


def catch_up(name: str) -> None:
    """Finish removals of a name, of what it lies in and of what lies in it, before it is there again.

    Raises
    ------
    StoreAway
        The bucket is away, or another host is removing it at this moment.
    """
    parts = name.split("/")
    above = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
    for row in Drop.objects.filter(Q(name__in=above) | Q(name__startswith=f"{name}/"), undone=True):
        try:
            _finish(row)
        except claims.Busy as error:
            raise StoreAway(f"{row.name} is being removed") from error
