"""What people do in layers: create, change, accept, delete and restore events.

Nothing is ever edited in place. Each call appends exactly one revision; one transaction holds the revision, the
layer's new change number and the entry of the log. Undo is a revision too: ``restore``.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.audit.services import record
from facsweb.coding.content import Content, check, exclusive_overlaps
from facsweb.coding.machine import make_machine_layer
from facsweb.coding.models import Event, Layer, Revision
from facsweb.coding.reading import current_contents, current_events, current_revision, history, progress
from facsweb.coding.workflow import begin, open_layer
from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import Scope
from facsweb.studies.services import require_consent

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
    "warnings",
]

Action, Standing = Revision.Action, Revision.Standing


class Conflict(Exception):  # noqa: N818 (a state that people are told about)
    """The event changed since the caller last saw it; nothing was written. Its text is a sentence for a person."""

    def __init__(self, event: Event, latest: Revision | None) -> None:
        super().__init__("This event was changed elsewhere in the meantime. Your change was not stored.")
        self.event = event
        self.latest = latest


class Signed(Exception):  # noqa: N818
    """The layer is signed and can no longer change."""

    def __init__(self) -> None:
        super().__init__("This coding is signed and can no longer change.")


class Closed(Exception):  # noqa: N818
    """The layer was handed in and cannot change as long as it is."""

    def __init__(self) -> None:
        super().__init__("This coding was submitted and is closed. Take it back to change it.")


def limit_us(run: AnalysisRun) -> int:
    """Where the run's recording ends, microseconds: the later of what the container and the decoder say."""
    decoded = run.summary.get("video", {}).get("duration_us") or 0
    return max(run.recording.duration_us, int(decoded))


def faces_of(run: AnalysisRun) -> list[int]:
    """Faces of the run, ascending; 0 alone when the machine saw none, so that people can still code."""
    return sorted({int(face["face"]) for face in run.summary.get("faces", [])}) or [0]


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
    blank = Content(code="", side="", intensity="", onset_us=0, apex_us=0, offset_us=0)
    written = _check(layer, blank.with_changes(content))

    def write(locked: Layer) -> Revision:
        event = Event(layer=locked, **({"id": event_id} if event_id else {}))
        if Event.objects.filter(pk=event.pk).exists():
            raise ValidationError({"event_id": ["An event with this id exists already."]})
        event.save(force_insert=True)
        return _append(actor, locked, event, None, Action.CREATE, written, Standing.ADDED, request_id)

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
        latest = _expect(event, expected)
        if latest.deleted:
            raise ValidationError("A deleted event cannot be changed. Restore it first.")
        written = _check(locked, Content.of(latest).with_changes({**changes}), latest)
        standing = Standing.ADDED if latest.standing == Standing.ADDED else Standing.CHANGED
        content = Content(**{**written.as_dict(), "confidence": None})
        return _append(actor, locked, event, latest, Action.CHANGE, content, standing, request_id)

    return _once(actor, event.layer_id, event, request_id, write)


def accept_event(actor: User, event: Event, *, expected: int, request_id: uuid.UUID | None = None) -> Revision:
    """Confirm the machine's proposal as it stands; raises as `change_event` does."""

    def write(locked: Layer) -> Revision:
        latest = _expect(event, expected)
        if latest.deleted or latest.standing != Standing.PROPOSED:
            raise ValidationError("Only a proposal of the machine can be accepted.")
        return _append(
            actor, locked, event, latest, Action.ACCEPT, Content.of(latest), Standing.ACCEPTED, request_id
        )

    return _once(actor, event.layer_id, event, request_id, write)


def delete_event(actor: User, event: Event, *, expected: int, request_id: uuid.UUID | None = None) -> Revision:
    """Take an event out of the layer; its history stays. Raises as `change_event` does."""

    def write(locked: Layer) -> Revision:
        latest = _expect(event, expected)
        if latest.deleted:
            raise ValidationError("This event is deleted already.")
        return _append(
            actor,
            locked,
            event,
            latest,
            Action.DELETE,
            Content.of(latest),
            Standing(latest.standing),
            request_id,
            deleted=True,
        )

    return _once(actor, event.layer_id, event, request_id, write)


