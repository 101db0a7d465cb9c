"""The log of one study, for its administrators."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from facsweb.audit import services
from facsweb.audit.forms import FilterForm
from facsweb.audit.models import Entry
from facsweb.studies import access
from facsweb.studies.models import Study

ENTRIES_A_PAGE = 50


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
