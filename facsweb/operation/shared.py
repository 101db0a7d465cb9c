"""Figures of the whole installation, read from database, Redis and disk when somebody asks for them.

Every web process gives the same ones, so a graph takes their highest value. Nothing here counts a large table as a
whole but by an index, and what is counted is kept for a while.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from rq import Worker

from facsweb.api.models import Webhook
from facsweb.audit import checking, triggers
from facsweb.audit.anchors import made_at, newest
from facsweb.audit.models import Entry
from facsweb.operation import readiness
from facsweb.operation.models import Backup, Beat
from facsweb.processes import queue
from facsweb.processes.work import Work
from facsweb.recordings.models import Upload
from facsweb.runs.models import AnalysisRun

#: Seconds for which figures are kept: the quick ones, counts of what is over, and the check of the log.
QUICK_S, SLOW_S, LOG_S = 5.0, 60.0, 600.0
#: The log is checked from its newest anchor on; more entries than this are left to ``manage.py audit verify``.
MOST_ENTRIES: Final = 20_000
Figures = Callable[[], list[Metric]]


def _gauge(name: str, words: str, values: list[tuple[dict[str, str], float]]) -> Metric:
    labels = list(values[0][0]) if values else []
    made = GaugeMetricFamily(f"facsweb_{name}", words, labels=labels)
    for of, value in values:
        made.add_metric([of[label] for label in labels], value)
    return made


def _age(moment: Any) -> float:
    return max(0.0, (timezone.now() - moment).total_seconds())


def _kinds() -> Iterator[tuple[str, type[models.Model]]]:
    """Name → model of everything that a worker does."""
    for model in apps.get_models():
        if issubclass(model, Work):
            yield model._meta.label_lower, model


def work() -> list[Metric]:
    """What waits and what runs, by kind."""
    waiting, running, oldest, silent = [], [], [], []
    for kind, model in _kinds():
        rows = model._default_manager
        queued = rows.filter(state="queued").aggregate(n=models.Count("pk"), first=models.Min("queued_at"))
        busy = rows.filter(state="running").aggregate(n=models.Count("pk"), first=models.Min("heartbeat_at"))
        of = {"kind": kind}
        waiting.append((of, queued["n"]))
        running.append((of, busy["n"]))
        oldest.append((of, _age(queued["first"]) if queued["first"] else 0.0))
        silent.append((of, _age(busy["first"]) if busy["first"] else 0.0))
    rate = AnalysisRun.objects.filter(state="running").aggregate(rate=models.Sum("rate"))["rate"]
    return [
        _gauge("work_waiting", "Work that waits for a worker.", waiting),
        _gauge("work_running", "Work that a worker does.", running),
        _gauge("work_oldest_waiting_seconds", "Since when the oldest waits.", oldest),
        _gauge("work_heartbeat_seconds", "Since the most silent of those that run was heard.", silent),
        _gauge("frames_measured_per_second", "Frames of all analyses that run.", [({}, rate or 0.0)]),
    ]


def queues() -> list[Metric]:
    """What of it lies in Redis, and who listens."""
    names = list(getattr(queue, "QUEUES", None) or [queue.QUEUE])
    redis = queue.connection()
    lengths = [({"queue": name}, redis.llen(f"rq:queue:{name}")) for name in names]
    listening = dict.fromkeys(names, 0)
    for worker in Worker.all(connection=redis):
        for name in worker.queue_names():
            if name in listening:
                listening[name] += 1
    return [
        _gauge("queue_length", "Jobs in a queue of Redis.", lengths),
        _gauge(
            "queue_workers", "Workers that listen to a queue.", [({"queue": n}, c) for n, c in listening.items()]
        ),
    ]


def tickets() -> list[Metric]:
    """What waits in the database for a place in Redis, where jobs are handed on fairly by tickets."""
    model = apps.all_models["processes"].get("ticket")
    if model is None:
        return []
    rows = model._default_manager.filter(belt_at=None).order_by().values("lane__queue")
    found = list(rows.annotate(n=models.Count("pk"), first=models.Min("queued_at")))
    return [
        _gauge(
            "tickets_waiting",
            "Jobs that wait for their turn.",
            [({"queue": r["lane__queue"]}, r["n"]) for r in found],
        ),
        _gauge(
            "tickets_oldest_seconds",
            "Since when.",
            [({"queue": r["lane__queue"]}, _age(r["first"])) for r in found],
        ),
    ]


def processes() -> list[Metric]:
    """Processes without a port of their own."""
    rows = Beat.objects.values("kind").annotate(last=models.Max("at"))
    heard = [({"kind": row["kind"]}, _age(row["last"])) for row in rows]
    return [_gauge("process_heard_seconds", "Since any process of a kind was heard.", heard)]


def traffic() -> list[Metric]:
    """Uploads and webhooks."""
    open_ = Upload.objects.filter(state=Upload.State.RECEIVING, expires_at__gt=timezone.now())
    found = open_.aggregate(n=models.Count("pk"), bytes=models.Sum("offset"))
    hooks = Webhook.objects.exclude(failures=0).count()
    off = Webhook.objects.filter(state=Webhook.State.DISABLED).count()
    return [
        _gauge("uploads_open", "Uploads under way.", [({}, found["n"])]),
        _gauge("uploads_open_bytes", "Bytes that were received of them.", [({}, found["bytes"] or 0)]),
        _gauge("webhooks_failing", "Webhooks whose last attempt failed.", [({}, hooks)]),
        _gauge("webhooks_disabled", "Webhooks that were disabled after failing.", [({}, off)]),
    ]


def room() -> list[Metric]:
    """Disk, database, backups."""
    usage = shutil.disk_usage(settings.DATA_DIR)
    found = [
        _gauge("disk_free_bytes", "Free space of the data folder.", [({}, usage.free)]),
        _gauge("disk_size_bytes", "Size of its disk.", [({}, usage.total)]),
        _gauge("database_bytes", "Size of the database.", [({}, _database_bytes())]),
    ]
    if last := Backup.objects.order_by("-at").values_list("at", flat=True).first():
        found.append(_gauge("backup_seconds", "Since the last backup was finished.", [({}, _age(last))]))
    return found


def _database_bytes() -> int:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
    name = Path(str(connection.settings_dict["NAME"]))
    return sum(one.stat().st_size for one in (name, Path(f"{name}-wal")) if one.exists())


def states() -> list[Metric]:
    """Analyses by state; counted through an index."""
    rows = AnalysisRun.objects.order_by().values("state").annotate(n=models.Count("pk"))
    return [_gauge("runs", "Analyses by state.", [({"state": row["state"]}, row["n"]) for row in rows])]


def log() -> list[Metric]:
    """The audit log: how long, whether it is protected, whether it fits since its newest anchor."""
    last = Entry.objects.order_by("-number").values_list("number", flat=True).first() or 0
    faults = len(triggers.missing(connection)) + len(triggers.strangers(connection))
    found = [
        _gauge("audit_entries", "Entries of the log.", [({}, last)]),
        _gauge("audit_protection_faults", "Triggers of the log that are gone or strange.", [({}, faults)]),
    ]
    anchor = newest()
    if anchor is not None:
        found.append(_gauge("audit_anchor_seconds", "Since its newest anchor.", [({}, _age(made_at(anchor)))]))
    start = anchor.entry if anchor else 0
    if last - start <= MOST_ENTRIES:
        wrong = len(checking.verify(start=start, files=False).faults)
        found.append(_gauge("audit_faults", "Faults of the log since its newest anchor.", [({}, wrong)]))
    return found


def ready() -> list[Metric]:
    """What ``/readyz`` says."""
    checks = [({"check": name}, float(well)) for name, well in readiness.board.look().items()]
    return [_gauge("ready", "1 where a check of /readyz is well.", checks)]


#: What is read, and for how many seconds it is kept.
READ: Final[dict[Figures, float]] = {
    ready: 0.0,
    work: QUICK_S,
    queues: QUICK_S,
    tickets: QUICK_S,
    processes: QUICK_S,
    traffic: QUICK_S,
    room: QUICK_S,
    states: SLOW_S,
    log: LOG_S,
}


class Shared:
    """Prometheus' collector; what cannot be read is left out, and `facsweb_read` says so."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Figures, tuple[float, list[Metric]]] = {}

    def collect(self) -> Iterator[Metric]:
        """Everything that can be read."""
        read = []
        for figures, seconds in READ.items():
            found = self._of(figures, seconds)
            read.append(({"part": figures.__name__}, float(found is not None)))
            yield from found or []
        yield _gauge("read", "1 where this part of the figures could be read.", read)

    def _of(self, figures: Figures, seconds: float) -> list[Metric] | None:
        with self._lock:
            at, kept = self._kept.get(figures, (float("-inf"), []))
            if time.monotonic() - at < seconds:
                return kept
            try:
                found = figures()
            except Exception:  # a database or Redis that is away; readiness logs it
                return None
            self._kept[figures] = (time.monotonic(), found)
            return found

    def forget(self) -> None:
        """Read everything anew the next time."""
        self._kept.clear()


collector: Final = Shared()
registry: Final = CollectorRegistry(auto_describe=False)
registry.register(collector)  # type: ignore[arg-type]
