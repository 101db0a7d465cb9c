"""Pages that write: the editor, its saves, bringing a revision back, title and language, deleting."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from facsweb.recordings import services as recordings
from facsweb.studies import access
from facsweb.studies.services import ConsentMissing
from facsweb.transcripts import analysing, forms, services, values
from facsweb.transcripts.models import Revision, Transcript
from facsweb.transcripts.views import ABOUT, GONE, crumbs, is_withheld

MALFORMED = "The server did not understand this request. Nothing was changed."


@require_safe
def edit(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The units beside the video."""
    transcript = access.get(request, Transcript, pk, related=ABOUT)
    if is_withheld(transcript):
        messages.error(request, GONE)
        return redirect("transcripts:detail", pk=pk)
    newest = services.current(transcript)
    recording = transcript.recording
    pages = access.pages(request.user, transcript.study)
    context = {
        "transcript": transcript,
        "recording": recording,
        "playable": recording is not None and recordings.playable(recording) is not None,
        "data": {
            "revision": transcript.revision,
            "units": newest.units if newest else [],
            "durationUs": recording.duration_us if recording else None,
            "saveUrl": reverse("transcripts:save", args=[pk]),
            "longest": values.LONGEST_TEXT,
            "most": values.MOST_UNITS,
        },
        "crumbs": crumbs(transcript, pages, "Edit"),
    }
    return render(request, "transcripts/edit.html", context)


def _failure(sentence: str, code: str, status: int, **more: Any) -> JsonResponse:
    return JsonResponse({"error": sentence, "code": code, **more}, status=status)


@require_POST
def save(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Store what the editor holds; JSON in, JSON out."""
    transcript = access.get(request, Transcript, pk, related=ABOUT)
    try:
        sent = json.loads(request.body)
        expected = sent["expected"]
        if not isinstance(expected, int) or isinstance(expected, bool):
            raise TypeError("expected")
        revision = services.save(
            request.user,  # type: ignore[arg-type]
            transcript,
            sent["units"],
            expected=expected,
            pause=sent.get("pause") is True,
        )
    except (ValueError, TypeError, KeyError):
        return _failure(MALFORMED, "malformed", 400)
    except values.Invalid as error:
        return _failure(str(error), "invalid", 422, problems=error.problems)
    except services.Changed as error:
        return _failure(str(error), "changed", 409, revision=error.transcript.revision)
    except ConsentMissing as error:
        return _failure(str(error), "consent", 409)
    return JsonResponse(
        {"revision": revision.number, "at": revision.created_at, "author": revision.author.get_full_name()}
    )


@require_POST
def restore(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Bring an earlier revision back."""
    transcript = access.get(request, Transcript, pk, related=ABOUT)
    form = forms.RestoreForm(request.POST)
    if not form.is_valid():
        messages.error(request, MALFORMED)
        return redirect("transcripts:history", pk=pk)
    try:
        revision: Revision = services.restore(request.user, transcript, **form.cleaned_data)  # type: ignore[arg-type]
    except (services.Refused, ConsentMissing) as error:
        messages.error(request, str(error))
        return redirect("transcripts:history", pk=pk)
    messages.success(request, f"{revision.words} What was there before is revision {revision.number - 1}.")
    return redirect("transcripts:detail", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Title and language."""
    transcript = access.get(request, Transcript, pk, related=ABOUT)
    initial = {"title": transcript.title, "language": transcript.language}
    form = forms.DescribeForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        services.describe(request.user, transcript, **form.cleaned_data)  # type: ignore[arg-type]
        messages.success(request, "Title and language are stored.")
        return redirect("transcripts:detail", pk=pk)
    pages = access.pages(request.user, transcript.study)
    context = {
        "transcript": transcript,
        "form": form,
        "back": reverse("transcripts:detail", args=[pk]),
        "crumbs": crumbs(transcript, pages, "Title and language"),
    }
    return render(request, "transcripts/change.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Delete a text with its history."""
    transcript = access.get(request, Transcript, pk, related=ABOUT)
    if request.method == "POST":
        title, recording, study = transcript.title, transcript.recording, transcript.study
        services.delete(request.user, transcript)  # type: ignore[arg-type]
        messages.success(request, f"“{title}” is deleted. The log keeps its title and checksums.")
        if recording is not None:
            return redirect("recordings:detail", pk=recording.pk)
        return redirect("transcripts:list", pk=study.pk)
    pages = access.pages(request.user, transcript.study)
    context = {
        "transcript": transcript,
        "back": reverse("transcripts:detail", args=[pk]),
        "crumbs": crumbs(transcript, pages, "Delete"),
    }
    return render(request, "transcripts/delete.html", context)


@require_POST
def analyse(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask once more for scores."""
    transcript = access.get(request, Transcript, pk, related=ABOUT)
    if why := analysing.why_not(transcript):
        messages.error(request, why)
    elif is_withheld(transcript):
        messages.error(request, GONE)
    else:
        analysing.again(request.user, transcript)  # type: ignore[arg-type]
        messages.success(request, "The text is being analysed.")
    return redirect("transcripts:detail", pk=pk)
