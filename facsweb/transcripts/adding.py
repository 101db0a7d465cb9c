"""Pages: bring a text in as a file, look at it before it is taken, or begin to type."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from analysis.types import AnalysisError
from facsweb.recordings import views as recordings
from facsweb.recordings.models import Recording
from facsweb.studies import access
from facsweb.studies.models import Participant, Scope, Study
from facsweb.studies.services import ConsentMissing, missing_scopes
from facsweb.transcripts import forms, services, speech, values
from facsweb.transcripts.models import Recognition, Transcript, Upload

SHOWN_UNITS: Final = 50
SHOWN_REMARKS: Final = 20


@require_http_methods(["GET", "HEAD", "POST"])
def of_recording(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """A transcript of a recording: take a file, or type."""
    recording = access.get(request, Recording, pk, related=["participant__study"])
    participant = recording.participant
    asked = request.POST.get("do", "") if request.method == "POST" else ""
    file = forms.FileForm(*_sent(request, asked == "file"))
    if asked == "file" and (found := _received(request, file, participant, recording)):
        return found
    if asked == "type":
        return _begun(request, participant, recording, recording.title, "")
    if asked == "speech":
        return _listened(request, recording)
    context = {
        "recording": recording,
        "participant": participant,
        "transcript": services.of_recording(recording),
        "consented": not missing_scopes(participant, [Scope.TEXT]),
        "file_form": file,
        "waiting": services.waiting(request.user, participant, recording),  # type: ignore[arg-type]
        "why_no_speech": speech.why_not_recognised(recording),
        "recognition": Recognition.objects.filter(recording=recording).first(),
        "max_bytes": services.MAX_BYTES,
        "crumbs": recordings.crumbs(recording, "Transcript"),
    }
    return render(request, "transcripts/add.html", context, status=422 if file.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def document(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """A text without a recording."""
    study = access.get(request, Study, pk)
    participants = list(study.participants.prefetch_related("consents"))
    for one in participants:
        one.study = study  # the law of the place decides what a consent covers
    covered = [one for one in participants if not missing_scopes(one, [Scope.TEXT])]
    named: dict[str, Any] = {"study": study, "covered": covered}
    if chosen := request.GET.get("participant"):
        named["initial"] = {"participant": chosen}
    asked = request.POST.get("do", "") if request.method == "POST" else ""
    file = forms.DocumentFileForm(*_sent(request, asked == "file"), prefix="file", **named)
    typed = forms.DocumentTypeForm(*_sent(request, asked == "type"), prefix="type", **named)
    if asked == "file" and file.is_valid() and (found := _received(request, file, file.participant, None)):
        return found
    if asked == "type" and typed.is_valid():
        said = typed.cleaned_data
        return _begun(request, said["participant"], None, said["title"], said["language"])
    context = {
        "study": study,
        "participants": participants,
        "covered": covered,
        "file_form": file,
        "type_form": typed,
        "waiting": Upload.objects.defer("content").filter(
            participant__study=study, recording=None, owner=request.user
        ),
        "max_bytes": services.MAX_BYTES,
        "pages": access.pages(request.user, study),
        "crumbs": _study_crumbs(study, "Add a document"),
    }
    return render(
        request, "transcripts/add_document.html", context, status=422 if file.errors or typed.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What is in the file; take it or throw it away."""
    upload = access.get(request, Upload, pk, related=["participant__study", "recording", "owner"])
    back = _back(upload)
    asked = request.POST.get("do", "") if request.method == "POST" else ""
    if asked == "throw":
        services.throw_away(upload)
        messages.success(request, f"“{upload.filename}” is thrown away.")
        return redirect(back)
    try:
        timed = any(row[0] is not None for row in services.look(upload).rows)
    except AnalysisError as error:  # it could be read when it came: another reader since
        services.throw_away(upload)
        messages.error(request, str(error))
        return redirect(back)
    initial = {"title": upload.filename.rsplit(".", 1)[0], "shift_ms": 0, "seen": "0"}
    if upload.recording and (there := services.of_recording(upload.recording)):
        initial["language"] = there.language
    form = forms.TakeForm(
        request.POST if asked else None, initial=initial, document=upload.recording is None, timed=timed
    )
    shift_us = form.shift_us if form.is_bound and form.is_valid() else 0
    changed = asked == "take" and form.is_valid() and request.POST.get("seen") != str(shift_us)
    if asked == "take" and form.is_valid() and not changed:
        return _taken(request, upload, form, back)
    found = services.look(upload, shift_us=shift_us)
    context = {
        "upload": upload,
        "recording": upload.recording,
        "transcript": services.of_recording(upload.recording) if upload.recording else None,
        "form": form,
        "seen": shift_us,
        "changed": changed,
        "found": found,
        "facts": values.facts(found.rows),
        "rows": found.rows[:SHOWN_UNITS],
        "more": max(0, len(found.rows) - SHOWN_UNITS),
        "remarks": found.remarks[:SHOWN_REMARKS],
        "more_remarks": max(0, len(found.remarks) - SHOWN_REMARKS),
        "back": back,
        "crumbs": recordings.crumbs(upload.recording, "Transcript")
        if upload.recording
        else _study_crumbs(upload.study, upload.filename),
    }
    return render(request, "transcripts/preview.html", context, status=422 if form.errors else 200)


