"""What the queue calls. Ids in, nothing out; may run twice, may die anywhere."""

from __future__ import annotations

import os
import socket
import uuid


def _worker() -> str:
    return f"{socket.gethostname()}:{os.getppid()}"


def erase(erasure_id: str, attempt: int) -> None:
    """Make one attempt at destroying what is to be destroyed."""
    from facsweb.privacy.job import perform  # imports every app; only the worker's child needs it

    perform(uuid.UUID(erasure_id), attempt, worker=_worker())


def copy(copy_id: str, attempt: int) -> None:
    """Make one attempt at a copy of everything about a participant."""
    from facsweb.privacy.job import perform_copy

    perform_copy(uuid.UUID(copy_id), attempt, worker=_worker())
