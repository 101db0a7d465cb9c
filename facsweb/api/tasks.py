"""Jobs of the queue: ids in, services do the work."""

from __future__ import annotations

import uuid

from facsweb.api import delivering


def deliver(delivery_id: str) -> None:
    """Send a delivery that is due; may run twice."""
    delivering.deliver(uuid.UUID(delivery_id))
