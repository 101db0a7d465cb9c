"""How far assigned codings are, for the lists of leads and the queue of coders. Nothing here writes."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.assignments.models import Assignment
from facsweb.assignments.sampling import length
from facsweb.coding.models import Layer, Revision
from facsweb.coding.sight import blind_recordings
from facsweb.coding.statuses import TONES
from facsweb.studies.models import Membership, Role, Study

State = Layer.State
HEAVY = ("summary", "files", "error_detail")


@dataclass(frozen=True, slots=True)
class Counts:
    """Events of a layer: those that stand, the machine's proposals, and how many of those were decided."""

    events: int = 0
    proposals: int = 0
    reviewed: int = 0

    @property
    def words(self) -> str:
        """``12 of 40 reviewed``, or ``3 events`` where there are no proposals."""
        if self.proposals:
            return f"{self.reviewed} of {self.proposals} reviewed"
        return f"{self.events} event{'' if self.events == 1 else 's'}"


def counts(layers: Iterable[uuid.UUID]) -> dict[uuid.UUID, Counts]:
    """Counts by layer, in one query; layers without events are left out."""
    newest = Revision.objects.filter(event=OuterRef("event")).order_by("-number").values("number")[:1]
    decided = Q(deleted=True) | ~Q(standing=Revision.Standing.PROPOSED)
    proposal = Q(event__source__isnull=False)
    rows = (
        Revision.objects.filter(event__layer__in=list(layers), number=Subquery(newest))
        .order_by()
        .values(layer=F("event__layer"))
        .annotate(
            events=Count("pk", filter=Q(deleted=False)),
            proposals=Count("pk", filter=proposal),
            reviewed=Count("pk", filter=proposal & decided),
        )
    )
    return {row.pop("layer"): Counts(**row) for row in rows}


@dataclass(frozen=True, slots=True)
class Row:
    """One assignment as the lists show it. ``counts`` is None where the reader may not know them."""

    assignment: Assignment
    layer: Layer
    counts: Counts | None
    is_coder: bool

    @property
    def tone(self) -> str:
        return "attention" if self.sent_back else TONES[State(self.layer.state)]

    @property
    def label(self) -> str:
        return "Sent back" if self.sent_back else self.layer.get_state_display()

    @property
    def sent_back(self) -> bool:
        return self.layer.state == State.OPEN and self.assignment.returned_at is not None

    @property
    def overdue(self) -> bool:
        return is_overdue(self.layer, self.assignment)

    @property
    def minutes(self) -> float:
        return minutes(self.layer)

    @property
    def extent(self) -> str:
        return extent(self.layer)


def is_overdue(layer: Layer, assignment: Assignment | None) -> bool:
    """Whether somebody should have handed the coding in before today."""
    due = assignment.due if assignment else None
    return due is not None and layer.state in Layer.UNFINISHED and due < timezone.localdate()


def minutes(layer: Layer) -> float:
    """Minutes of video that are to be coded."""
    return (length(layer.spans) or layer.run.recording.duration_us) / 60e6


def assignments(study: Study) -> QuerySet[Assignment]:
    """Every assignment of a study with what lists show of it, the newest batch first."""
    heavy = [f"layer__run__{name}" for name in HEAVY]
    return (
        Assignment.objects.filter(batch__study=study)
        .select_related("batch", "layer__owner", "layer__run__recording__participant__study", "assigned_by")
        .defer(*heavy)
        .order_by("-batch__created_at", "layer__run__recording__participant__code", "layer__owner__name")
    )


def rows(user: Any, found: Iterable[Assignment], study: Study) -> list[Row]:
    """Assignments as rows; somebody who codes a recording blind is not told how much others have found on it."""
    found = list(found)
    coders = set(Membership.objects.filter(study=study, role=Role.CODER).values_list("user", flat=True))
    blind = set(blind_recordings(user))
    known = counts(one.layer_id for one in found)

    def told(one: Assignment) -> Counts | None:
        if one.layer.owner_id != user.pk and one.layer.run.recording_id in blind:
            return None
        return known.get(one.layer_id, Counts())

    return [Row(one, one.layer, told(one), one.layer.owner_id in coders) for one in found]


def extent(layer: Layer) -> str:
    """What is to be coded: ``whole recording, 12.0 min`` or ``6 stretches, 1.0 min``."""
    parts = len(layer.spans)
    what = "whole recording" if not parts else "1 stretch" if parts == 1 else f"{parts} stretches"
    long = minutes(layer)
    return f"{what}, {long:.1f} min" if long >= 1 else f"{what}, {long * 60:.0f} s"


@dataclass(frozen=True, slots=True)
class Coder:
    """How far one person is with all that they were given."""

    name: str
    is_coder: bool
    done: int
    total: int
    overdue: int
    minutes: float


def by_coder(found: Iterable[Row]) -> list[Coder]:
    """People with work, by name; done is what they handed in or signed."""
    people: dict[Any, list[Row]] = {}
    for row in found:
        people.setdefault(row.layer.owner, []).append(row)
    return [
        Coder(
            str(owner),
            own[0].is_coder,
            sum(row.layer.state not in Layer.UNFINISHED for row in own),
            len(own),
            sum(row.overdue for row in own),
            sum(row.minutes for row in own),
        )
        for owner, own in sorted(people.items(), key=lambda pair: str(pair[0]))
    ]


# --- what lower layers ask ------------------------------------------------------------------------------------


def about_layer(layer: Layer) -> dict[str, Any]:
    """How a layer came to its owner, for the page before it is begun and the page on which it is submitted."""
    found = Assignment.objects.filter(layer=layer).select_related("assigned_by", "batch", "returned_by").first()
    if found is None:
        return {}
    return {
        "by": str(found.assigned_by),
        "plan": found.batch.name,
        "due": found.due,
        "overdue": is_overdue(layer, found),
        "instructions": found.instructions,
        "returned": found.returned_reason if layer.state == State.OPEN else "",
        "returned_by": str(found.returned_by) if found.returned_by else "",
    }


def role_warning(study: Study, user: User, role: str) -> str:
    """What is left behind when somebody is no longer coder of a study."""
    if role != Role.CODER:
        return ""
    open_ones = Assignment.objects.filter(
        batch__study=study, layer__owner=user, layer__state__in=Layer.UNFINISHED
    ).count()
    if not open_ones:
        return ""
    words = "1 coding that is" if open_ones == 1 else f"{open_ones} codings that are"
    return (
        f"{user} has {words} assigned and not handed in. What was coded stays, but nobody can go on with it; "
        "reassign what was not begun under Assignments."
    )
