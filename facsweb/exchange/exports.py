"""A layer as a file of another program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from django.utils import timezone
from django.utils.text import slugify

from analysis.coded import CodedLayer
from analysis.exchange.formats import Format, Layout
from analysis.exchange.values import About
from facsweb.accounts.models import User
from facsweb.audit.services import record
from facsweb.coding.models import Layer
from facsweb.coding.reading import current_events
from facsweb.coding.services import limit_us
from facsweb.coding.signals import frame_times
from facsweb.coding.values import coded_event, coded_layer
from facsweb.runs.services import result_dir


def label_of(layer: Layer) -> str:
    """What files call a layer: its own name, its coder's, or ``machine``."""
    if layer.owner is None:
        return "machine"
    who = layer.owner.get_full_name()
    if layer.name:
        return layer.name
    return who if layer.kind == Layer.Kind.CODER else f"{who} {layer.get_kind_display().lower()}"


def coding_of(layer: Layer) -> CodedLayer:
    """The layer's events and stretches under the names that people know, with rejected proposals."""
    recording = layer.run.recording
    known = coded_layer(layer)
    if layer.kind == Layer.Kind.CODER:
        states = current_events(layer, include_deleted=True)
        # What a coder added and took out again was never there for anybody else.
        known = replace(known, events=tuple(coded_event(one) for one in states if not one.deleted or one.source))
    return replace(
        known,
        coder="machine" if layer.owner is None else layer.owner.get_full_name(),
        participant=recording.participant.code,
        recording=recording.title,
    )


def about_of(layer: Layer) -> About:
    """What the file says about the recording; frames only where the run's files still say when they come."""
    recording = layer.run.recording
    return About(
        media=recording.filename,
        duration_us=limit_us(layer.run),
        frame_times=frame_times(result_dir(layer.run)),
        title=recording.title,
        layer=label_of(layer),
        when=timezone.localtime().isoformat(timespec="seconds"),
    )


def filename(layer: Layer, chosen: Format) -> str:
    """Participant, recording, layer and date, such as ``P-001_interview-1_ana-coder_2026-11-21.eaf``."""
    recording = layer.run.recording
    parts = [
        slugify(recording.participant.code, allow_unicode=True).upper() or "participant",
        slugify(recording.title, allow_unicode=True)[:60] or "recording",
        slugify(label_of(layer), allow_unicode=True)[:60] or "layer",
        timezone.localdate().isoformat(),
    ]
    return f"{'_'.join(parts)}{chosen.ending}{chosen.extension}"


def write(actor: User, layer: Layer, chosen: Format, layout: Layout) -> Iterator[bytes]:
    """Pieces of the file; that somebody took it is noted in the log before the first of them."""
    coding, about = coding_of(layer), about_of(layer)
    pieces = chosen.writes(coding, about, layout)
    record(
        actor,
        "layer.export",
        layer,
        format=chosen.key,
        kind=layer.kind,
        revision=layer.revision,
        events=sum(not event.rejected for event in coding.events),
    )
    return pieces