def restore_event(
    actor: User, event: Event, *, to: int, expected: int, request_id: uuid.UUID | None = None
) -> Revision:
    """Bring back what revision `to` said, as a new revision: undo and redo. Raises as `change_event` does."""

    def write(locked: Layer) -> Revision:
        latest = _expect(event, expected)
        target = Revision.objects.filter(event=event, number=to).first()
        if target is None:
            raise ValidationError("There is no such revision to go back to.")
        return _append(
            actor,
            locked,
            event,
            latest,
            Action.RESTORE,
            Content.of(target),
            Standing(target.standing),
            request_id,
            deleted=target.deleted,
            restores=to,
        )

    return _once(actor, event.layer_id, event, request_id, write)


def warnings(revision: Revision) -> list[str]:
    """What the coder should look at once more; nothing of it forbids the coding."""
    if revision.deleted:
        return []
    layer = revision.event.layer
    others = [content for event, content in current_contents(layer) if event != revision.event_id]
    return exclusive_overlaps(Content.of(revision), others)


def _check(layer: Layer, content: Content, latest: Revision | None = None) -> Content:
    # What an event already says stays allowed: the machine may have seen a frame after the container's end.
    limit = max(limit_us(layer.run), latest.offset_us if latest else 0)
    faces = {*faces_of(layer.run), *([latest.face] if latest else [])}
    return check(content, limit_us=limit, faces=faces, spans=layer.spans)


T = TypeVar("T")


def _once(
    actor: User,
    layer_id: uuid.UUID,
    event: Event | None,
    request_id: uuid.UUID | None,
    write: Callable[[Layer], Revision],
) -> Revision:
    """Run `write` with the layer locked, unless the same request was answered before."""
    with transaction.atomic():
        locked = _locked(layer_id)
        if locked.kind not in Layer.WRITTEN or locked.owner_id != actor.pk:
            raise PermissionDenied("Only the person who owns a layer may change it.")
        earlier = _earlier(actor, locked, event, request_id)
        if earlier is not None:
            return earlier
        if locked.state == Layer.State.SIGNED:
            raise Signed
        if locked.state == Layer.State.ASSIGNED:
            locked = begin(actor, locked)
        if locked.state != Layer.State.OPEN:
            raise Closed
        require_consent(locked.run.recording.participant, [Scope.VIDEO])
        return write(locked)


def _locked(layer_id: uuid.UUID) -> Layer:
    """The layer, with every other writer waiting until this transaction ends (on SQLite they wait anyway)."""
    rows: QuerySet[Layer] = Layer.objects.select_for_update(of=("self",))
    return rows.select_related("run__recording__participant__study").get(pk=layer_id)


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


def _expect(event: Event, expected: int) -> Revision:
    latest = current_revision(event)
    if latest is None or latest.number != expected:
        raise Conflict(event, latest)
    return latest


def _append(
    actor: User,
    layer: Layer,
    event: Event,
    latest: Revision | None,
    action: Action,
    content: Content,
    standing: Standing,
    request_id: uuid.UUID | None,
    *,
    deleted: bool = False,
    restores: int | None = None,
) -> Revision:
    open_still = Layer.objects.filter(pk=layer.pk, state=Layer.State.OPEN, revision=layer.revision)
    if open_still.update(revision=F("revision") + 1) != 1:
        raise Conflict(event, latest)
    number = latest.number + 1 if latest else 1
    try:
        with transaction.atomic():
            revision = Revision.objects.create(
                event=event,
                number=number,
                layer_revision=layer.revision + 1,
                action=action,
                standing=standing,
                restores=restores,
                author=actor,
                at=timezone.now(),
                deleted=deleted,
                request_id=request_id,
                **content.as_dict(),
            )
    except IntegrityError:
        raise Conflict(event, current_revision(event)) from None
    record(
        actor,
        f"event.{action}",
        event,
        layer=str(layer.pk),
        revision=number,
        **{name: value for name, value in content.as_dict().items() if name != "note"},
    )
    return revision
