"""Pages and files of recordings. The page of one recording, which also shows its runs, is in ``home``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from facsweb.recordings import services, streaming
from facsweb.recordings.forms import RenameForm
from facsweb.recordings.models import Recording, Upload
from facsweb.studies import access, signed_links
from facsweb.studies.models import Participant, Scope
from facsweb.studies.services import missing_scopes


@require_safe
def upload(request: HttpRequest, pk: UUID) -> HttpResponse:
    participant = access.get(request, Participant, pk, related=["study"])
    context = {
        "participant": participant,
        "crumbs": [
            (participant.study.name, reverse("studies:detail", args=[participant.study_id])),
            (participant.code, reverse("studies:participant", args=[participant.pk])),
            ("Upload", ""),
        ],
        "may_record": not missing_scopes(participant, [Scope.VIDEO]),
        "may_sound": not missing_scopes(participant, [Scope.AUDIO]),
        "max_bytes": settings.MAX_UPLOAD_BYTES,
        "partial": Upload.objects.filter(
            participant=participant,
            created_by=request.user,
            state=Upload.State.RECEIVING,
            offset__gt=0,
            length__gt=0,
        ),
    }
    return render(request, "recordings/upload.html", context)


def upload_state(request: HttpRequest, upload: Upload) -> HttpResponse:
    """What became of an upload: JSON, or a piece of the upload page for who prefers HTML."""
    recording = upload.recording
    others = services.duplicates(recording) if recording else []
    if request.get_preferred_type(["application/json", "text/html"]) == "text/html":
        return render(
            request,
            "recordings/_found.html",
            {
                "upload": upload,
                "recording": recording,
                "duplicates": others,
                "may_start": recording is not None and access.may(request.user, "runs:start", recording),
            },
        )
    return JsonResponse(
        {
            "state": upload.state,
            "filename": upload.filename,
            "offset": upload.offset,
            "length": upload.length,
            "error": upload.error,
            "recording": _facts(recording) if recording else None,
            "duplicates": [
                {"title": other.title, "participant": other.participant.code, "url": _url(other)}
                for other in others
            ],
        }
    )


def _url(recording: Recording) -> str:
    return reverse("recordings:detail", args=[recording.pk])


def _facts(recording: Recording) -> dict[str, Any]:
    return {
        "id": str(recording.pk),
        "url": _url(recording),
        "start_url": reverse("runs:start", args=[recording.pk]),
        "title": recording.title,
        "sha256": recording.sha256,
        "size": recording.size,
        "duration_us": recording.duration_us,
        "width": recording.width,
        "height": recording.height,
        "frame_rate": recording.frame_rate,
        "has_audio": recording.has_audio,
        "proxy_state": recording.proxy_state,
    }


@require_safe
def video(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    recording = access.get(request, Recording, pk, related=["participant__study"])
    file = services.playable(recording)
    if file is None:
        sentence = "The playable copy of this recording is being prepared. Try again in a moment."
        if recording.proxy_state == Recording.ProxyState.FAILED:
            sentence = f"No playable copy could be made. {recording.proxy_error}"
        return JsonResponse({"error": sentence, "code": recording.proxy_state}, status=409)
    if (answer := signed_links.instead(request)) is not None:
        return answer
    name, content_type = file
    try:
        return streaming.name_response(request, name, content_type=content_type)
    except FileNotFoundError:
        raise Http404("The file of this recording is missing on the server.") from None


@require_safe
def poster(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    recording = access.get(request, Recording, pk, related=["participant__study"])
    path = services.poster(recording)
    if path is None:
        raise Http404("No picture can be read from this recording.")
    if (answer := signed_links.instead(request)) is not None:
        return answer
    return streaming.file_response(request, path, content_type="image/jpeg")


def crumbs(recording: Recording, here: str) -> list[tuple[str, str]]:
    """Breadcrumb from the study through the participant and the recording to a page about it."""
    participant = recording.participant
    return [
        (participant.study.name, reverse("studies:detail", args=[participant.study_id])),
        (participant.code, reverse("studies:participant", args=[participant.pk])),
        (recording.title, _url(recording)),
        (here, ""),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, pk: UUID) -> HttpResponse:
    recording = access.get(request, Recording, pk, related=["participant__study"])
    form = RenameForm(request.POST if request.method == "POST" else None, instance=recording)
    if request.method == "POST" and form.is_valid():
        services.rename(request.user, recording, title=form.cleaned_data["title"])
        messages.success(request, "The recording is renamed.")
        return redirect("recordings:detail", pk=recording.pk)
    context = {
        "recording": recording,
        "form": form,
        "crumbs": crumbs(recording, "Rename"),
        "back": _url(recording),
    }
    return render(request, "recordings/change.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    recording = access.get(request, Recording, pk, related=["participant__study"])
    context = {"recording": recording, "crumbs": crumbs(recording, "Delete"), "back": _url(recording)}
    if request.method != "POST":
        return render(request, "recordings/delete.html", context)
    try:
        services.delete_recording(request.user, recording)
    except services.NotDeletable as error:
        return render(request, "recordings/delete.html", context | {"error": str(error)}, status=409)
    messages.success(request, f"“{recording.title}” is deleted. The log keeps its name and checksum.")
    return redirect("studies:participant", pk=recording.participant_id)
