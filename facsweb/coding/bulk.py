"""Many events at once: what the machine proposed, what a file brought, what two coders agreed on."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Final

from django.utils import timezone

from facsweb.coding.content import Content
from facsweb.coding.models import Event, Layer, Revision

BATCH: Final = 500


def write_proposals(layer: Layer, proposals: Sequence[tuple[uuid.UUID | None, Content]]) -> None:
    """Write events whose first revision has the machine as its author, into a layer that is just being made."""
    _write(layer, proposals, 0, action=Revision.Action.PROPOSE, standing=Revision.Standing.PROPOSED)


def write_additions(layer: Layer, additions: Sequence[tuple[uuid.UUID | None, Content]], **by: Any) -> list[Event]:
    """Write events that a person adds together, as the first change of a layer; they count as revision 1 of it.

    Parameters
    ----------
    layer : Layer
        One without events. Its revision is the caller's to set.
    additions : sequence of (source, Content)
        `source` is the id of the event that it was taken from, or None.
    by
        ``author`` and, if there is one, ``group`` of the revisions.
    """
    return _write(layer, additions, 1, action=Revision.Action.CREATE, standing=Revision.Standing.ADDED, **by)


def _write(
    layer: Layer, contents: Sequence[tuple[uuid.UUID | None, Content]], layer_revision: int, **said: Any
) -> list[Event]:
    now = timezone.now()
    events = [Event(layer=layer, source_id=source) for source, _ in contents]
    Event.objects.bulk_create(events, batch_size=BATCH)
    Revision.objects.bulk_create(
        [
            Revision(event=event, number=1, layer_revision=layer_revision, at=now, **said, **content.as_dict())
            for event, (_, content) in zip(events, contents, strict=True)
        ],
        batch_size=BATCH,
    )
    return events
