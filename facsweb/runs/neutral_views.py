"""The page on which people choose the neutral face, and what it asks for."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from facsweb.recordings.services import playable
from facsweb.recordings.streaming import file_response
from facsweb.recordings.views import crumbs
from facsweb.runs import neutrals
from facsweb.runs.models import AnalysisRun
from facsweb.runs.neutral_forms import ChoiceForm
from facsweb.runs.services import RunRefused
from facsweb.studies import access, signed_links
from facsweb.studies.services import ConsentMissing

RELATED = ("recording__participant__study", "created_by")


@require_GET
@never_cache
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Every person's neutral: the frame, how good it is, and the choice of another."""
    run = access.get(request, AnalysisRun, pk, related=RELATED)
    at = request.GET.get("at", "")
    at_us = int(at) if at.isascii() and at.isdigit() and len(at) < 15 else None
    context = {
        "run": run,
        "recording": run.recording,
        "neutrals": neutrals.of_run(run),
        "lenders": neutrals.lenders(request.user, run),  # type: ignore[arg-type]
        "refusal": neutrals.refusal(run),
        "before": neutrals.before_of(run),
        "may_choose": access.may(request.user, "runs:interpret", run),
        "finished": run.state == AnalysisRun.State.SUCCEEDED,
        "consented": neutrals.consent_stands(run.recording),
        "has_video": playable(run.recording) is not None,
        "at_us": at_us,
        "crumbs": crumbs(run.recording, "Neutral face"),
    }
    return render(request, "runs/neutral.html", context)


@require_GET
def picture(request: HttpRequest, pk: UUID, face: int) -> HttpResponseBase:
    """The frame that a neutral was taken from, cut to the face."""
    run = access.get(request, AnalysisRun, pk, related=RELATED)
    path = neutrals.picture(run, face) if run.state == AnalysisRun.State.SUCCEEDED else None
    if path is None:
        raise Http404("There is no picture of this neutral face.")
    if (answer := signed_links.instead(request)) is not None:
        return answer
    response = file_response(request, path, content_type="image/jpeg")
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_POST
def interpret(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Read a finished run again with another neutral face and show the new run."""
    run = access.get(request, AnalysisRun, pk, related=RELATED)
    form = ChoiceForm(request.POST)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(str(error) for error in errors))
        return redirect("runs:neutral", pk=run.pk)
    said = form.cleaned_data
    try:
        again = neutrals.choose(
            request.user,  # type: ignore[arg-type]
            run,
            face=said["face"],
            time_us=said["neutral_us"],
            lender=said["lender"],
        )
    except (ConsentMissing, RunRefused) as error:
        messages.error(request, str(error))
        return redirect("runs:neutral", pk=run.pk)
    return redirect("runs:detail", pk=again.pk)


@require_POST
def undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Go back to the neutral faces of the run before."""
    run = access.get(request, AnalysisRun, pk, related=RELATED)
    try:
        again = neutrals.undo(request.user, run)  # type: ignore[arg-type]
    except (ConsentMissing, RunRefused) as error:
        messages.error(request, str(error))
        return redirect("runs:neutral", pk=run.pk)
    return redirect("runs:detail", pk=again.pk)
