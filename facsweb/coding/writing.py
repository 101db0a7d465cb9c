"""How a revision is appended to a layer: the lock, who may, in which state, and what the new revision says.

The verbs that people use stand in ``services`` (one change) and ``batch`` (several as one). The functions below
that begin with ``write`` expect a layer that `locked` gave out in the same transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.audit.services import differing, record
from facsweb.coding.content import Content, check
from facsweb.coding.models import Event, Layer, Revision
from facsweb.coding.reading import current_revision
from facsweb.coding.workflow import begin
from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import Scope
from facsweb.studies.services import require_consent

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


def locked(actor: User, layer_id: uuid.UUID) -> Layer:
    """The actor's layer, with every other writer waiting until this transaction ends (on SQLite they wait anyway).

    Raises
    ------
    PermissionDenied
        The layer belongs to someone else or to the machine.
    """
    rows: QuerySet[Layer] = Layer.objects.select_for_update(of=("self",), no_key=True)
    layer = rows.select_related("run__recording__participant__study").get(pk=layer_id)
    if layer.kind not in Layer.WRITTEN or layer.owner_id != actor.pk:
        raise PermissionDenied("Only the person who owns a layer may change it.")
    return layer


def writable(actor: User, layer: Layer) -> Layer:
    """The locked layer, begun if it was only assigned.

    Raises
    ------
    Signed, Closed
        It can no longer, or not now, be changed.
    ConsentMissing
        The participant's consent no longer covers coding.
    """
    if layer.state == Layer.State.SIGNED:
        raise Signed
    if layer.state == Layer.State.ASSIGNED:
        layer = begin(actor, layer)
    if layer.state != Layer.State.OPEN:
        raise Closed
    require_consent(layer.run.recording.participant, [Scope.VIDEO])
    return layer


def checked(layer: Layer, content: Content, latest: Revision | None = None) -> Content:
    """The content if FACS and the recording allow it; what an event already says stays allowed."""
    limit = max(
        limit_us(layer.run), latest.offset_us if latest else 0
    )  # a frame may lie after the container's end
    faces = {*faces_of(layer.run), *([latest.face] if latest else [])}
    return check(content, limit_us=limit, faces=faces, spans=layer.spans)


def new_content(layer: Layer, values: Mapping[str, Any]) -> Content:
    """The content of an event that is to be added."""
    blank = Content(code="", side="", intensity="", onset_us=0, apex_us=0, offset_us=0)
    return checked(layer, blank.with_changes(values))


def write_creation(
    actor: User, layer: Layer, content: Content, event_id: uuid.UUID | None, **ids: uuid.UUID | None
) -> Revision:
    """Append the first revision of a new event."""
    event = Event(layer=layer, **({"id": event_id} if event_id else {}))
    if Event.objects.filter(pk=event.pk).exists():
        raise ValidationError({"event_id": ["An event with this id exists already."]})
    event.save(force_insert=True)
    return _append(actor, layer, event, None, Action.CREATE, content, Standing.ADDED, **ids)


def write_change(
    actor: User, layer: Layer, event: Event, expected: int, changes: Mapping[str, Any], **ids: uuid.UUID | None
) -> Revision:
    """Append a revision that says something else."""
    latest = _expect(event, expected)
    if latest.deleted:
        raise ValidationError("A deleted event cannot be changed. Restore it first.")
    written = checked(layer, Content.of(latest).with_changes({**changes}), latest)
    standing = Standing.ADDED if latest.standing == Standing.ADDED else Standing.CHANGED
    content = Content(**{**written.as_dict(), "confidence": None})
    return _append(actor, layer, event, latest, Action.CHANGE, content, standing, **ids)


def write_acceptance(actor: User, layer: Layer, event: Event, expected: int, **ids: uuid.UUID | None) -> Revision:
    """Append a revision that confirms the machine's proposal."""
    latest = _expect(event, expected)
    if latest.deleted or latest.standing != Standing.PROPOSED:
        raise ValidationError("Only a proposal of the machine can be accepted.")
    return _append(actor, layer, event, latest, Action.ACCEPT, Content.of(latest), Standing.ACCEPTED, **ids)


def write_deletion(actor: User, layer: Layer, event: Event, expected: int, **ids: uuid.UUID | None) -> Revision:
    """Append a revision that takes the event out."""
    latest = _expect(event, expected)
    if latest.deleted:
        raise ValidationError("This event is deleted already.")
    standing = Standing(latest.standing)
    return _append(actor, layer, event, latest, Action.DELETE, Content.of(latest), standing, deleted=True, **ids)


def write_restoration(
    actor: User, layer: Layer, event: Event, expected: int, to: int, **ids: uuid.UUID | None
) -> Revision:
    """Append a revision that says what revision `to` said."""
    latest = _expect(event, expected)
    target = Revision.objects.filter(event=event, number=to).first()
    if target is None:
        raise ValidationError("There is no such revision to go back to.")
    return _append(
        actor,
        layer,
        event,
        latest,
        Action.RESTORE,
        Content.of(target),
        Standing(target.standing),
        deleted=target.deleted,
        restores=to,
        **ids,
    )


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
    *,
    request_id: uuid.UUID | None = None,
    group: uuid.UUID | None = None,
    deleted: bool = False,
    restores: int | None = None,
) -> Revision:
    open_still = Layer.objects.filter(pk=layer.pk, state=Layer.State.OPEN, revision=layer.revision)
    if open_still.update(revision=F("revision") + 1) != 1:
        raise Conflict(event, latest)
    layer.revision += 1
    number = latest.number + 1 if latest else 1
    try:
        with transaction.atomic():
            revision = Revision.objects.create(
                event=event,
                number=number,
                layer_revision=layer.revision,
                action=action,
                standing=standing,
                restores=restores,
                author=actor,
                at=timezone.now(),
                deleted=deleted,
                request_id=request_id,
                group=group,
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
        code=content.code,
        **differing(_said(latest) if latest else None, _said(revision)),
    )
    return revision


def _said(revision: Revision) -> dict[str, Any]:
    """What the log says of a revision: everything but the note, which is free text."""
    said = {name: value for name, value in Content.of(revision).as_dict().items() if name != "note"}
    return {**said, "standing": str(revision.standing), "deleted": revision.deleted}
