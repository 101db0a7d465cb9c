"""The worker: one job at a time, each in a child process with limits, so a crash takes only the job with it."""

from __future__ import annotations

import logging
import os
import signal
import time
from types import FrameType
from typing import Any, Final

from redis import RedisError
from rq import Worker
from rq.job import Job
from rq.queue import Queue

from facsweb.logs import context
from facsweb.processes import beats, child, limits

logger = logging.getLogger("facsweb.jobs")

#: Jobs that give their work back in good order when they get SIGTERM. Others are left to finish.
STOPPABLE: Final = frozenset({"facsweb.runs.tasks.analyse", "facsweb.learning.tasks.learn"})


class AnalysisWorker(Worker):
    """RQ's forking worker; it outlives a restart of Redis, and its child never outlives it."""

    max_connection_wait_time = 2.0  # seconds between attempts to reach Redis
    stoppable = False
    dequeue_timeout = 30  # seconds; its loop turns so often while there is nothing to do

    def heartbeat(self, *args: Any, **values: Any) -> None:
        if os.getpid() == self.pid:  # not in the child that does a job
            beats.beat("worker")
        super().heartbeat(*args, **values)

    def execute_job(self, job: Job, queue: Queue) -> None:
        self.stoppable = job.func_name in STOPPABLE
        super().execute_job(job, queue)

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
            os.kill(self.horse_pid, signal.SIGTERM)
        return super().request_stop(signum, frame)