def _taken(request: HttpRequest, upload: Upload, form: forms.TakeForm, back: str) -> HttpResponse:
    said = form.cleaned_data
    try:
        transcript = services.take(
            request.user,  # type: ignore[arg-type]
            upload,
            title=said.get("title", ""),
            language=said["language"],
            shift_us=form.shift_us,
        )
    except (services.Refused, ConsentMissing, AnalysisError) as error:
        messages.error(request, str(error))
        return redirect(back)
    messages.success(request, "The text is taken. Look it over and correct what is wrong.")
    return redirect("transcripts:detail", pk=transcript.pk)


def _sent(request: HttpRequest, wanted: bool) -> tuple[Any, Any]:
    return (request.POST, request.FILES) if wanted else (None, None)


def _received(
    request: HttpRequest, form: forms.FileForm, participant: Participant, recording: Recording | None
) -> HttpResponse | None:
    """To the preview, or None with the form saying why not."""
    if not form.is_valid():
        return None
    file = form.cleaned_data["file"]
    try:
        upload = services.receive(request.user, participant, recording, name=file.name, data=file.read())  # type: ignore[arg-type]
    except (services.Refused, ConsentMissing, AnalysisError) as error:
        form.add_error("file", str(error))
        return None
    return redirect("transcripts:preview", pk=upload.pk)


def _begun(
    request: HttpRequest, participant: Participant, recording: Recording | None, title: str, language: str
) -> HttpResponse:
    begin: Callable[..., Transcript] = services.begin
    try:
        transcript = begin(request.user, participant, recording, title=title, language=language)
    except ConsentMissing as error:
        messages.error(request, str(error))
        return redirect(request.path)
    return redirect("transcripts:edit", pk=transcript.pk)


def _listened(request: HttpRequest, recording: Recording) -> HttpResponse:
    try:
        speech.ask(request.user, recording)  # type: ignore[arg-type]
    except (services.Refused, ConsentMissing) as error:
        messages.error(request, str(error))
    return redirect("transcripts:add", pk=recording.pk)


def _back(upload: Upload) -> str:
    if upload.recording_id:
        return reverse("transcripts:add", args=[upload.recording_id])
    return reverse("transcripts:add_document", args=[upload.study.pk])


def _study_crumbs(study: Study, here: str) -> list[tuple[str, str]]:
    return [
        (study.name, reverse("studies:detail", args=[study.pk])),
        ("Texts", reverse("transcripts:list", args=[study.pk])),
        (here, ""),
    ]
