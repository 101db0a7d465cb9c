"""The page that compares groups of a study's sessions, or two sessions of one participant."""

from __future__ import annotations

import uuid
from typing import Any

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from analysis.indicators.compare import LEAST
from analysis.types import AnalysisError
from facsweb.headers import PLOTS
from facsweb.meaning import comparing, lanes
from facsweb.studies import access
from facsweb.studies.models import Study

SIDES = (("a", "First"), ("b", "Second"))


@require_GET
@csp_update(PLOTS)
def compare(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Choose sessions and what counts; then effect sizes with intervals, or the sentence why there are none."""
    study = access.get(request, Study, pk)
    found = comparing.sessions(request.user, study)  # type: ignore[arg-type]
    sides = [_side(request, key, name, found.items) for key, name in SIDES]
    families = [key for key in request.GET.getlist("what") if key in comparing.FAMILIES]
    names = (sides[0]["name"], sides[1]["name"])
    context: dict[str, Any] = {"result": None, "problem": ""}
    if request.GET:
        try:
            result = comparing.compare(sides[0]["chosen"], sides[1]["chosen"], families, names)
            if "csv" in request.GET:
                return _download(comparing.as_csv(result, names))
            context = {"result": result, "problem": "", "plot": comparing.plot(result)}
        except AnalysisError as error:
            context["problem"] = str(error)
    query = request.GET.copy()
    query["csv"] = "1"
    context |= {
        "study": study,
        "sides": sides,
        "names": names,
        "items": found.items,
        "left_out": found.left_out,
        "cohorts": _cohorts(found.items),
        "families": [(key, name, key in families or not request.GET) for key, name in comparing.FAMILIES.items()],
        "least": LEAST,
        "most": comparing.MOST,
        "statement": lanes.STATEMENT,
        "csv_query": query.urlencode(),
        "pages": access.pages(request.user, study),
        "crumbs": [(study.name, reverse("studies:detail", args=[study.pk])), ("Compare sessions", "")],
    }
    return render(request, "meaning/compare.html", context)


def _side(request: HttpRequest, key: str, name: str, items: Any) -> dict[str, Any]:
    """One group as the address has it."""
    cohort, title = (request.GET.get(f"{key}_{field}", "").strip() for field in ("cohort", "title"))
    ticked = comparing.ticked_runs(request.GET.getlist(key))
    return {
        "key": key,
        "legend": f"{name} group",
        "name": request.GET.get(f"{key}_name", "").strip()[:40] or f"{name} group",
        "cohort": cohort,
        "title": title,
        "ticked": ticked,
        "chosen": comparing.chosen(items, ticked=ticked, cohort=cohort, title=title),
    }


def _cohorts(items: Any) -> list[tuple[str, str]]:
    stated = {
        str(one.participant.cohort_id): str(one.participant.cohort) for one in items if one.participant.cohort_id
    }
    return sorted(stated.items(), key=lambda one: one[1])


def _download(text: str) -> HttpResponse:
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="comparison.csv"'
    return answer
