"""Jobs of the queue: ids in, services do the work."""

from __future__ import annotations

import logging
from uuid import UUID

from facsweb.processes.outage import OUTAGE
from facsweb.recordings import proxies

log = logging.getLogger(__name__)


def make_proxy(recording_id: str) -> None:
    """Make the copy of a recording that browsers can play; safe to run twice."""
    try:
        proxies.make(UUID(recording_id))
    except OUTAGE:  # it waits, and is put back
        raise
    except Exception:
        log.exception("The proxy of %s failed", recording_id)
        proxies.fail(
            UUID(recording_id), "Something unexpected went wrong while the playable copy was made. Try again."
        )
        raise  # the queue keeps the traceback for the operator
