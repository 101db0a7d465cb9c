"""The log of one study, for its administrators."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from facsweb.audit import hooks, services
from facsweb.audit.forms import FilterForm
from facsweb.audit.models import Entry
from facsweb.studies import access
from facsweb.studies.models import Study

ENTRIES_A_PAGE = 50


def in_words(value: Any) -> str:
    """A value of an entry's details as one reads it; absent is ``–``."""
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(in_words(part) for part in value)
    if isinstance(value, dict):
        return "; ".join(f"{key}: {in_words(part)}" for key, part in value.items())
    return str(value)


@require_GET
def log(request: HttpRequest, pk: UUID) -> HttpResponse:
    study = access.get(request, Study, pk)
    context: dict[str, object] = {"study": study}
    # Every hash of the installation is computed again, so the page comes first and asks for the answer after.
    if "check" in request.GET:
        context |= {"checked": True, "faults": list(services.faults()), "total": Entry.objects.count()}
        if request.htmx:
            return render(request, "audit/chain.html", context)
    form = FilterForm(request.GET or None, entries=Entry.objects.filter(study_id=study.pk))
    page = Paginator(form.filtered(), ENTRIES_A_PAGE).get_page(request.GET.get("page"))
    hidden = {number for hook in hooks.withheld for number in hook(request.user, list(page))}
    for entry in page:
        entry.withheld = entry.number in hidden
        details = {} if entry.withheld else entry.details
        entry.said = [(key.replace("_", " "), in_words(value)) for key, value in details.items()]
    context |= {
        "form": form,
        "page": page,
        "crumbs": [
            ("Studies", reverse("studies:list")),
            (study.name, reverse("studies:detail", args=[study.pk])),
            ("Log", ""),
        ],
    }
    return render(request, "audit/log.html", context)
