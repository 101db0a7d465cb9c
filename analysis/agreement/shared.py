"""What several coders coded together: the time, and each coder's events in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.coded import CodedEvent, CodedLayer, clipped
from analysis.facs.codes import CATALOGUE

Spans = tuple[tuple[int, int], ...]
#: A row of the figures: a code, and ``left`` or ``right`` where sides are counted apart.
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Bounded:
    """An event as far as it lies in the time that all coded.

    Attributes
    ----------
    event : CodedEvent
        As it was coded.
    span : (int, int)
        Onset and offset, microseconds, cut where the stretches that it touches begin or end.
    begun, ended : bool
        False where the onset or the offset was cut: the true one is not known.
    side : str
        The side as which it is counted, ``left`` or ``right``; empty where sides are not counted apart.
    """

    event: CodedEvent
    span: tuple[int, int]
    begun: bool
    ended: bool
    side: str = ""

    @property
    def key(self) -> Key:
        """The row in which it is counted."""
        return self.event.code, self.side


def shared_spans(layers: Sequence[CodedLayer]) -> Spans:
    """The stretches that all of the layers coded, microseconds, ascending, the end not within."""
    if not layers:
        return ()
    spans = layers[0].spans
    for layer in layers[1:]:
        spans = tuple(
            (start, end)
            for one in spans
            for two in layer.spans
            if (start := max(one[0], two[0])) < (end := min(one[1], two[1]))
        )
    return spans


def shared_events(
    layer: CodedLayer, spans: Spans, codes: Sequence[str] | None = None, faces: Sequence[int] | None = None
) -> tuple[Bounded, ...]:
    """The layer's events that stand and lie in the stretches at least in part.

    Parameters
    ----------
    layer : CodedLayer
    spans : tuple of (int, int)
        From `shared_spans`.
    codes, faces : sequence, optional
        Those that count; all when not given.
    """
    standing = (
        event
        for event in layer.events
        if not event.rejected and (codes is None or event.code in codes) and (faces is None or event.face in faces)
    )
    return tuple(_bounded(event, spans) for event in clipped(standing, spans))


def _bounded(event: CodedEvent, spans: Spans) -> Bounded:
    end_us = max(event.offset_us, event.onset_us + 1)
    touched = [span for span in spans if event.onset_us < span[1] and end_us > span[0]]
    # A stretch does not hold its last microsecond, an event holds its offset.
    onset = max(event.onset_us, touched[0][0])
    offset = max(onset, min(event.offset_us, touched[-1][1] - 1))
    # Who stops at the end of a stretch may have seen it go on: such an end is not a coded offset.
    return Bounded(event, (onset, offset), event.onset_us >= touched[0][0], event.offset_us < touched[-1][1])


def by_side(events: Sequence[Bounded]) -> tuple[tuple[Bounded, ...], tuple[Bounded, ...]]:
    """Sided codes as left and right apart; then the events whose side is not said.

    ``both``, and no side at all, is one event on each side; codes without sides stay as they are.
    """
    told: list[Bounded] = []
    untold: list[Bounded] = []
    for one in events:
        if not CATALOGUE[one.event.code].sided:
            told.append(one)
        elif one.event.side == "unilateral":
            untold.append(one)
        else:
            sides = (one.event.side,) if one.event.side in ("left", "right") else ("left", "right")
            told += [replace(one, side=side) for side in sides]
    return tuple(told), tuple(untold)
