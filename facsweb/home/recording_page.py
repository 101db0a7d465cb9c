"""The page of one recording: the video, its facts, its runs, and what can be done next."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from facsweb.coding.statuses import statuses
from facsweb.recordings import proxies, services
from facsweb.recordings.models import Recording
from facsweb.reports import life
from facsweb.runs.models import AnalysisRun
from facsweb.studies import access
from facsweb.studies.models import Scope
from facsweb.studies.services import missing_scopes
from facsweb.transcripts.presentation import card


@require_http_methods(["GET", "HEAD", "POST"])
def recording(request: HttpRequest, pk: UUID) -> HttpResponse:
    recording = access.get(request, Recording, pk, related=["participant__study", "created_by"])
    if request.method == "POST":
        return _retry_proxy(request, recording)
    participant = recording.participant
    runs = list(recording.runs.select_related("created_by"))
    context = {
        "recording": recording,
        "participant": participant,
        "crumbs": [
            (participant.study.name, reverse("studies:detail", args=[participant.study_id])),
            (participant.code, reverse("studies:participant", args=[participant.pk])),
            (recording.title, ""),
        ],
        "playable": services.playable(recording) is not None,
        "preparing": recording.proxy_state in (Recording.ProxyState.WAITING, Recording.ProxyState.MAKING),
        "runs": runs,
        "codings": [one for run in runs for one in statuses(run)],
        "life": life.of_recording(request.user, recording),
        "active_run": next((run for run in runs if run.is_active), None),
        "finished_run": next((run for run in runs if run.state == AnalysisRun.State.SUCCEEDED), None),
        "duplicates": services.duplicates(recording),
        "words": card(recording),
        "consented": not missing_scopes(participant, [Scope.VIDEO]),
        "pages": access.pages(request.user, participant.study),
        "may_start": access.may(request.user, "runs:start", recording),
        "may_change": access.may(request.user, "recordings:change", recording),
        "may_delete": access.may(request.user, "recordings:delete", recording),
    }
    return render(request, "recordings/detail.html", context)


def _retry_proxy(request: HttpRequest, recording: Recording) -> HttpResponse:
    """The page's one action of its own: ask again for the playable copy."""
    access.check(request.user, "recordings:change", recording)
    if proxies.retry(request.user, recording):
        messages.success(request, "The playable copy is being made again.")
    return redirect("recordings:detail", pk=recording.pk)
