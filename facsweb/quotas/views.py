"""Pages of quotas: thin."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from facsweb.quotas import presentation, services
from facsweb.quotas.forms import QuotaForm
from facsweb.quotas.models import Quota
from facsweb.studies import access
from facsweb.studies.models import Study

STUDIES_A_PAGE = 25


@require_GET
def study(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What a study has of what it may have."""
    found = access.get(request, Study, pk)
    context = {
        "study": found,
        "bars": presentation.bars(found),
        "sentences": presentation.sentences(found),
        "pages": access.pages(request.user, found),
        "crumbs": [
            ("Studies", reverse("studies:list")),
            (found.name, reverse("studies:detail", args=[found.pk])),
            ("Quota", ""),
        ],
    }
    return render(request, "quotas/study.html", context)


@require_GET
def quota_list(request: HttpRequest) -> HttpResponse:
    """Every study with what it has, for staff."""
    access.require_staff(request)
    page = Paginator(Study.objects.order_by("name", "pk"), STUDIES_A_PAGE).get_page(request.GET.get("page"))
    rows = [(one, presentation.bars(one)) for one in page]
    context = {"page": page, "rows": rows, "crumbs": [("Quotas", "")]}
    return render(request, "quotas/list.html", context)


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give a study limits of its own."""
    access.require_staff(request)
    found = get_object_or_404(Study, pk=pk)
    form = QuotaForm(request.POST or None, instance=Quota.objects.filter(study=found).first() or Quota())
    if request.method == "POST" and form.is_valid():
        services.change(request.user, found, **form.cleaned_data)  # type: ignore[arg-type]
        messages.success(request, f"The limits of {found.name} are kept.")
        return redirect("quotas:list")
    context = {
        "study": found,
        "form": form,
        "bars": presentation.bars(found),
        "crumbs": [("Quotas", reverse("quotas:list")), (found.name, "")],
    }
    return render(request, "quotas/change.html", context, status=422 if form.errors else 200)
