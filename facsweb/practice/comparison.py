"""A try beside the standard: what agrees, what differs, and by how much."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from analysis.agreement import Options, agree, disagreements
from analysis.coded import CodedEvent, CodedLayer, clipped
from facsweb.coding.reading import current_events
from facsweb.coding.values import coded_event, coded_layer
from facsweb.practice.models import Attempt, Segment

#: What is wrong with an event, as the coder is told.
SAYS = {
    "missed": "In the standard, not coded",
    "extra": "Not in the standard",
    "code": "Another code in the standard",
    "side": "Another side in the standard",
    "intensity": "Another intensity in the standard",
    "timing": "Onset or offset farther from the standard than the tolerance",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the standard says about one event of the coder's.

    Attributes
    ----------
    kind : str
        ``same`` or a kind of disagreement.
    says : str
        For a person.
    gold : CodedEvent or None
        The standard's event that it was compared with, where they differ.
    """

    kind: str
    says: str
    gold: CodedEvent | None = None


def options_of(segment: Segment, *, resamples: int = 0) -> Options:
    """How tries at a segment are compared: the codes that it is about, half a second of tolerance."""
    return Options(codes=tuple(segment.codes) or None, resamples=resamples)


def layers_of(attempt: Attempt) -> tuple[CodedLayer, CodedLayer]:
    """The standard and the try, both within the segment."""
    segment = attempt.segment
    gold = replace(coded_layer(segment.layer), spans=((segment.from_us, segment.to_us),))
    return gold, coded_layer(attempt.layer)


def verdicts(attempt: Attempt) -> dict[str, Verdict]:
    """Event id → what the standard says about it, for events of codes that count."""
    gold, own = layers_of(attempt)
    by_value: dict[CodedEvent, list[Any]] = {}
    for one in disagreements(gold, own, options_of(attempt.segment)):
        if one.b is not None:
            by_value.setdefault(one.b, []).append(one)
    found = {}
    for state in current_events(attempt.layer):
        if attempt.segment.codes and state.code not in attempt.segment.codes:
            continue
        differing = by_value.get(coded_event(state), [])
        if differing:
            one = differing.pop(0)
            found[str(state.id)] = Verdict(one.kind, SAYS[one.kind], one.a)
        else:
            found[str(state.id)] = Verdict("same", "As in the standard")
    return found


def result(attempt: Attempt) -> dict[str, Any]:
    """Figures by code and every difference, as plain values that are stored with the try."""
    gold, own = layers_of(attempt)
    compared = agree([(replace(gold, coder="standard"), replace(own, coder="try"))], options_of(attempt.segment))
    pair = compared.pairs[0]
    return {
        "schema": 1,
        "overall": pair.overall.as_dict(),
        "codes": [row.as_dict() for row in pair.rows],
        "differences": [one.as_dict() for one in disagreements(gold, own, options_of(attempt.segment))],
        "standard": _counted(gold, attempt),
        "coded": _counted(own, attempt),
    }


def _counted(layer: CodedLayer, attempt: Attempt) -> int:
    codes = attempt.segment.codes
    return sum(not codes or event.code in codes for event in clipped(layer.events, layer.spans))


def index_of(found: dict[str, Any]) -> float | None:
    """The Wexler/Ekman index of a stored result; None where nothing was coded by either."""
    value = found["overall"]["figures"]["index"]["value"]
    return None if value is None else float(value)
