"""What was found in a run, for whoever may see it: nothing here that a page would not show the token's owner."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseBase
from django.utils.http import content_disposition_header
from ninja import Router

from facsweb.api import gate, paging, readings, schemas
from facsweb.api.gate import CallerRequest, operation
from facsweb.api.models import Scope
from facsweb.coding import hooks, reading, sight
from facsweb.coding.models import Layer
from facsweb.recordings.streaming import file_response
from facsweb.runs.hooks import why_hidden
from facsweb.runs.models import AnalysisRun
from facsweb.runs.services import PUBLIC_FILES, RunRefused, result_dir

router = Router()
RUN: Final = "recording__participant__study"
FILE_STATUSES: Final = {
    206: "The part that Range asked for.",
    304: "The client has it already.",
    409: "The analysis has not finished.",
    416: "The range lies outside of the file.",
}


def _seen(request: CallerRequest, name: str, pk: UUID) -> AnalysisRun:
    """The run, unless what was found in it is hidden from the token's owner, who codes it blind."""
    run: AnalysisRun = gate.get(request, name, AnalysisRun, pk, RUN)
    hidden = sight.hides(request.user, run) or why_hidden(request.user, run)
    if hidden:
        raise PermissionDenied(hidden)
    return run


def _finished(request: CallerRequest, name: str, pk: UUID) -> AnalysisRun:
    run = _seen(request, name, pk)
    if run.state != AnalysisRun.State.SUCCEEDED:
        raise RunRefused("This analysis has no result: it has not finished, failed or was cancelled.")
    return run


def _events(request: CallerRequest, layer: Layer, cursor: str, limit: int) -> dict[str, Any]:
    rows = hooks.unnamed(request.user, layer, [one.as_dict() for one in reading.current_events(layer)])
    return paging.page_of_list(
        request, rows, cursor, limit, lambda row: [row["onset_us"], row["code"], str(row["id"])]
    )


@operation(
    router,
    "GET",
    "/runs/{uuid:run}/events",
    response=schemas.Page[schemas.EventOut],
    scope=Scope.RESULTS_READ,
    also={409: "The analysis has not finished."},
)
def run_events(request: CallerRequest, run: UUID, cursor: paging.Cursor = "", limit: paging.Limit = 50) -> Any:
    """Events that the machine proposed, by onset"""
    found = _finished(request, "run_events", run)
    layer = found.layers.filter(kind=Layer.Kind.MACHINE).first()
    if layer is None:
        raise RunRefused("The events of this analysis are not stored yet. Try again in a moment.")
    if not cursor:
        gate.log_download(request, "run.download", found, file="events")
    return _events(request, layer, cursor, limit)


@operation(
    router,
    "GET",
    "/runs/{uuid:run}/signals.parquet",
    response={200: None},
    scope=Scope.RESULTS_READ,
    gives={"application/vnd.apache.parquet": "One row for every frame of every face."},
    also=FILE_STATUSES,
)
def run_signals_parquet(request: CallerRequest, run: UUID) -> Any:
    """Signals of every frame, as Parquet

    Columns are in the documentation under "Public interface". A value that was not scored is NaN, never zero.
    """
    return _file(request, _finished(request, "run_signals_parquet", run), "signals.parquet")


@operation(
    router,
    "GET",
    "/runs/{uuid:run}/signals.csv",
    response={200: None},
    scope=Scope.RESULTS_READ,
    gives={"text/csv": "The same columns; a value that was not scored is empty."},
    also=FILE_STATUSES,
)
def run_signals_csv(request: CallerRequest, run: UUID) -> Any:
    """Signals of every frame, as CSV"""
    found = _finished(request, "run_signals_csv", run)
    try:
        path = readings.signals_csv(result_dir(found))
    except FileNotFoundError:
        raise Http404 from None
    return _attached(request, found, path, "signals.csv", "text/csv; charset=utf-8")


@operation(
    router,
    "GET",
    "/runs/{uuid:run}/summary",
    response={200: None},
    scope=Scope.RESULTS_READ,
    gives={"application/json": "The run's summary.json."},
    also=FILE_STATUSES,
)
def run_summary(request: CallerRequest, run: UUID) -> Any:
    """Summary of an analysis: models, neutral face, tiers, statistics of every face, warnings"""
    return _file(request, _finished(request, "run_summary", run), "summary.json")


@operation(
    router,
    "GET",
    "/runs/{uuid:run}/reading",
    response=schemas.ReadingOut,
    scope=Scope.RESULTS_READ,
    also={409: "The analysis has not finished."},
)
def run_reading(request: CallerRequest, run: UUID) -> Any:
    """Combinations, states and indicators, where consent and the law allow them

    What may not be shown is not there, and `withheld` says why. These are supportive indicators, never a
    diagnosis.
    """
    found = _finished(request, "run_reading", run)
    told = readings.reading_out(found)
    gate.log_download(request, "run.download", found, file="reading", reading=str(told["reading"]))
    return told


def _file(request: CallerRequest, run: AnalysisRun, name: str) -> HttpResponseBase:
    """One of the run's public files, logged."""
    if name not in run.files:
        raise Http404
    return _attached(request, run, result_dir(run) / name, name, PUBLIC_FILES[name])


def _attached(
    request: CallerRequest, run: AnalysisRun, path: Any, name: str, content_type: str
) -> HttpResponseBase:
    try:
        response = file_response(request, path, content_type=content_type)
    except FileNotFoundError:
        raise Http404 from None
    source = "signals.parquet" if name == "signals.csv" else name
    gate.log_download(request, "run.download", run, file=name, sha256=run.files.get(source, ""))
    filename = f"{run.recording.participant.code}-{run.pk.hex[:8]}-{name}"
    response["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    return response


# --- codings ---------------------------------------------------------------------------------------------


def layer_out(request: CallerRequest, layer: Layer) -> dict[str, Any]:
    """A layer; its owner by alias where the token's owner must not know who that is."""
    name = hooks.alias(request.user, layer) or (str(layer.owner) if layer.owner else None)
    names = ("kind", "state", "mode", "revision", "created_at", "submitted_at")
    return {
        "id": layer.pk,
        "run": layer.run_id,
        "owner": name,
        **{name: getattr(layer, name) for name in names},
    }


@operation(
    router,
    "GET",
    "/runs/{uuid:run}/layers",
    response=schemas.Page[schemas.LayerOut],
    scope=Scope.CODINGS_READ,
)
def layers_list(request: CallerRequest, run: UUID, cursor: paging.Cursor = "", limit: paging.Limit = 50) -> Any:
    """Codings of a run that the token's owner may read, the machine's among them"""
    found = gate.get(request, "layers_list", AnalysisRun, run, RUN)
    rows = sight.readable_layers(request.user, found)
    page = paging.page_of_list(request, rows, cursor, limit, lambda one: [one.created_at.isoformat(), str(one.pk)])
    return page | {"items": [layer_out(request, one) for one in page["items"]]}


@operation(
    router,
    "GET",
    "/layers/{uuid:layer}/events",
    response=schemas.Page[schemas.EventOut],
    scope=Scope.CODINGS_READ,
)
def layer_events(request: CallerRequest, layer: UUID, cursor: paging.Cursor = "", limit: paging.Limit = 50) -> Any:
    """Events of a coding as they stand, by onset"""
    found = gate.get(request, "layer_events", Layer, layer, f"run__{RUN}", "owner")
    if not sight.may_read(request.user, found):
        raise PermissionDenied("The token's owner may not read this coding.")
    return _events(request, found, cursor, limit)
