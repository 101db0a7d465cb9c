"""Pages of runs: thin."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from analysis.facs.micro import CAUTION
from analysis.facs.tiers import tier_words
from analysis.types import ModelError
from facsweb.audit.services import record
from facsweb.recordings.models import Recording
from facsweb.recordings.streaming import file_response
from facsweb.recordings.views import crumbs
from facsweb.runs import hooks, neutrals, progress, scorers, services, summaries
from facsweb.runs.forms import StartForm
from facsweb.runs.models import AnalysisRun
from facsweb.storage import shelf
from facsweb.studies import access, signed_links
from facsweb.studies.services import ConsentMissing

STUDY = "recording__participant__study"
REFUSALS = (ConsentMissing, ModelError, services.RunRefused)


@require_POST
def start(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Start the analysis of a recording and show the run."""
    recording = access.get(request, Recording, pk, related=("participant__study",))
    form = StartForm(request.POST)
    if not form.is_valid():
        return _refused(request, form, redirect("recordings:detail", pk=recording.pk))
    try:
        run = services.start(
            request.user,  # type: ignore[arg-type]
            recording,
            neutral_us=form.cleaned_data["neutral_us"],
            max_faces=form.cleaned_data["max_faces"] or services.USUAL_FACES,
        )
    except REFUSALS as error:
        messages.error(request, str(error))
        return redirect("recordings:detail", pk=recording.pk)
    return redirect("runs:detail", pk=run.pk)


@require_GET
@never_cache
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page of a run; for `run-progress.js`, only the part that changes when the run ends."""
    run = access.get(request, AnalysisRun, pk, related=(STUDY, "created_by"))
    partial = request.headers.get("X-Partial") == "run"
    return render(request, "runs/_run.html" if partial else "runs/detail.html", _context(request, run))


def _context(request: HttpRequest, run: AnalysisRun) -> dict[str, Any]:
    may_rescore = run.state == AnalysisRun.State.SUCCEEDED and access.may(request.user, "runs:rescore", run)
    hidden = hooks.why_hidden(request.user, run)
    return {
        "run": run,
        "hidden": hidden,
        "codings": [one for hook in hooks.codings for one in hook(run)],
        "snapshot": progress.snapshot(run),
        "socket_path": f"/ws/runs/{run.pk}/",
        "may_start": access.may(request.user, "runs:start", run),
        "neutrals": neutrals.of_run(run),
        "scorer": scorers.of_run(run),
        "scorers": scorers.options(run) if may_rescore else [],
        "scorer_kept": neutrals.refusal(run) if may_rescore else "",
        "faces": [] if hidden else summaries.faces(run.summary),
        "tier_words": tier_words((run.summary.get("scorer") or {}).get("id", "")),
        "by_rule": (run.summary.get("scorer") or {}).get("id") != "au-rules",
        "micro_caution": CAUTION,
        "warnings": [] if hidden else run.summary.get("warnings", []),
        "public_files": [name for name in services.PUBLIC_FILES if name in run.files and not hidden],
        "crumbs": crumbs(run.recording, "Analysis"),
    }


@require_GET
@never_cache
def snapshot(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the socket would send, for pages that have none."""
    access.get(request, AnalysisRun, pk)
    found = progress.read(pk)
    if found is None:  # destroyed a moment ago
        raise Http404
    return JsonResponse(progress.message(found[1]))


@require_GET
def still(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The newest picture of a run, with the mesh drawn in."""
    run = access.get(request, AnalysisRun, pk)
    if not run.stills:
        raise Http404
    if (answer := signed_links.instead(request)) is not None:
        return answer
    try:
        path = shelf.fetch(services.still_path(run), fresh=True)
        response = file_response(request, path, content_type="image/jpeg")
    except FileNotFoundError:
        raise Http404 from None
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Cancel a run; a second click changes nothing."""
    run = access.get(request, AnalysisRun, pk, related=(STUDY,))
    services.cancel(request.user, run)  # type: ignore[arg-type]
    return redirect("runs:detail", pk=run.pk)


@require_POST
def rescore(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Read a finished run again with another scorer and show the new run."""
    run = access.get(request, AnalysisRun, pk, related=(STUDY,))
    try:
        again = scorers.choose(request.user, run, request.POST.get("scorer", ""))  # type: ignore[arg-type]
    except (ConsentMissing, services.RunRefused) as error:
        messages.error(request, str(error))
        return redirect("runs:detail", pk=run.pk)
    return redirect("runs:detail", pk=again.pk)


@require_GET
def download(request: HttpRequest, pk: UUID, name: str) -> HttpResponseBase:
    """One of the three public files of a finished run."""
    run = access.get(request, AnalysisRun, pk, related=(STUDY,))
    if name not in services.PUBLIC_FILES or name not in run.files:
        raise Http404
    if hidden := hooks.why_hidden(request.user, run):
        raise PermissionDenied(hidden)
    try:
        response = file_response(
            request, services.result_dir(run) / name, content_type=services.PUBLIC_FILES[name]
        )
    except FileNotFoundError:
        raise Http404 from None
    record(request.user, "run.download", run, file=name, sha256=run.files[name])
    filename = f"{run.recording.participant.code}-{run.pk.hex[:8]}-{name}"
    response.headers["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    return response


def _refused(request: HttpRequest, form: Form, response: HttpResponse) -> HttpResponse:
    for errors in form.errors.values():
        messages.error(request, " ".join(str(error) for error in errors))
    return response
