"""Beats of processes in the database, where every host reads them."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from typing import Final

from django.db import connections
from django.utils import timezone

from facsweb.operation.models import Beat
from facsweb.processes.beats import SILENT_S

#: A beat that is older is of a process that ended long ago.
FORGOTTEN: Final = timedelta(hours=1)


def note(kind: str) -> None:
    """Write this process's beat, and leave no connection open that a forked child would share."""
    name = f"{kind} {socket.gethostname()[:100]} {os.getpid()}"
    now = timezone.now()
    try:
        if not Beat.objects.filter(name=name).update(at=now):
            Beat.objects.filter(at__lt=now - FORGOTTEN).delete()
            Beat.objects.create(name=name, kind=kind, at=now)
    finally:
        if kind == "worker":
            connections.close_all()


def silent_s(kind: str) -> float | None:
    """Seconds since a process of that kind was last heard, on any host; None when none ever was."""
    last = Beat.objects.filter(kind=kind).order_by("-at").values_list("at", flat=True).first()
    return None if last is None else max(0.0, (timezone.now() - last).total_seconds())


def living(kind: str) -> int:
    """How many processes of that kind were heard lately."""
    return Beat.objects.filter(kind=kind, at__gt=timezone.now() - timedelta(seconds=SILENT_S)).count()
