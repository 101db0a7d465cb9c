"""What layers say now and said before. Nothing here writes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from facsweb.accounts.models import User
from facsweb.coding.content import Content
from facsweb.coding.models import Event, Layer, Revision


@dataclass(frozen=True, slots=True)
class EventState:
    """What one event says after its latest revision.

    Attributes
    ----------
    id : UUID
        The event's.
    source : UUID or None
        The machine event that it is a copy of; None for events that a person added and in the machine's layer.
    number : int
        The latest revision's number within the event; the next change must name it.
    layer_revision : int
        The layer's change number that wrote it; 0 for what the machine proposed.
    action, standing : str
        Values of ``Revision.Action`` and ``Revision.Standing``.
    author : str or None
        Name of who wrote the latest revision; None for the machine.
    at : datetime
        When.
    deleted : bool
        Taken out of the layer.
    code, side, intensity, onset_us, apex_us, offset_us, face, note, confidence
        As in ``content.Content``.
    """

    id: uuid.UUID
    source: uuid.UUID | None
    number: int
    layer_revision: int
    action: str
    standing: str
    author: str | None
    at: datetime
    deleted: bool
    code: str
    side: str
    intensity: str
    onset_us: int
    apex_us: int
    offset_us: int
    face: int
    note: str
    confidence: float | None

    @classmethod
    def of(cls, revision: Revision) -> EventState:
        """From a revision whose event and author are loaded."""
        return cls(
            id=revision.event_id,
            source=revision.event.source_id,
            number=revision.number,
            layer_revision=revision.layer_revision,
            action=revision.action,
            standing=revision.standing,
            author=revision.author.get_full_name() if revision.author else None,
            at=revision.at,
            deleted=revision.deleted,
            **Content.of(revision).as_dict(),
        )

    @property
    def reviewed(self) -> bool:
        """Whether a person has decided about it."""
        return self.deleted or self.standing != Revision.Standing.PROPOSED

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _FIELDS}  # asdict copies deeply: ten times as long


_FIELDS = tuple(field.name for field in fields(EventState))
#: Where a state's fields come from, in their order; the author as an id.
_COLUMNS = tuple(
    {"id": "event_id", "source": "event__source_id", "author": "author_id"}.get(name, name) for name in _FIELDS
)
_AUTHOR = _FIELDS.index("author")


def _latest(layer: Layer) -> QuerySet[Revision]:
    newest = Revision.objects.filter(event=OuterRef("event")).order_by("-number").values("number")[:1]
    return Revision.objects.filter(event__layer=layer, number=Subquery(newest))


def current_events(layer: Layer, *, include_deleted: bool = False, since: int | None = None) -> list[EventState]:
    """Every event of a layer as it stands, by onset, then code.

    Parameters
    ----------
    layer : Layer
        Any.
    include_deleted : bool
        Also events that were taken out.
    since : int, optional
        Only events that changed after this revision of the layer.
    """
    rows = _latest(layer).order_by("onset_us", "code", "event_id")
    if not include_deleted:
        rows = rows.filter(deleted=False)
    if since is not None:
        rows = rows.filter(layer_revision__gt=since)
    # Plain values: a model object for each of the thousands of events of an hour would take several times as long.
    found = list(rows.values_list(*_COLUMNS))
    authors = User.objects.in_bulk({row[_AUTHOR] for row in found} - {None})
    names = {None: None} | {pk: user.get_full_name() for pk, user in authors.items()}
    return [EventState(*row[:_AUTHOR], names[row[_AUTHOR]], *row[_AUTHOR + 1 :]) for row in found]


def current_revision(event: Event) -> Revision | None:
    """The event's latest revision."""
    return event.revisions.select_related("event", "author").order_by("-number").first()


def history(event: Event) -> list[Revision]:
    """Every revision of an event, the newest first, authors loaded."""
    return list(event.revisions.select_related("event", "author").order_by("-number"))


def progress(layer: Layer) -> dict[str, int]:
    """How far a layer is: ``events`` that stand, ``proposals`` of the machine in it, ``reviewed`` of those."""
    states = current_events(layer, include_deleted=True)
    proposals = [state for state in states if state.source is not None]
    return {
        "events": sum(not state.deleted for state in states),
        "proposals": len(proposals),
        "reviewed": sum(state.reviewed for state in proposals),
    }
