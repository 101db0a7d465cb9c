"""Where two codings agree and where they do not, with the events that stand in the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from analysis.agreement import Disagreement, Options, disagreements
from analysis.agreement.events import deviations, matched
from analysis.agreement.shared import Bounded, shared_events, shared_spans
from analysis.coded import CodedEvent, CodedLayer
from facsweb.agreement.comparing import for_run
from facsweb.coding.models import Layer
from facsweb.coding.reading import current_events
from facsweb.coding.values import coded_event


@dataclass(frozen=True, slots=True)
class Place:
    """One disagreement, with the events' ids.

    Attributes
    ----------
    said : Disagreement
    a, b : UUID or None
    """

    said: Disagreement
    a: UUID | None
    b: UUID | None


@dataclass(frozen=True, slots=True)
class Match:
    """Two events that are the same to the options.

    Attributes
    ----------
    a, b : UUID
    first, second : CodedEvent
    onset_us, apex_us, offset_us : float
        Second minus first, microseconds; NaN where one lies outside of the time that both coded.
    """

    a: UUID
    b: UUID
    first: CodedEvent
    second: CodedEvent
    onset_us: float
    apex_us: float
    offset_us: float


@dataclass(frozen=True, slots=True)
class Compared:
    """Two codings of one run.

    Attributes
    ----------
    places : tuple of Place
        Disagreements in time.
    agreed : tuple of Match
        Matched events without a disagreement.
    matches : tuple of Match
        All matched events.
    spans : tuple of (int, int)
        The time that both coded.
    """

    places: tuple[Place, ...]
    agreed: tuple[Match, ...]
    matches: tuple[Match, ...]
    spans: tuple[tuple[int, int], ...]


def tagged(layer: Layer) -> CodedLayer:
    """The layer's values, each event with its id where the note was: the comparison hands events through whole."""
    events = tuple(replace(coded_event(state), note=str(state.id)) for state in current_events(layer))
    return replace(for_run(layer), events=events)


def compared(first: Layer, second: Layer, options: Options) -> Compared:
    """Every disagreement and every match of two layers of a run."""
    a, b = tagged(first), tagged(second)
    places = tuple(Place(said, _id(said.a), _id(said.b)) for said in disagreements(a, b, options))
    spans = shared_spans((a, b))
    matches = _matches(a, b, spans, options)
    disputed = {(place.a, place.b) for place in places}
    agreed = tuple(match for match in matches if (match.a, match.b) not in disputed)
    return Compared(places, agreed, matches, spans)


def _id(event: CodedEvent | None) -> UUID | None:
    return None if event is None else UUID(event.note)


def _matches(a: CodedLayer, b: CodedLayer, spans: Any, options: Options) -> tuple[Match, ...]:
    # A side is always compared by whoever steps through, so sides are never apart here.
    parts = [_by_face(shared_events(layer, spans, options.codes, options.faces)) for layer in (a, b)]
    found = []
    for face in sorted(parts[0].keys() & parts[1].keys()):
        one, two = parts[0][face], parts[1][face]
        for i, j in matched(one, two, options):
            first, second = one[i].event, two[j].event
            apart = deviations(one[i], two[j])
            found.append(Match(UUID(first.note), UUID(second.note), first, second, *apart))
    return tuple(found)


def _by_face(events: Sequence[Bounded]) -> dict[int, list[Bounded]]:
    faces: dict[int, list[Bounded]] = defaultdict(list)
    for one in events:
        faces[one.event.face].append(one)
    return faces
