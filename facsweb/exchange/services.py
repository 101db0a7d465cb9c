"""Files become layers: received, looked at, imported, and removed again as long as nothing refers to them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import PurePath
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils import timezone

from analysis import confined
from analysis.coded import CodedEvent
from analysis.exchange.values import Options, Reading, Remark
from facsweb.accounts.models import User
from facsweb.audit.personal import mark
from facsweb.audit.services import record
from facsweb.coding.bulk import write_additions
from facsweb.coding.content import FIELDS, NOTE_LENGTH, Content, check
from facsweb.coding.models import Event, Layer, Revision
from facsweb.coding.services import faces_of, limit_us
from facsweb.exchange.models import Upload
from facsweb.runs.models import AnalysisRun
from facsweb.studies import access
from facsweb.studies.models import Scope
from facsweb.studies.services import require_consent

#: A file that nobody imported is thrown away after this.
KEPT: Final = timedelta(hours=24)


class Gone(Exception):  # noqa: N818 (a state that people are told about)
    """The file was imported or thrown away in the meantime; its text is a sentence for a person."""

    def __init__(self) -> None:
        super().__init__(
            "This file was imported already, or thrown away. Look at the list below, or upload it again."
        )


class InUse(Exception):  # noqa: N818
    """The layer cannot be removed; its text says why."""


@dataclass(frozen=True, slots=True)
class Found:
    """What importing a file would bring.

    Attributes
    ----------
    reading : Reading
        As the file was read.
    contents : tuple of Content
        Events that can stand in the run, by onset.
    remarks : tuple of Remark
        Everything that is not imported as it stands in the file.
    """

    reading: Reading
    contents: tuple[Content, ...]
    remarks: tuple[Remark, ...]

    @property
    def counts(self) -> list[tuple[str, int]]:
        """Code and number of its events, the most frequent first."""
        return Counter(content.code for content in self.contents).most_common()


def receive(actor: User, run: AnalysisRun, name: str, data: bytes) -> Upload:
    """Keep a file to be looked at, if it is in a format that can be read; it takes the place of an earlier one.

    Raises
    ------
    ExchangeError
        Too large, empty, or none of the formats.
    ConsentMissing
        The participant's consent no longer covers coding.
    """
    require_consent(run.recording.participant, [Scope.VIDEO])
    confined.kind_of(data)
    with transaction.atomic():
        old = models.Q(created_at__lt=timezone.now() - KEPT) | models.Q(run=run, owner=actor)
        Upload.objects.filter(old).delete()
        return Upload.objects.create(
            run=run,
            owner=actor,
            filename=PurePath(name.replace("\\", "/")).name[-255:] or "file",
            sha256=hashlib.sha256(data).hexdigest(),
            content=data,
        )


def waiting(user: User, run: AnalysisRun) -> Upload | None:
    """The file that the user uploaded for the run and has not imported yet."""
    return Upload.objects.defer("content").filter(run=run, owner=user).first()


def look(upload: Upload, options: Options) -> Found:
    """Read the file and try its events in the run; nothing is written.

    Raises
    ------
    ExchangeError
        The file is damaged or needs another option; the message says which.
    """
    run = upload.run
    reading = confined.coding(bytes(upload.content), replace(options, duration_us=limit_us(run)))
    contents: list[Content] = []
    remarks = list(reading.warnings)
    faces = faces_of(run)
    for event in reading.events:
        if event.rejected:
            continue
        try:
            contents.append(check(_content(event, remarks), limit_us=limit_us(run), faces=faces))
        except ValidationError as error:
            remarks.append(Remark(_place(event), f"{' '.join(error.messages)} It was left out."))
    if rejected := sum(event.rejected for event in reading.events):
        remarks.append(Remark("the file", f"{rejected} proposals that were rejected there are left out"))
    return Found(reading, tuple(contents), tuple(remarks))


def _place(event: CodedEvent) -> str:
    return f"{event} at {event.onset_us / 1e6:.3f} s"


def _content(event: CodedEvent, remarks: list[Remark]) -> Content:
    if len(event.note) > NOTE_LENGTH:
        remarks.append(Remark(_place(event), f"its note was cut after {NOTE_LENGTH} characters"))
    values = {name: getattr(event, name) for name in FIELDS}
    return Content(**{**values, "note": event.note[:NOTE_LENGTH]}, confidence=event.confidence)


def confirm(actor: User, upload: Upload, options: Options, name: str) -> Layer:
    """Make a layer of the file, and throw the file away.

    Raises
    ------
    Gone
        A double click, or another tab: the file is a layer already.
    ExchangeError
        As `look`.
    ConsentMissing
        The participant's consent no longer covers coding.
    """
    require_consent(upload.run.recording.participant, [Scope.VIDEO])
    found = look(upload, options)
    source = {"name": upload.filename, "format": found.reading.format, "sha256": upload.sha256}
    with transaction.atomic():
        if Upload.objects.filter(pk=upload.pk).delete()[0] != 1:
            raise Gone
        layer = Layer.objects.create(
            run=upload.run,
            kind=Layer.Kind.IMPORTED,
            owner=actor,
            state=Layer.State.SUBMITTED,
            submitted_at=timezone.now(),
            name=name,
            source_file=source,
            spans=_spans(upload.run, found.reading),
            revision=1,
        )
        write_additions(layer, [(None, content) for content in found.contents], author=actor)
        left_out = len(found.reading.events) - len(found.contents)
        record(actor, "layer.import", layer, **told(source), events=len(found.contents), left_out=left_out)
    return layer


def _spans(run: AnalysisRun, reading: Reading) -> list[list[int]]:
    """Stretches that the file says were coded; none where they are the whole recording."""
    whole = ((0, limit_us(run)),)
    return [] if reading.spans == whole else [list(span) for span in reading.spans]


def may_remove(user: User, layer: Layer) -> bool:
    """Whether this person may remove an imported layer, if nothing refers to it."""
    own = layer.owner_id == user.pk
    return own or bool(access.roles_of(user, layer.study) & access.LEADS)


def why_kept(layer: Layer) -> str:
    """Why a layer cannot be removed; empty where it can."""
    if layer.kind != Layer.Kind.IMPORTED:
        return "Only an imported layer can be removed. What people code here stays, with its history."
    for relation in Layer._meta.related_objects:
        if relation.related_model is not Event and _refers(relation, [layer.pk]):
            return "Something refers to this layer (an adjudication, a comparison or practice), so it stays."
    events = Event.objects.filter(layer=layer).values("pk")
    for relation in Event._meta.related_objects:
        if relation.related_model is not Revision and _refers(relation, events):
            return "Events of this layer were copied or commented on, so it stays."
    return ""


def _refers(relation: models.ForeignObjectRel, targets: object) -> bool:
    rows = relation.related_model._default_manager.all()
    return rows.filter(**{f"{relation.field.name}__in": targets}).exists()


def remove(actor: User, layer: Layer) -> None:
    """Undo an import: the layer and its events go, the log keeps that they were there.

    Raises
    ------
    PermissionDenied
        Neither the importer nor a lead.
    InUse
        It is no imported layer, or something refers to it.
    """
    if layer.kind == Layer.Kind.IMPORTED and not may_remove(actor, layer):
        raise PermissionDenied("Only who imported a layer, or a lead, may remove it.")
    with transaction.atomic():
        locked = Layer.objects.select_for_update(of=("self",), no_key=True).filter(pk=layer.pk).first()
        if locked is None:
            return  # a double click: it is gone already
        if why := why_kept(locked):
            raise InUse(why)
        record(actor, "layer.remove", locked, **told(locked.source_file), events=locked.events.count())
        locked.delete()


def told(source: Mapping[str, Any]) -> dict[str, Any]:
    """What the log says of an imported file: its name only as a mark, because names can be people's."""
    return {**source, "name": mark(source.get("name", ""))}
