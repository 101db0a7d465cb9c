"""The worker: one job at a time, each in a child process with limits, so a crash takes only the job with it."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from django.db import DatabaseError, connections
from redis import RedisError
from rq import Worker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.queue import Queue

from analysis.interrupts import comes_again
from facsweb.logs import context
from facsweb.processes import beats, belt, child, limits

logger = logging.getLogger("facsweb.jobs")

#: Jobs that give their work back in good order when they get SIGTERM. Others are left to finish.
STOPPABLE: Final = frozenset(
    {"facsweb.runs.tasks.analyse", "facsweb.runs.tasks.measure_segment", "facsweb.learning.tasks.learn"}
)


#: So many jobs of other queues a worker does before it looks into one that it has not served.
PATIENCE: Final = 8


class AnalysisWorker(Worker):
    """RQ's forking worker; it outlives a restart of Redis, and its child never outlives it.

    It takes from its queues in their order, so that what is short comes first. A queue from which it has taken
    nothing for `PATIENCE` jobs comes first once, so that no stream of short jobs keeps measuring waiting for ever.
    """

    max_connection_wait_time = 2.0  # seconds between attempts to reach Redis
    stoppable = False
    dequeue_timeout = 30  # seconds; its loop turns so often while there is nothing to do

    def heartbeat(self, *args: Any, **values: Any) -> None:
        if os.getpid() == self.pid:  # not in the child that does a job
            beats.beat("worker")
        super().heartbeat(*args, **values)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._passed = dict.fromkeys((queue.name for queue in self.queues), 0)

    def work(self, *args: Any, **values: Any) -> bool:
        # One that waits for jobs is told to stop by what a signal's handler raises.
        with comes_again(signal.SIGTERM, StopRequested, self._install_signal_handlers):
            return super().work(*args, **values)

    def execute_job(self, job: Job, queue: Queue) -> None:
        self.stoppable = job.func_name in STOPPABLE
        self._tell(belt.take, job)
        super().execute_job(job, queue)
        self._tell(belt.ended, job)

    def _tell(self, what: Callable[[str, str], None], job: Job) -> None:
        """Tell the database about the ticket; what it does not hear, the recovery process finds out."""
        try:
            what(job.id, self.name)
        except DatabaseError as error:
            logger.warning("Worker %s: the database is away: %s", self.name, error)
        finally:
            connections.close_all()  # a forked child must not share one

    def reorder_queues(self, reference_queue: Queue) -> None:
        """Called with the queue that the last job came from."""
        for name in self._passed:
            self._passed[name] = 0 if name == reference_queue.name else self._passed[name] + 1
        self._ordered_queues = sorted(self.queues, key=lambda queue: self._passed[queue.name] < PATIENCE)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        parent = os.getppid()
        child.end_with_parent(signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        limits.limit_job()
        super().main_work_horse(job, queue)

    def perform_job(self, job: Job, queue: Queue) -> bool:
        began = time.perf_counter()
        with context.carrying(request=job.meta.get("request"), job=job.id):
            done = super().perform_job(job, queue)
            facts = {"function": job.func_name, "status": "done" if done else "failed"}
            logger.info("job", extra={"facts": facts | {"seconds": round(time.perf_counter() - began, 3)}})
        return done

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        logger.error("The job failed.", exc_info=exc_info)
        super().handle_exception(job, *exc_info)

    def maintain_heartbeats(self, job: Job) -> None:
        try:
            super().maintain_heartbeats(job)
        except RedisError as error:  # the job itself does not need Redis
            self.log.warning("Worker %s: Redis is away: %s", self.name, error)

    def request_stop(self, signum: int, frame: FrameType | None) -> Any:
        if self.stoppable and self.horse_pid:
            with contextlib.suppress(ProcessLookupError):  # its job has just ended
                os.kill(self.horse_pid, signal.SIGTERM)
        return super().request_stop(signum, frame)
