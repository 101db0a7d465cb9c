"""The log of one study for its administrators, that of the installation for its staff, both as files too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, Final
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from facsweb.audit import anchors, checking, export, presentation, reading, services
from facsweb.audit.forms import FilterForm
from facsweb.studies import access
from facsweb.studies.models import Study

ENTRIES_A_PAGE: Final = 50
#: A page checks so many entries while somebody waits (about three seconds); the command checks any number.
MOST_CHECKED: Final = 50_000


@require_GET
def log(request: HttpRequest, pk: UUID) -> HttpResponse:
    study = access.get(request, Study, pk)
    crumbs = [
        ("Studies", reverse("studies:list")),
        (study.name, reverse("studies:detail", args=[pk])),
        ("Log", ""),
    ]
    return _page(request, study, crumbs)


@require_GET
def installation(request: HttpRequest) -> HttpResponse:
    """What belongs to no study: accounts, signing in, scorers, cohorts, anchors."""
    access.require_staff(request)
    reading.note(request, "log.read", request.user)
    return _page(request, None, [("Log of the installation", "")])


def _page(request: HttpRequest, study: Study | None, crumbs: list[tuple[str, str]]) -> HttpResponse:
    context: dict[str, Any] = {"study": study, "crumbs": crumbs, "anchor": anchors.newest()}
    if study is not None:
        context["pages"] = access.pages(request.user, study)
    # Hashes are computed again, so the page comes first and asks for the answer after.
    if "check" in request.GET:
        context |= _checked(everything=request.GET["check"] == "all")
        if request.htmx:  # type: ignore[attr-defined]
            return render(request, "audit/chain.html", context)
    form = FilterForm(request.GET or None, study=study.pk if study else None)
    found, before = form.filtered().order_by("-number"), request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        found = found.filter(number__lt=int(before))
    # One more than is shown says whether there are older ones; counting a million would take longer than showing.
    entries = list(found[: ENTRIES_A_PAGE + 1])
    page = entries[:ENTRIES_A_PAGE]
    older = page[-1].number if len(entries) > ENTRIES_A_PAGE else None
    if form.searches_words:
        hidden = presentation.hidden_from(request.user, page)
        page = [entry for entry in page if entry.number not in hidden]
    presentation.dress(request.user, page)
    context |= {
        "form": form,
        "page": page,
        "older": older,
        "is_first": not before,
        "log_url": reverse("audit:log", args=[study.pk]) if study else reverse("audit:installation"),
        "export_url": reverse("audit:export", args=[study.pk]) if study else reverse("audit:installation_export"),
    }
    return render(request, "audit/log.html", context)


def _checked(*, everything: bool) -> dict[str, Any]:
    """The check that a page makes: what followed the newest anchor, or everything where that is little enough."""
    newest, (last, _) = anchors.newest(), services.head()
    start = newest.entry if newest and not everything else 0
    if last - start > MOST_CHECKED:
        return {"checked": True, "too_many": last - start}
    result = checking.verify(start=start)
    return {"checked": True, "result": result, "faults": [one.sentence for one in result.faults], "start": start}


@require_GET
def study_export(request: HttpRequest, pk: UUID) -> StreamingHttpResponse:
    study = access.get(request, Study, pk)
    return _export(request, study)


@require_GET
def installation_export(request: HttpRequest) -> StreamingHttpResponse:
    access.require_staff(request)
    return _export(request, None)


def _export(request: HttpRequest, study: Study | None) -> StreamingHttpResponse:
    kind = request.GET.get("format", "csv")
    if kind not in export.FORMATS:
        raise Http404
    form = FilterForm(request.GET or None, study=study.pk if study else None)
    last, _ = services.head()
    chosen = form.in_words()
    services.record(request.user, "log.export", study or request.user, format=kind, until=last, filter=chosen)
    media_type, ending = export.FORMATS[kind]
    pieces = export.write(kind, form.filtered(), request.user, last=last, searched=form.searches_words)
    # Django would read a plain iterator to its end under ASGI, and an asynchronous one under WSGI.
    response = StreamingHttpResponse(
        _one_by_one(pieces) if isinstance(request, ASGIRequest) else pieces, content_type=media_type
    )
    name = f"log-{study.pk.hex[:8] if study else 'installation'}-{timezone.localdate()}.{ending}"
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Cache-Control"] = "private, no-store"
    return response


async def _one_by_one(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await sync_to_async(next, thread_sensitive=True)(pieces, None)) is not None:
        yield piece
