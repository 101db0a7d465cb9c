"""What a coder does next: what they were asked for, what they began, and what nobody was asked for yet."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef
from django.db.models.functions import Coalesce
from django.urls import reverse

from facsweb.assignments.models import Assignment
from facsweb.assignments.reading import Counts, counts, extent, is_overdue
from facsweb.coding.models import Layer
from facsweb.coding.sight import blind_recordings
from facsweb.home.next_steps import MOST
from facsweb.home.progress import HEAVY
from facsweb.reports.models import Countersignature
from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import Membership, Role

State = Layer.State
SENT_BACK, IN_PROGRESS, ASSIGNED, SUBMITTED, ADJUDICATE = range(5)
#: What a finished run is not: SQLite would take "succeeded" for the way in, to every study's runs.
UNFINISHED = [state for state in AnalysisRun.State if state != AnalysisRun.State.SUCCEEDED]
TITLES = {
    SENT_BACK: "Sent back",
    IN_PROGRESS: "In progress",
    ASSIGNED: "Assigned",
    SUBMITTED: "Submitted",
    ADJUDICATE: "To adjudicate",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One coding of the person."""

    layer: Layer
    assignment: Assignment | None
    counts: Counts
    second: Countersignature | None = None
    """The second signer's word, where they sent the coding back."""

    @property
    def run(self) -> AnalysisRun:
        return self.layer.run

    @property
    def section(self) -> int:
        if self.layer.kind == Layer.Kind.ADJUDICATED:
            return ADJUDICATE
        if self.layer.state == State.ASSIGNED:
            return ASSIGNED
        if self.layer.state in (State.SUBMITTED, State.ADJUDICATION):
            return SUBMITTED
        return SENT_BACK if self.reason else IN_PROGRESS

    @property
    def reason(self) -> str:
        """Why it was sent back; empty where it was not."""
        if self.second is not None and self.layer.state == State.OPEN:
            return self.second.statement
        open_again = self.assignment is not None and self.layer.state == State.OPEN
        return self.assignment.returned_reason if open_again and self.assignment else ""

    @property
    def returned_by(self) -> Any:
        """Who sent it back."""
        return self.second.by if self.second else self.assignment.returned_by if self.assignment else None

    @property
    def due(self) -> dt.date | None:
        return self.assignment.due if self.assignment else None

    @property
    def overdue(self) -> bool:
        return is_overdue(self.layer, self.assignment)

    @property
    def blind(self) -> bool:
        return self.layer.mode == Layer.Mode.BLIND

    @property
    def extent(self) -> str:
        return extent(self.layer)

    @property
    def begun(self) -> bool:
        return self.layer.state != State.ASSIGNED

    @property
    def url(self) -> str:
        if self.layer.kind == Layer.Kind.ADJUDICATED and hasattr(self.layer, "adjudication"):
            return reverse("agreement:adjudication", args=[self.layer.adjudication.pk])
        return reverse("coding:review", args=[self.layer.run_id])

    @property
    def order(self) -> tuple[Any, ...]:
        """By the day it is due, begun before not begun, the latest begun first."""
        age = (self.layer.begun_at or self.layer.created_at).timestamp()
        return self.due or dt.date.max, not self.begun, -age if self.begun else age


@dataclass(frozen=True, slots=True)
class Coder:
    """What waits for somebody who codes."""

    items: list[Item] = field(default_factory=list)
    untouched: list[AnalysisRun] = field(default_factory=list)

    @property
    def waiting(self) -> list[Item]:
        """What the person can go on with now, in the order in which they should."""
        return [item for item in self.items if item.section != SUBMITTED]

    @property
    def next_item(self) -> Item | None:
        return next(iter(self.waiting), None)

    @property
    def next_run(self) -> AnalysisRun | None:
        """What the one big button opens; otherwise the oldest recording that nobody was asked for."""
        return self.next_item.run if self.next_item else self.untouched[0] if self.untouched else None

    @property
    def total(self) -> int:
        return len(self.waiting) + len(self.untouched)

    @property
    def many(self) -> bool:
        """Whether more may wait than `total` says: lists are read to `MOST` rows."""
        return len(self.untouched) >= MOST

    @property
    def sections(self) -> list[tuple[str, list[Item]]]:
        """Title and codings of every section that has some."""
        grouped = [(TITLES[key], [item for item in self.items if item.section == key]) for key in TITLES]
        return [(title, items) for title, items in grouped if items]


def for_coder(user: Any) -> Coder:
    """The coder's queue: own codings by due day, then recordings that nobody was asked for, oldest first."""
    studies = Membership.objects.filter(user=user, role=Role.CODER).values("study")
    running = (State.ASSIGNED, State.OPEN, State.SUBMITTED, State.ADJUDICATION)
    layers = (
        Layer.objects.filter(owner=user, run__recording__participant__study__in=studies, state__in=running)
        .filter(kind__in=(Layer.Kind.CODER, Layer.Kind.ADJUDICATED))
        .exclude(run__state__in=UNFINISHED)
        .select_related(
            "run__recording__participant__study",
            "assignment__assigned_by",
            "assignment__returned_by",
            "adjudication",
        )
        .defer(*(f"run__{name}" for name in HEAVY))
    )
    own = list(layers)
    known = counts(layer.pk for layer in own)
    back = _sent_back(own)
    items = [
        Item(layer, getattr(layer, "assignment", None), known.get(layer.pk, Counts()), back.get(layer.pk))
        for layer in own
    ]
    return Coder(sorted(items, key=lambda item: item.order), _untouched(user, studies))


def _sent_back(layers: list[Layer]) -> dict[Any, Countersignature]:
    """The latest word of a second signer who sent a coding back, by its id."""
    returned = Countersignature.objects.filter(
        decision=Countersignature.Decision.RETURNED, report__sign_off__layer__in=[layer.pk for layer in layers]
    )
    found = returned.select_related("by", "report__sign_off").defer("report__sign_off__content").order_by("at")
    return {one.report.sign_off.layer_id: one for one in found}


def _untouched(user: Any, studies: Any) -> list[AnalysisRun]:
    """Newest finished runs of recordings that the person has no coding of and nobody else was asked for."""
    later = AnalysisRun.objects.filter(
        recording=OuterRef("recording"), state=AnalysisRun.State.SUCCEEDED, created_at__gt=OuterRef("created_at")
    )
    # Lists of this person's studies, not questions for each run: with all of them as joins PostgreSQL has too many
    # tables to find out that the studies are the way in, and reads every run of the installation.
    ids = list(studies.values_list("study", flat=True))
    mine = Layer.objects.filter(owner=user, kind=Layer.Kind.CODER)
    given = Assignment.objects.filter(layer__run__recording__participant__study__in=ids)
    runs = (
        AnalysisRun.objects.defer(*HEAVY)
        .filter(~Exists(later), recording__participant__study__in=ids)
        .exclude(state__in=UNFINISHED)
        .exclude(recording__in=mine.values("run__recording"))
        .exclude(recording__in=given.values("layer__run__recording"))
        .exclude(recording__in=blind_recordings(user))
        .select_related("recording__participant__study")
        # No column of an index: PostgreSQL would walk through every study's runs in its order until it has enough.
        .order_by(Coalesce("finished_at", "created_at"))
    )
    return list(runs[:MOST])
