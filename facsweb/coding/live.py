"""Telling the pages that show a layer that it changed; a courtesy: pages that miss a message look themselves."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Sequence
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from facsweb.accounts.models import User
from facsweb.coding.models import Revision
from facsweb.runs.progress import SEND_TIMEOUT_S

logger = logging.getLogger(__name__)
MOST_NAMED = 200  # a message that names more events than this only says that something changed


def group(layer_id: uuid.UUID) -> str:
    """Name of the channel group of a layer."""
    return f"layer.{layer_id.hex}"


def announce_changes(actor: User, layer_id: uuid.UUID, revisions: Sequence[Revision]) -> None:
    """Tell who reads the layer which events changed, once the transaction is committed."""
    events = sorted({str(revision.event_id) for revision in revisions})
    values = {
        "revision": max(revision.layer_revision for revision in revisions),
        "events": events if len(events) <= MOST_NAMED else [],
        "author": actor.get_full_name(),
    }
    transaction.on_commit(lambda: tell(layer_id, "changes", **values))


def tell(layer_id: uuid.UUID, kind: str, **values: Any) -> None:
    """Send a message to everybody who reads the layer; never raises, never waits longer than a second."""
    try:
        async_to_sync(_send)(layer_id, {"type": "layer.said", "kind": kind, "values": values})
    except RuntimeError as error:  # called where an event loop runs
        logger.info("No live message for layer %s: %s", layer_id, error)


async def _send(layer_id: uuid.UUID, message: dict[str, Any]) -> None:
    try:
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await get_channel_layer().group_send(group(layer_id), message)
    except Exception as error:  # whatever goes wrong between here and Redis, the change is stored
        logger.info("No live message for layer %s: %s", layer_id, error)
