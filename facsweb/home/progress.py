"""How far a recording is, and what comes next for it: the one place that looks through all layers at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from django.db.models import Prefetch, QuerySet
from django.urls import reverse

from facsweb.coding.models import Layer
from facsweb.coding.statuses import Status, status, steps
from facsweb.recordings.models import Recording
from facsweb.runs.models import AnalysisRun

Tone = Literal["good", "attention", "bad", "active", "machine", "neutral"]
State = AnalysisRun.State

#: States of codings, the furthest first, and what a recording is said to be when one of its codings is there.
STEPS: Final[tuple[tuple[tuple[str, ...], str, Tone], ...]] = (
    ((Layer.State.SIGNED, Layer.State.SETTLED), "Signed", "good"),
    ((Layer.State.ADJUDICATION,), "In adjudication", "active"),
    ((Layer.State.SUBMITTED,), "Submitted", "active"),
    ((Layer.State.OPEN,), "Being coded", "attention"),
    ((Layer.State.ASSIGNED,), "Assigned", "neutral"),
)

#: Columns that may be large and that no list shows.
HEAVY = ("summary", "files", "error_detail")


@dataclass(frozen=True, slots=True)
class Progress:
    """State of a recording in words; ``run`` is the run it speaks of."""

    label: str
    tone: Tone
    run: AnalysisRun | None = None
    live: bool = False
    codings: tuple[Status, ...] = ()

    @property
    def several(self) -> tuple[Status, ...]:
        """The single codings where there is more than one; a single one is what `label` says."""
        return self.codings if len(self.codings) > 1 else ()

    @property
    def is_reviewable(self) -> bool:
        """Whether there is a finished run to look at."""
        return self.run is not None and self.run.state == State.SUCCEEDED

    @property
    def url(self) -> str:
        """Where to look: the review of a finished run, otherwise the run; empty before the first run."""
        if self.run is None:
            return ""
        return reverse("coding:review" if self.is_reviewable else "runs:detail", args=[self.run.pk])


def with_progress(recordings: QuerySet[Recording]) -> QuerySet[Recording]:
    """Fetch what ``progress_of`` needs in two queries, whatever the number of recordings."""
    runs = AnalysisRun.objects.defer(*HEAVY).order_by("-created_at")
    layers = steps(Layer.objects.all())
    return recordings.defer("media_info").prefetch_related(
        Prefetch("runs", queryset=runs), Prefetch("runs__layers", queryset=layers, to_attr="coder_layers")
    )


def _counted(label: str, there: list[str], run: AnalysisRun) -> str:
    """``1 of 2 submitted`` where others of the same run are not so far."""
    coders = [layer for layer in run.coder_layers if layer.kind == Layer.Kind.CODER]
    if label != "Submitted" or len(there) == len(coders):
        return label
    return f"{len(there)} of {len(coders)} submitted"


def percent(run: AnalysisRun) -> int | None:
    """Share of the current stage that is done, 0–100; None when its total is not known."""
    return min(100, 100 * run.done // run.total) if run.total else None


def progress_of(recording: Recording) -> Progress:
    """State of a recording fetched by ``with_progress``.

    A run in progress is said first, then the furthest that any finished run has come, then why there is none.
    """
    runs = list(recording.runs.all())
    for run in runs:
        if run.state == State.RUNNING:
            done = percent(run)
            return Progress("Analysing" if done is None else f"Analysing, {done} %", "active", run, live=True)
        if run.state == State.QUEUED:
            return Progress("Waiting for a worker", "active", run, live=True)
    finished = [run for run in runs if run.state == State.SUCCEEDED]
    codings = tuple(status(layer) for run in finished for layer in run.coder_layers)
    for states, label, tone in STEPS:
        for run in finished:
            there = [layer.state for layer in run.coder_layers if layer.state in states]
            if there:
                return Progress(_counted(label, there, run), tone, run, codings=codings)
    if finished:
        return Progress("Ready to review", "machine", finished[0])
    if runs and runs[0].state == State.FAILED:
        return Progress("Analysis failed", "bad", runs[0])
    if runs:
        return Progress("Analysis stopped", "neutral", runs[0])
    return Progress("Not analysed", "neutral")
