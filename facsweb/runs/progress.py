"""What the people who wait for a run see: typed messages, one channel group per run.

The database is the truth. Messages are a courtesy: a page that misses some reads a snapshot, and an analysis never
waits for a Redis that is gone.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.urls import reverse

from facsweb.processes.place import places
from facsweb.runs.models import AnalysisRun

logger = logging.getLogger(__name__)

QUEUE, MEASURE, INTERPRET, PUBLISH = "queue", "measure", "interpret", "publish"
NAMES: Final = {
    QUEUE: "Waiting for a worker",
    MEASURE: "Measuring every frame",
    INTERPRET: "Reading the Action Units",
    PUBLISH: "Saving the result",
}
SEND_TIMEOUT_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Stage:
    """One line of the list of stages. ``value`` and ``max`` are None where the amount of work is not known."""

    key: str
    name: str
    state: str  # waiting | active | done | failed
    value: int | None = None
    max: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Sent at most twice a second while a worker works."""

    attempt: int
    stages: list[Stage]
    still: str | None
    type: str = "progress"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that the page of a run shows; sent first, after every change of state, and to pages that poll."""

    run: str
    state: str
    label: str
    attempt: int
    active: bool
    cancelling: bool
    stages: list[Stage]
    still: str | None
    error: str
    log: list[dict[str, str]]
    type: str = "snapshot"


def group(run_id: uuid.UUID) -> str:
    """Name of the channel group of a run."""
    return f"run.{run_id.hex}"


def still_url(run_id: uuid.UUID, number: int) -> str | None:
    """Address of the newest picture; the number makes browsers fetch the next one."""
    return f"{reverse('runs:still', args=[run_id])}?v={number}" if number else None


def note(done: int, total: int | None, rate: float | None, part: str = "") -> str:
    """The words behind a bar, such as ``part 3 of 12 · 812 of 3,600 frames · 312 frames/s · 9 s left``."""
    parts = [f"part {part.replace('/', ' of ')}"] if part else []
    parts.append(f"{done:,} of {total:,} frames" if total else f"{done:,} frames")
    if rate:
        parts.append(f"{rate:,.0f} frames/s")
        if total and total > done:
            parts.append(f"{duration((total - done) / rate)} left")
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """A waiting time as a person says it: ``9 s``, ``4 min``, ``1 h 20 min``."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def stages_of(
    run: AnalysisRun, *, stage: str = "", done: int = 0, total: int | None = None, rate: float | None = None
) -> list[Stage]:
    """The stages of a run in a state; ``stage``, ``done``, ``total`` and ``rate`` describe the one at work."""
    stage, _, part = stage.partition(" ")  # such as "measure 3/12"
    keys = [key for key in NAMES if key != MEASURE or not run.parameters.get("measurement_from")]
    if run.state == run.State.SUCCEEDED:
        return [Stage(key, NAMES[key], "done") for key in keys]
    started = run.state != run.State.QUEUED and run.started_at is not None
    current = keys.index(stage) if stage in keys else int(started)  # started: the models are being loaded
    ended = run.state in (run.State.FAILED, run.State.CANCELLED)
    result = []
    for position, key in enumerate(keys):
        if position != current:
            result.append(Stage(key, NAMES[key], "done" if position < current else "waiting"))
        elif ended:
            result.append(Stage(key, NAMES[key], "failed", done or None, total))
        elif key == MEASURE:
            known = total if total and total >= done else None
            result.append(
                Stage(key, NAMES[key], "active", done if known else None, known, note(done, known, rate, part))
            )
        else:
            result.append(Stage(key, NAMES[key], "active"))
    return result


def snapshot(run: AnalysisRun) -> Snapshot:
    """What the database says about the run now."""
    stages = stages_of(run, stage=run.stage, done=run.done, total=run.total, rate=run.rate)
    if run.state == run.State.QUEUED and (found := places([run.pk]).get(run.pk)) is not None:
        stages[0] = replace(stages[0], note=found.words)
    return Snapshot(
        run=str(run.pk),
        state=run.state,
        label=run.get_state_display(),
        attempt=run.attempt,
        active=run.is_active,
        cancelling=run.is_active and run.cancel_requested_at is not None,
        stages=stages,
        still=still_url(run.pk, run.stills),
        error=run.error,
        log=[{"at": line.at.isoformat(timespec="seconds"), "text": line.text} for line in run.log.all()],
    )


def read(run_id: uuid.UUID) -> tuple[AnalysisRun, Snapshot] | None:
    """The run, and what its page shows, both of one moment; None where there is no such run.

    The snapshot asks several tables. A worker that takes the run between two of them would make it one of no
    moment: waiting, and begun. So it is taken again where the run has changed its state meanwhile.
    """
    found = AnalysisRun.objects.filter(pk=run_id)
    while run := found.select_related("recording__participant__study").first():
        whole = snapshot(run)
        if found.values_list("state", "attempt").first() == (run.state, run.attempt):
            return run, whole
    return None


def message(content: Progress | Snapshot) -> dict[str, Any]:
    """Plain JSON values of a message."""
    return asdict(content)


async def send(run_id: uuid.UUID, handler: str, **content: Any) -> bool:
    """Send to the group of a run; False when that could not be done in a second. Never raises."""
    layer = get_channel_layer()
    try:
        async with asyncio.timeout(SEND_TIMEOUT_S):
            # All who watch in one process read the database once for one message.
            named = {"type": handler, "moment": uuid.uuid4().hex}
            await layer.group_send(group(run_id), named | content)
    except Exception as error:  # whatever goes wrong between here and Redis, the run goes on
        logger.info("No live progress for run %s: %s", run_id, error)
        return False
    return True


def announce(run_id: uuid.UUID) -> None:
    """Tell everybody who watches the run to read its state again; call it after the commit."""
    try:
        async_to_sync(send)(run_id, "run.changed")
    except (
        RuntimeError
    ) as error:  # called where an event loop runs: pages look into the database every few seconds
        logger.info("No live message for run %s: %s", run_id, error)
