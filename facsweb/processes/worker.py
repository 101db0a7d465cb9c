"""The worker: one job at a time, each in a child process with limits, so a crash takes only the job with it."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Any, Final

from redis import RedisError
from rq import Worker
from rq.job import Job
from rq.queue import Queue

from facsweb.processes import child, limits

#: Jobs that give their work back in good order when they get SIGTERM. Others are left to finish.
STOPPABLE: Final = frozenset(
    {"facsweb.runs.tasks.analyse", "facsweb.runs.tasks.measure_segment", "facsweb.learning.tasks.learn"}
)


class AnalysisWorker(Worker):
    """RQ's forking worker; it outlives a restart of Redis, and its child never outlives it."""

    max_connection_wait_time = 2.0  # seconds between attempts to reach Redis
    stoppable = False

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

    def maintain_heartbeats(self, job: Job) -> None:
        try:
            super().maintain_heartbeats(job)
        except RedisError as error:  # the job itself does not need Redis
            self.log.warning("Worker %s: Redis is away: %s", self.name, error)

    def request_stop(self, signum: int, frame: FrameType | None) -> Any:
        if self.stoppable and self.horse_pid:
            os.kill(self.horse_pid, signal.SIGTERM)
        return super().request_stop(signum, frame)
