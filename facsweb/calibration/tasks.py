"""What the queue calls. Ids in, nothing out; may run twice, may die anywhere."""

from __future__ import annotations

import os
import socket
import uuid


def calibrate(version_id: str, attempt: int) -> None:
    """Make one attempt at a calibration."""
    from facsweb.calibration.job import perform  # imports the engine, which only the worker's child needs

    perform(uuid.UUID(version_id), attempt, worker=f"{socket.gethostname()}:{os.getppid()}")
