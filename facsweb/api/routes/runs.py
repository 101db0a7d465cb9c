"""Analyses: started, looked at, cancelled."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from ninja import Router
from ninja.responses import Status

from facsweb.api import gate, paging, schemas
from facsweb.api.gate import JSON, CallerRequest, operation
from facsweb.api.models import Scope
from facsweb.recordings.models import Recording
from facsweb.runs import progress, services
from facsweb.runs.hooks import why_hidden
from facsweb.runs.models import AnalysisRun

router = Router()
RUN = "recording__participant__study"


def run_out(request: CallerRequest, run: AnalysisRun) -> dict[str, Any]:
    """A run as its page tells of it; which files there are is kept from whoever codes it blind."""
    files = {} if why_hidden(request.user, run) else run.files
    now = progress.snapshot(run)
    return {
        "id": run.pk,
        "recording": run.recording_id,
        "participant": run.recording.participant_id,
        "study": run.recording.participant.study_id,
        "state": run.state,
        "cancelling": now.cancelling,
        "attempt": run.attempt,
        "stages": [asdict(stage) for stage in now.stages],
        "error": run.error,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "files": {name: files[name] for name in services.PUBLIC_FILES if name in files},
    }


@operation(
    router,
    "GET",
    "/recordings/{uuid:recording}/runs",
    response=schemas.Page[schemas.RunOut],
    scope=Scope.RUNS_READ,
)
def runs_list(
    request: CallerRequest, recording: UUID, cursor: paging.Cursor = "", limit: paging.Limit = 50
) -> Any:
    """Analyses of a recording"""
    found = gate.get(request, "runs_list", Recording, recording, "participant__study")
    page = paging.page(request, found.runs.select_related(RUN).prefetch_related("log"), cursor, limit)
    return page | {"items": [run_out(request, one) for one in page["items"]]}


@operation(
    router,
    "POST",
    "/recordings/{uuid:recording}/runs",
    response={200: schemas.RunOut, 201: schemas.RunOut},
    scope=Scope.RUNS_WRITE,
    takes=JSON,
    example={"neutral_us": None, "max_faces": 1},
    also={
        200: "An analysis of the recording is under way already: this one.",
        409: "Consent does not cover it, a value lies outside of the recording, or the request is being answered.",
        429: "As many analyses of the study wait as its quota allows (type `quota`), or the token asked too "
        "often; `Retry-After` says when to try again.",
        503: "The face models are not installed on the server, or it has more to do than it can (type `put-off`); "
        "`Retry-After` says when to try again. Nothing was started.",
    },
)
def run_start(request: CallerRequest, recording: UUID, body: schemas.RunIn) -> Any:
    """Start the analysis of a recording

    A recording has one active analysis at a time; starting again while one is under way returns that one with 200.
    """
    found = gate.get(request, "run_start", Recording, recording, "participant__study")
    before = set(found.runs.filter(state__in=AnalysisRun.ACTIVE).values_list("pk", flat=True))
    run = services.start(request.user, found, neutral_us=body.neutral_us, max_faces=body.max_faces)
    run = AnalysisRun.objects.select_related(RUN).get(pk=run.pk)
    return Status(200 if run.pk in before else 201, run_out(request, run))


@operation(router, "GET", "/runs/{uuid:run}", response=schemas.RunOut, scope=Scope.RUNS_READ)
def run_get(request: CallerRequest, run: UUID) -> Any:
    """State and progress of an analysis"""
    return run_out(request, gate.get(request, "run_get", AnalysisRun, run, RUN))


@operation(router, "POST", "/runs/{uuid:run}/cancel", response=schemas.RunOut, scope=Scope.RUNS_WRITE)
def run_cancel(request: CallerRequest, run: UUID) -> Any:
    """Cancel an analysis

    At once while it waits, within a second while it runs; an analysis that has ended stays as it is.
    """
    found = gate.get(request, "run_cancel", AnalysisRun, run, RUN)
    return run_out(request, services.cancel(request.user, found))
