"""Several changes of a layer as one: all of them are written, or none."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from facsweb.accounts.models import User
from facsweb.coding import writing
from facsweb.coding.live import announce_changes
from facsweb.coding.models import Event, Layer, Revision

MOST: Final = 2000  # changes of one request: the layer is locked while they are written
ACTIONS: Final = ("create", "change", "accept", "delete", "restore")


@dataclass(frozen=True, slots=True)
class Change:
    """One change as the browser describes it.

    Attributes
    ----------
    action : str
        One of `ACTIONS`.
    event_id : UUID
        The event; for ``create`` the new event's.
    content : dict
        What a new event says, or what a change says differently.
    expected : int
        Number of the event's revision that the actor saw; not used by ``create``.
    to : int
        The revision that ``restore`` brings back.
    """

    action: str
    event_id: uuid.UUID
    content: dict[str, Any] = field(default_factory=dict)
    expected: int = 0
    to: int = 0


def apply_changes(
    actor: User, layer: Layer, changes: Sequence[Change], *, request_id: uuid.UUID
) -> list[Revision]:
    """Write all changes in their order, in one transaction, as revisions of one group.

    A repeated request returns what the first one wrote. The revisions' own request ids are derived from
    `request_id` and the change's position.

    Raises
    ------
    Conflict, ValidationError
        As ``services.change_event``; nothing was written. Their ``index`` is the position of the refused change.
    PermissionDenied, Signed, Closed, ConsentMissing
        As ``services.change_event``.
    """
    if not 0 < len(changes) <= MOST:
        raise ValidationError(f"One request holds between 1 and {MOST} changes.")
    ids = [uuid.uuid5(request_id, str(index)) for index in range(len(changes))]
    with transaction.atomic():
        locked = writing.locked(actor, layer.pk)
        earlier = _earlier(actor, locked, changes, ids, request_id)
        if earlier:
            return earlier
        locked = writing.writable(actor, locked)
        written = []
        for index, (change, own_id) in enumerate(zip(changes, ids, strict=True)):
            try:
                written.append(_write(actor, locked, change, {"request_id": own_id, "group": request_id}))
            except (writing.Conflict, ValidationError) as error:
                error.index = index  # type: ignore[union-attr]
                raise
        announce_changes(actor, locked.pk, written)
    return written


def _write(actor: User, layer: Layer, change: Change, ids: dict[str, uuid.UUID]) -> Revision:
    if change.action == "create":
        content = writing.new_content(layer, change.content)
        return writing.write_creation(actor, layer, content, change.event_id, **ids)
    event = Event.objects.filter(pk=change.event_id, layer=layer).first()
    if event is None:
        raise ValidationError("This event is not part of this coding.")
    event.layer = layer
    match change.action:
        case "change":
            return writing.write_change(actor, layer, event, change.expected, change.content, **ids)
        case "accept":
            return writing.write_acceptance(actor, layer, event, change.expected, **ids)
        case "delete":
            return writing.write_deletion(actor, layer, event, change.expected, **ids)
        case "restore":
            return writing.write_restoration(actor, layer, event, change.expected, change.to, **ids)
    raise ValueError(f"No such action: {change.action}")


def _earlier(
    actor: User, layer: Layer, changes: Sequence[Change], ids: Sequence[uuid.UUID], request_id: uuid.UUID
) -> list[Revision]:
    """What the same request wrote before, in its order; empty for a new request."""
    if not Revision.objects.filter(request_id=ids[0]).exists():
        return []
    found = Revision.objects.select_related("event", "author").filter(group=request_id, event__layer=layer)
    by_id = {revision.request_id: revision for revision in found if revision.author_id == actor.pk}
    said = [(change.action, change.event_id) for change in changes]
    if set(by_id) != set(ids) or said != [(by_id[one].action, by_id[one].event_id) for one in ids]:
        raise ValidationError({"request_id": ["This request id was used for another change."]})
    return [by_id[one] for one in ids]
