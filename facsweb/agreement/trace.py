"""What an adjudication settled and how: for its page, for signing, and for the report. Nothing here writes."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from django.db.models import Q

from analysis.agreement import KINDS
from analysis.coded import CodedEvent
from facsweb.agreement.models import Adjudication, Decision, Step
from facsweb.coding.models import Event, Layer
from facsweb.coding.reading import EventState, current_events
from facsweb.coding.values import coded_event

#: What the steps are called on pages; coders are A and B there.
WORDS: Final = {
    "missed": "Only A has it",
    "extra": "Only B has it",
    "code": "Different codes",
    "side": "Different sides",
    "intensity": "Different intensities",
    "timing": "Different times",
    Step.AGREED: "Agreed",
}
assert WORDS.keys() - {Step.AGREED} == KINDS.keys()
SAID: Final = ("code", "side", "intensity", "onset_us", "apex_us", "offset_us", "face")


def of_layer(layer: Layer) -> Adjudication | None:
    """The adjudication that the layer is the result of."""
    return Adjudication.objects.select_related("first__owner", "second__owner").filter(layer=layer).first()


def alias(user: Any, layer: Layer) -> str:
    """``Coder A`` or ``Coder B`` for who settles the layer and is not told whose it is; empty for others."""
    theirs = Q(first=layer.pk) | Q(second=layer.pk)
    found = Adjudication.objects.filter(theirs, layer__owner=user.pk, names_shown=False).first()
    if found is None:
        return ""
    return "Coder A" if found.first_id == layer.pk else "Coder B"


def undecided(adjudication: Adjudication) -> int:
    """How many disagreements nobody has decided."""
    return sum(row["taken"] == "" for row in rows_of(adjudication) if row["number"] is not None)


def rows_of(adjudication: Adjudication) -> list[dict[str, Any]]:
    """Every step with what both coders said, what was decided last, and what stands now; disagreements first."""
    said = _said(adjudication)
    steps = adjudication.steps.prefetch_related("decisions__results", "decisions__by")
    return sorted(
        (_row(step, said) for step in steps), key=lambda row: (row["number"] is None, row["number"] or 0)
    )


def counts(rows: list[dict[str, Any]]) -> dict[str, int]:
    """How many disagreements were settled how."""
    disputed = [row for row in rows if row["number"] is not None]
    taken = Counter(row["taken"] for row in disputed)
    return {
        "disagreements": len(disputed),
        "agreed": len(rows) - len(disputed),
        "undecided": taken[""],
        **{str(value): taken[str(value)] for value in Decision.Taken if value != Decision.Taken.OPEN},
    }


def for_report(layer: Layer) -> dict[str, Any] | None:
    """Everything a report says about how the layer came to be; None for what is no adjudication.

    Coders are called A and B; whoever may look finds who they are by their codings' ids.
    """
    found = of_layer(layer)
    if found is None:
        return None
    rows = rows_of(found)
    return {
        "sources": [
            {"name": name, "coding": str(coding.pk), "revision": revision}
            for name, coding, revision in (
                ("Coder A", found.first, found.first_revision),
                ("Coder B", found.second, found.second_revision),
            )
        ],
        "started_at": found.started_at.isoformat(timespec="seconds"),
        "tolerance_us": found.tolerance_us,
        "before": found.before,
        "counts": counts(rows),
        "steps": [_frozen(row) for row in rows],
    }


def _said(adjudication: Adjudication) -> dict[Any, EventState]:
    layers = (adjudication.first, adjudication.second, adjudication.layer)
    return {state.id: state for layer in layers for state in current_events(layer, include_deleted=True)}


def _row(step: Step, said: dict[Any, EventState]) -> dict[str, Any]:
    decisions = list(step.decisions.all())
    last = decisions[-1] if decisions else None
    results = [said[event.pk] for event in (last.results.all() if last else ()) if event.pk in said]
    return {
        "number": step.number,
        "kind": step.kind,
        "words": WORDS.get(step.kind, step.kind),
        "also": [WORDS.get(kind, kind) for kind in step.also],
        "code": step.code,
        "from_us": step.from_us,
        "to_us": step.to_us,
        "face": step.face,
        "a": said.get(step.a_id),
        "b": said.get(step.b_id),
        "decided": step.decided,
        "taken": "" if last is None or last.taken == Decision.Taken.OPEN else last.taken,
        "note": last.note if last else "",
        "results": [state for state in results if not state.deleted],
        "decisions": decisions,
    }


def _frozen(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **{key: row[key] for key in ("number", "kind", "also", "from_us", "to_us", "face", "taken")},
        "a": plain(row["a"]),
        "b": plain(row["b"]),
        "results": [plain(state) for state in row["results"]],
        "decisions": [
            {
                "number": one.number,
                "taken": one.taken,
                "note": one.note,
                "by": str(one.by),
                "at": one.at.isoformat(timespec="seconds"),
                "events": sorted(str(event.pk) for event in one.results.all()),
            }
            for one in row["decisions"]
        ],
    }


def plain(state: EventState | None) -> dict[str, Any] | None:
    """What an event says, as plain values, with its id and its notation."""
    if state is None:
        return None
    return {"event": str(state.id), "facs": notation(state), **{name: getattr(state, name) for name in SAID}}


def notation(state: EventState) -> str:
    """``L12C``."""
    event: CodedEvent = coded_event(state)
    return str(event)


def machine_events(layer: Layer) -> dict[Any, Any]:
    """Event of an adjudicated layer → the machine's event that it goes back to, through the coder's copy of it."""
    pairs = Event.objects.filter(layer=layer).values_list("pk", "source__source", "source__layer__kind", "source")
    return {key: (source if kind == Layer.Kind.MACHINE else deeper) for key, deeper, kind, source in pairs}
