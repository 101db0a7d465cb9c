"""How far the codings of a recording are, in a word and a tone each: what pages of lower and upper floors show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import Q, QuerySet

from facsweb.coding.models import Layer
from facsweb.runs.models import AnalysisRun

State = Layer.State
TONES: Final = {
    State.ASSIGNED: "neutral",
    State.OPEN: "attention",
    State.SUBMITTED: "active",
    State.ADJUDICATION: "active",
    State.SETTLED: "good",
    State.SIGNED: "good",
}
#: Kinds of layers that are steps on the way of a recording.
KINDS: Final = (Layer.Kind.CODER, Layer.Kind.ADJUDICATED)


@dataclass(frozen=True, slots=True)
class Status:
    """One person's coding, or an adjudication."""

    who: str
    label: str
    tone: str
    layer: Layer

    @property
    def blind(self) -> bool:
        return self.layer.mode == Layer.Mode.BLIND


def status(layer: Layer) -> Status:
    """The status of a layer whose owner is loaded."""
    who = str(layer.owner)
    if layer.kind == Layer.Kind.ADJUDICATED:
        label = "Adjudication signed" if layer.state == State.SIGNED else "Adjudicating"
        return Status(who, label, TONES[State(layer.state)], layer)
    return Status(who, layer.get_state_display(), TONES[State(layer.state)], layer)


def steps(layers: QuerySet[Layer]) -> QuerySet[Layer]:
    """Those of the layers that are steps on the way, with their owners; no adjudications that were given up."""
    given_up = Q(kind=Layer.Kind.ADJUDICATED, state=State.SETTLED)
    return layers.filter(kind__in=KINDS).exclude(given_up).select_related("owner")


def statuses(run: AnalysisRun) -> list[Status]:
    """Every coding of a run, by age; nothing of what they say."""
    return [status(layer) for layer in steps(run.layers.all())]
