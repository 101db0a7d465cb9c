"""What a lead can give to coders: analysed recordings, people; where the machine saw or proposed something."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq
from django.db.models import OuterRef, Prefetch, Subquery

from facsweb.accounts.models import User
from facsweb.assignments.sampling import Span
from facsweb.coding.machine import make_machine_layer
from facsweb.coding.models import Layer, Revision
from facsweb.runs.models import AnalysisRun
from facsweb.runs.services import result_dir
from facsweb.studies.models import Membership, Role, Scope, Study
from facsweb.studies.services import missing_scopes

GAP = 2.5  # so many usual frame steps without a face end a stretch


@dataclass(frozen=True, slots=True)
class Material:
    """One analysed recording: its newest finished run, and who has a coding of any of its runs."""

    run: AnalysisRun
    taken: dict[uuid.UUID, str]

    @property
    def title(self) -> str:
        return f"{self.run.recording.participant.code} · {self.run.recording.title}"

    @property
    def duration_us(self) -> int:
        return self.run.recording.duration_us


def coders(study: Study) -> list[User]:
    """People who may code in the study."""
    held = Membership.objects.filter(study=study, role=Role.CODER)
    return list(User.objects.filter(pk__in=held.values("user"), is_active=True).order_by("name"))


def recordings(study: Study) -> list[Material]:
    """Analysed recordings whose participants' consent covers coding, by participant and age."""
    newest = (
        AnalysisRun.objects.filter(recording=OuterRef("recording"), state=AnalysisRun.State.SUCCEEDED)
        .order_by("-created_at")
        .values("pk")[:1]
    )
    layers = Layer.objects.filter(kind=Layer.Kind.CODER).select_related("owner")
    runs = (
        AnalysisRun.objects.filter(recording__participant__study=study, pk=Subquery(newest))
        .defer("summary", "files", "error_detail")
        .select_related("recording__participant__study")
        .prefetch_related(
            "recording__participant__consents", Prefetch("recording__runs__layers", layers, to_attr="codings")
        )
        .order_by("recording__participant__code", "recording__created_at")
    )
    return [
        Material(
            run, {layer.owner_id: str(layer.owner) for one in run.recording.runs.all() for layer in one.codings}
        )
        for run in runs
        if not missing_scopes(run.recording.participant, [Scope.VIDEO])
    ]


def seen(run: AnalysisRun) -> list[Span]:
    """Stretches of a finished run in which a face was in view; raises OSError when its files are gone."""
    path = result_dir(run) / "signals.parquet"
    names = set(pq.read_schema(path).names)
    table = pq.read_table(path, columns=["time_us", "quality", *({"gate"} & names)])
    here = ~np.isnan(table["quality"].to_numpy().astype(np.float64))
    if "gate" in names:
        gates = table["gate"].to_pylist()
        here &= np.array(["no face" not in (gate or "") for gate in gates], bool)
    every = np.unique(table["time_us"].to_numpy())
    times = np.unique(table["time_us"].to_numpy()[here])
    if not times.size:
        return []
    step = int(np.median(np.diff(every))) if every.size > 1 else 40_000
    breaks = np.flatnonzero(np.diff(times) > GAP * step)
    starts = np.concatenate([times[:1], times[breaks + 1]])
    ends = np.concatenate([times[breaks], times[-1:]]) + step
    return [(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]


def active(run: AnalysisRun) -> list[Span]:
    """The machine's events of a finished run; raises `machine.BadResult` when they cannot be read."""
    revisions = Revision.objects.filter(event__layer=make_machine_layer(run), number=1)
    return list(revisions.values_list("onset_us", "offset_us"))


def chosen(found: Sequence[Material], runs: Sequence[str]) -> list[Material]:
    """Those whose runs were chosen."""
    wanted = {uuid.UUID(run) for run in runs}
    return [one for one in found if one.run.pk in wanted]
