"""What people do in layers, one change at a time: create, change, accept, delete and restore events.

Nothing is ever edited in place. Each call appends exactly one revision; one transaction holds the revision, the
layer's new change number and the entry of the log. Undo is a revision too: ``restore``. Several changes as one are
in ``batch``.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from facsweb.accounts.models import User
from facsweb.coding import writing
from facsweb.coding.live import announce_changes
from facsweb.coding.machine import make_machine_layer
from facsweb.coding.models import Event, Layer, Revision
from facsweb.coding.reading import current_events, history, progress
from facsweb.coding.workflow import begin, open_layer
from facsweb.coding.writing import Closed, Conflict, Signed, faces_of, limit_us

__all__ = [
    "Closed",
    "Conflict",
    "Signed",
    "accept_event",
    "begin",
    "change_event",
    "create_event",
    "current_events",
    "delete_event",
    "faces_of",
    "history",
    "limit_us",
    "make_machine_layer",
    "open_layer",
    "progress",
    "restore_event",
]


def create_event(
    actor: User,
    layer: Layer,
    content: Mapping[str, Any],
    *,
    request_id: uuid.UUID | None = None,
    event_id: uuid.UUID | None = None,
) -> Revision:
    """Add an event.

    Parameters
    ----------
    actor : User
        The layer's owner.
    layer : Layer
        An open coder's layer.
    content : mapping
        ``code, side, intensity, onset_us, apex_us, offset_us``, optionally ``face`` and ``note``.
    request_id : UUID, optional
        Of the browser's request; a repeated request returns the revision that it already wrote.
    event_id : UUID, optional
        The new event's id, chosen by the browser so that it can show the event before the answer comes.

    Raises
    ------
    ValidationError, PermissionDenied, Signed
        See `change_event`.
    """
    written = writing.new_content(layer, content)

    def write(locked: Layer) -> Revision:
        return writing.write_creation(actor, locked, written, event_id, request_id=request_id)

    return _once(actor, layer.pk, None, request_id, write)


def change_event(
    actor: User,
    event: Event,
    changes: Mapping[str, Any],
    *,
    expected: int,
    request_id: uuid.UUID | None = None,
) -> Revision:
    """Change what an event says.

    Parameters
    ----------
    actor : User
        The layer's owner.
    event : Event
        Of an open coder's layer.
    changes : mapping
        Some of ``code, side, intensity, onset_us, apex_us, offset_us, face, note``.
    expected : int
        Number of the event's revision that the actor saw.
    request_id : UUID, optional
        Of the browser's request; a repeated request returns the revision that it already wrote.

    Raises
    ------
    Conflict
        The event has another revision by now.
    ValidationError
        FACS or the recording does not allow it; sentences by field.
    PermissionDenied
        The layer belongs to someone else or to the machine.
    Signed
        The layer is signed.
    ConsentMissing
        The participant's consent no longer covers coding.
    """

    def write(locked: Layer) -> Revision:
        return writing.write_change(actor, locked, event, expected, changes, request_id=request_id)

    return _once(actor, event.layer_id, event, request_id, write)


def accept_event(actor: User, event: Event, *, expected: int, request_id: uuid.UUID | None = None) -> Revision:
    """Confirm the machine's proposal as it stands; raises as `change_event` does."""

    def write(locked: Layer) -> Revision:
        return writing.write_acceptance(actor, locked, event, expected, request_id=request_id)

    return _once(actor, event.layer_id, event, request_id, write)


def delete_event(actor: User, event: Event, *, expected: int, request_id: uuid.UUID | None = None) -> Revision:
    """Take an event out of the layer; its history stays. Raises as `change_event` does."""

    def write(locked: Layer) -> Revision:
        return writing.write_deletion(actor, locked, event, expected, request_id=request_id)

    return _once(actor, event.layer_id, event, request_id, write)


def restore_event(
    actor: User, event: Event, *, to: int, expected: int, request_id: uuid.UUID | None = None
) -> Revision:
    """Bring back what revision `to` said, as a new revision: undo and redo. Raises as `change_event` does."""

    def write(locked: Layer) -> Revision:
        return writing.write_restoration(actor, locked, event, expected, to, request_id=request_id)

    return _once(actor, event.layer_id, event, request_id, write)


def _once(
    actor: User,
    layer_id: uuid.UUID,
    event: Event | None,
    request_id: uuid.UUID | None,
    write: Callable[[Layer], Revision],
) -> Revision:
    """Run `write` with the layer locked, unless the same request was answered before."""
    with transaction.atomic():
        layer = writing.locked(actor, layer_id)
        earlier = _earlier(actor, layer, event, request_id)
        if earlier is not None:
            return earlier
        revision = write(writing.writable(actor, layer))
        announce_changes(actor, layer_id, [revision])
        return revision


def _earlier(actor: User, layer: Layer, event: Event | None, request_id: uuid.UUID | None) -> Revision | None:
    if request_id is None:
        return None
    found = Revision.objects.select_related("event", "author").filter(request_id=request_id).first()
    if found is None:
        return None
    same_event = found.number == 1 if event is None else found.event_id == event.pk
    if found.author_id != actor.pk or found.event.layer_id != layer.pk or not same_event:
        raise ValidationError({"request_id": ["This request id was used for another change."]})
    return found
