"""The page for a buyer's or a reviewer's checklist, and the same as files."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from facsweb.about import export, prose
from facsweb.about.record import record
from facsweb.learning.cards import render as render_card

NAME = "facsweb-record"


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    found = record(request.user, again="check" in request.GET)
    return render(request, "about/record.html", {"record": found})


@require_GET
def as_json(request: HttpRequest) -> HttpResponse:
    answer = JsonResponse(
        export.plain(record(request.user)), json_dumps_params={"indent": 1, "ensure_ascii": False}
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="{NAME}.json"'
    return answer


@require_GET
def as_markdown(request: HttpRequest) -> HttpResponse:
    answer = HttpResponse(export.markdown(record(request.user)), content_type="text/markdown; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{NAME}.md"'
    return answer


@require_GET
def method(request: HttpRequest) -> HttpResponse:
    path = prose.documents() / "method.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    crumbs = [("What this product knows", reverse("about:record")), ("The method", "")]
    context = {"card": render_card("method", text) if text else None, "crumbs": crumbs}
    return render(request, "about/method.html", context)
