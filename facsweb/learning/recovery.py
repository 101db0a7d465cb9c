"""Putting back trainings that a dead worker or an emptied Redis lost; called by the recovery process."""

from __future__ import annotations

import logging
import shutil
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone
from redis import RedisError

from facsweb.audit.services import record
from facsweb.learning import attempts, packages
from facsweb.learning.models import Training
from facsweb.processes import queue

logger = logging.getLogger(__name__)
State = Training.State

STALE: Final = timedelta(seconds=20)  # a living attempt beats every second
GRACE: Final = timedelta(seconds=3)  # between the commit and the enqueueing
TAKEN: Final = timedelta(seconds=30)  # between a worker's taking the job and its claiming the training
MAX_CRASHES: Final = 3
GIVEN_UP: Final = (
    f"The training stopped unexpectedly {MAX_CRASHES} times, so it was given up. Codings and scorers are "
    "unchanged. Look at the log of the workers (memory may have run out), then train again."
)


def recover() -> int:
    """Requeue a training whose worker is gone or whose job is lost; return how many were put back."""
    now = timezone.now()
    stale = Training.objects.filter(state=State.RUNNING, heartbeat_at__lt=now - STALE)
    count = sum(_revive(training) for training in stale)
    for training in Training.objects.filter(state=State.QUEUED, queued_at__lt=now - GRACE):
        job_id = attempts.job_id(training.pk, training.attempt)
        try:
            if queue.is_waiting(job_id) or (training.queued_at > now - TAKEN and queue.is_started(job_id)):
                continue
        except RedisError:
            return count  # nothing to do until Redis is back; the row keeps waiting
        attempts.enqueue(training.pk, training.attempt)
        logger.warning("Training %s was not in the queue; it was put back.", training.number)
        count += 1
    return count


def _revive(training: Training) -> bool:
    """Give a training whose worker fell silent to another, unless it was to be stopped or crashes every time."""
    now, attempt = timezone.now(), training.attempt
    with transaction.atomic():
        mine = Training.objects.filter(
            pk=training.pk, state=State.RUNNING, attempt=attempt, heartbeat_at=training.heartbeat_at
        )
        if training.cancel_requested_at is not None:
            changed = mine.update(state=State.CANCELLED, finished_at=now)
        elif training.crashes + 1 >= MAX_CRASHES:
            changed = mine.update(
                state=State.FAILED,
                finished_at=now,
                crashes=training.crashes + 1,
                error=GIVEN_UP,
                error_detail=f"No heartbeat from {training.worker} since {training.heartbeat_at}.",
            )
        else:
            changed = attempts.requeue(mine, attempt, crashes=training.crashes + 1)
            if changed:
                attempts.enqueue(training.pk, attempt + 1)
        if not changed:
            return False
        record(None, "training.recover", training, attempt=attempt, worker=training.worker)
    logger.warning("Training %s, attempt %s: its worker fell silent.", training.number, attempt)
    shutil.rmtree(packages.draft(f"{training.pk}-{attempt}"), ignore_errors=True)
    return True
