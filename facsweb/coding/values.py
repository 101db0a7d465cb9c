"""Layers as the plain values that ``analysis`` compares, exports and learns from."""

from __future__ import annotations

from analysis.coded import CodedEvent, CodedLayer
from facsweb.coding.models import Layer
from facsweb.coding.reading import EventState, current_events
from facsweb.coding.services import limit_us


def coded_event(state: EventState) -> CodedEvent:
    """One event as it stands."""
    return CodedEvent(
        code=state.code,
        side=state.side,
        intensity=state.intensity,
        onset_us=state.onset_us,
        apex_us=state.apex_us,
        offset_us=state.offset_us,
        rejected=state.deleted,
        face=state.face,
        note=state.note,
        confidence=state.confidence,
    )


def spans_of(layer: Layer) -> tuple[tuple[int, int], ...]:
    """Stretches that were coded, microseconds; the whole recording where none were chosen."""
    return tuple((start, end) for start, end in layer.spans) or ((0, max(limit_us(layer.run), 1)),)


def coded_layer(layer: Layer) -> CodedLayer:
    """The events that stand, the stretches, and whom they belong to.

    Coder, participant and recording are ids of rows, which say nothing elsewhere; ``machine`` for the machine's.
    """
    return CodedLayer(
        coder="machine" if layer.owner_id is None else str(layer.owner_id),
        events=tuple(coded_event(state) for state in current_events(layer)),
        spans=spans_of(layer),
        participant=str(layer.run.recording.participant_id),
        recording=str(layer.run.recording_id),
    )
