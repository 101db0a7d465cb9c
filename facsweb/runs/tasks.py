"""What the queue calls. Ids in, nothing out; may run twice, may die anywhere."""

from __future__ import annotations

import os
import socket
import uuid


def analyse(run_id: str, attempt: int) -> None:
    """Make one attempt at a run."""
    from facsweb.runs.job import perform  # imports the whole analysis, which only the worker's child needs

    perform(uuid.UUID(run_id), attempt, worker=_worker())


def measure_segment(segment_id: str, attempt: int) -> None:
    """Make one attempt at a segment of a long recording."""
    from facsweb.runs.segments import perform

    perform(uuid.UUID(segment_id), attempt, worker=_worker())


def _worker() -> str:
    return f"{socket.gethostname()}:{os.getppid()}"
