"""What the queue calls. Ids in, nothing out; may run twice, may die anywhere."""

from __future__ import annotations

import os
import socket
import uuid


def read(reading_id: str, attempt: int) -> None:
    """Make one attempt at a reading."""
    from facsweb.meaning.job import perform  # imports the engine, which only the worker's child needs

    perform(uuid.UUID(reading_id), attempt, worker=f"{socket.gethostname()}:{os.getppid()}")
