"""Pages that read: the texts of a study, one text with its scores, its history, its files."""

from __future__ import annotations

import re
import uuid
from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from facsweb.audit.services import record
from facsweb.studies import access
from facsweb.studies.models import Scope, Study
from facsweb.studies.services import missing_scopes
from facsweb.transcripts import presentation, services, values
from facsweb.transcripts.hooks import why_hidden
from facsweb.transcripts.languages import name_of
from facsweb.transcripts.models import Revision, Transcript

ABOUT: Final = ("participant__study", "recording", "created_by")
UNITS_A_PAGE: Final = 200
TEXTS_A_PAGE: Final = 50
REVISIONS_A_PAGE: Final = 50
GONE: Final = (
    "No current consent covers what this person says, so the words are shown to nobody. An administrator can "
    "delete them."
)


def crumbs(transcript: Transcript, pages: frozenset[str], here: str = "") -> list[tuple[str, str]]:
    """Breadcrumb to a text, with links to what the person may open."""
    study, participant, recording = transcript.study, transcript.participant, transcript.recording
    way = [(study.name, reverse("studies:detail", args=[study.pk]) if "studies:detail" in pages else "")]
    if recording is None or "recordings:detail" not in pages:
        way = [*way, ("Texts", reverse("transcripts:list", args=[study.pk]))]
        name = transcript.title
    else:
        way.append((participant.code, reverse("studies:participant", args=[participant.pk])))
        way.append((recording.title, reverse("recordings:detail", args=[recording.pk])))
        name = "Transcript"
    if not here:
        return [*way, (name, "")]
    return [*way, (name, reverse("transcripts:detail", args=[transcript.pk])), (here, "")]


def is_withheld(transcript: Transcript) -> bool:
    """Whether the words may be shown to nobody."""
    return bool(missing_scopes(transcript.participant, [Scope.TEXT]))


@require_safe
def listing(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Every text of a study."""
    study = access.get(request, Study, pk)
    texts = Transcript.objects.filter(participant__study=study).select_related(
        "participant", "recording", "scores"
    )
    page = Paginator(texts.order_by("recording__title", "title", "pk"), TEXTS_A_PAGE).get_page(
        request.GET.get("page")
    )
    pages = access.pages(request.user, study)
    first = (study.name, reverse("studies:detail", args=[study.pk]) if "studies:detail" in pages else "")
    context = {
        "study": study,
        "page": page,
        "rows": presentation.listed(page),
        "pages": pages,
        "crumbs": [first, ("Texts", "")],
    }
    return render(request, "transcripts/list.html", context)


@require_safe
def detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One text: its words and what readers would call them."""
    transcript = access.get(request, Transcript, pk, related=ABOUT)
    pages = access.pages(request.user, transcript.study)
    newest = services.current(transcript)
    if newest is None:
        raise Http404
    withheld, hidden = is_withheld(transcript), why_hidden(request.user, transcript.recording)
    rows = [] if withheld else newest.units
    shown = presentation.Shown.of(transcript, newest, hidden=hidden) if not withheld else None
    page = Paginator(range(len(rows)), UNITS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "transcript": transcript,
        "recording": transcript.recording,
        "participant": transcript.participant,
        "newest": newest,
        "file": _file(transcript),
        "withheld": withheld,
        "gone": GONE,
        "facts": values.facts(newest.units),
        "shown": shown,
        "stated": name_of(transcript.language) if transcript.language else "",
        "page": page,
        "units": [presentation.unit(rows, index, shown) for index in page],
        "pages": pages,
        "crumbs": crumbs(transcript, pages),
    }
    return render(request, "transcripts/detail.html", context)


def _file(transcript: Transcript) -> Any:
    return transcript.source_files.defer("content").order_by("-uploaded_at", "-pk").first()


@require_safe
def history(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Every revision, the newest first."""
    transcript = access.get(request, Transcript, pk, related=ABOUT)
    pages = access.pages(request.user, transcript.study)
    revisions = transcript.revisions.select_related("author", "file").defer("units", "file__content")
    context = {
        "transcript": transcript,
        "page": Paginator(revisions, REVISIONS_A_PAGE).get_page(request.GET.get("page")),
        "withheld": is_withheld(transcript),
        "gone": GONE,
        "pages": pages,
        "crumbs": crumbs(transcript, pages, "History"),
    }
    return render(request, "transcripts/history.html", context)


@require_safe
def revision(request: HttpRequest, pk: uuid.UUID, number: int) -> HttpResponse:
    """What the text said at one revision."""
    transcript = access.get(request, Transcript, pk, related=ABOUT)
    pages = access.pages(request.user, transcript.study)
    one: Revision | None = transcript.revisions.select_related("author").filter(number=number).first()
    if one is None:
        raise Http404
    withheld = is_withheld(transcript)
    page = Paginator(one.units, UNITS_A_PAGE).get_page(request.GET.get("page"))
    way = crumbs(transcript, pages, "History")
    way[-1] = ("History", reverse("transcripts:history", args=[pk]))
    context = {
        "transcript": transcript,
        "revision": one,
        "newest": services.current(transcript),
        "withheld": withheld,
        "gone": GONE,
        "page": page,
        "pages": pages,
        "crumbs": [*way, (f"Revision {number}", "")],
    }
    return render(request, "transcripts/revision.html", context)


@require_safe
def download(request: HttpRequest, pk: uuid.UUID, kind: str) -> HttpResponse:
    """The newest revision as WebVTT or text, or the file that was uploaded last."""
    transcript = access.get(request, Transcript, pk, related=ABOUT)
    newest = services.current(transcript)
    if kind not in ("vtt", "txt", "original") or newest is None:
        raise Http404
    if is_withheld(transcript):
        messages.error(request, GONE)
        return redirect("transcripts:detail", pk=pk)
    stem = re.sub(r"[^\w.-]+", "-", transcript.title).strip("-.")[:80] or "transcript"
    if kind == "original":
        file = transcript.source_files.order_by("-uploaded_at", "-pk").first()
        if file is None:
            raise Http404
        response = HttpResponse(bytes(file.content), content_type="application/octet-stream")
        name = file.filename
    elif kind == "vtt":
        duration_us = transcript.recording.duration_us if transcript.recording else None
        text = values.as_vtt(newest.units, duration_us=duration_us)
        response, name = HttpResponse(text, content_type="text/vtt; charset=utf-8"), f"{stem}.vtt"
    else:
        response = HttpResponse(values.as_text(newest.units), content_type="text/plain; charset=utf-8")
        name = f"{stem}.txt"
    record(request.user, "transcript.download", transcript, kind=kind, revision=newest.number)
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response
