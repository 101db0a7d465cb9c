"""How far coders agree: the study's page, its table as a file, and two codings of one recording."""

from __future__ import annotations

import uuid
from typing import Any

from csp.decorators import csp_update
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from analysis.agreement import METRIC
from facsweb.accounts.models import User
from facsweb.agreement import beginning, comparing, pair_page, pairs, presentation
from facsweb.agreement.forms import ChoiceForm
from facsweb.agreement.models import Adjudication, Comparison
from facsweb.coding.models import Layer
from facsweb.headers import PLOTS
from facsweb.studies import access
from facsweb.studies.models import Study
from facsweb.studies.services import ConsentMissing

LAYER = ("owner", "run__recording__participant__study")


@require_GET
@csp_update(PLOTS)
def study(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Every two coders of a study: the table of pairs, the heatmap by code, and who settles what."""
    found = access.get(request, Study, pk)
    form = ChoiceForm(request.GET, found)
    lead = bool(access.roles_of(request.user, found) & access.LEADS)
    context: dict[str, Any] = {
        "study": found,
        "form": form,
        "lead": lead,
        "pages": access.pages(request.user, found),
        "to_settle": _to_settle(request.user, found, lead),
        "adjudications": _adjudications(request.user, found, lead),
        "crumbs": [
            ("Studies", reverse("studies:list")),
            (found.name, reverse("studies:detail", args=[found.pk])),
            ("Agreement", ""),
        ],
    }
    compared = pairs.pairs_of(request.user, found, form.chosen()) if form.is_valid() else []
    if compared:
        context |= _figures(found, compared, form, lead)
    return render(request, "agreement/study.html", context)


def _figures(found: Study, compared: list[pairs.Pair], form: ChoiceForm, lead: bool) -> dict[str, Any]:
    comparison = comparing.compare(found, compared, form.options(), group=lead)
    context: dict[str, Any] = {
        "pairs": [(f"pair-{number}", pair) for number, pair in enumerate(compared, 1)],
        "comparison": comparison,
        "minutes": comparing.minutes(compared),
    }
    if comparison.state == Comparison.State.READY:
        result, key = comparison.result, form.figure_key
        rows = presentation.pair_rows(result)
        context |= {
            "rows": rows,
            "heads": [METRIC[name] for name in presentation.OVERALL],
            "group": presentation.group_row(result),
            "group_coders": len(result["group"]["coders"]) if result["group"] else 0,
            "table": presentation.code_table(result, key),
            "heat": presentation.heat(result, key),
            "figure": METRIC[key],
            "likeness": key in presentation.LIKENESS,
            "result": result,
        }
    return context


@require_GET
def table_csv(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Every figure of the same choice, a line each."""
    found = access.get(request, Study, pk)
    form = ChoiceForm(request.GET, found)
    compared = pairs.pairs_of(request.user, found, form.chosen()) if form.is_valid() else []
    result: dict[str, Any] = {"pairs": []}
    if compared:
        lead = bool(access.roles_of(request.user, found) & access.LEADS)
        comparison = comparing.compare(found, compared, form.options(), group=lead)
        if comparison.state != Comparison.State.READY:
            messages.info(request, "The figures are still being computed. Download them when the page shows them.")
            address = reverse("agreement:study", args=[found.pk])
            return redirect(f"{address}?{request.GET.urlencode()}")
        result = comparison.result
    text = "\ufeff" + presentation.table_csv(result)  # the mark lets spreadsheets read the file as UTF-8
    disposition = content_disposition_header(True, "agreement.csv")
    headers = {"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": disposition}
    return HttpResponse(text.encode(), headers=headers)


def _to_settle(user: Any, found: Study, lead: bool) -> list[dict[str, Any]]:
    rows = []
    for a, b in pairs.couples_to_settle(found):
        people = beginning.adjudicators(found, a, b)
        if lead or user in people:
            rows.append({"a": a, "b": b, "people": people, "mine": user in people, "run": a.run})
    return rows


def _adjudications(user: Any, found: Study, lead: bool) -> list[Adjudication]:
    rows = Adjudication.objects.filter(layer__run__recording__participant__study=found).select_related(
        "layer__owner", "layer__run__recording__participant"
    )
    return list(rows if lead else rows.filter(layer__owner=user))


def _other(request: HttpRequest, layer: Layer, pk: uuid.UUID) -> Layer:
    """The second layer: of the same run, and one that the person may compare with the first."""
    second = Layer.objects.select_related(*LAYER).filter(pk=pk, run=layer.run_id).exclude(pk=layer.pk).first()
    if second is None or not pairs.may_compare(request.user, layer, second):
        raise PermissionDenied
    return second


@require_GET
def pair(request: HttpRequest, pk: uuid.UUID, other: uuid.UUID) -> HttpResponse:
    """Two codings of one recording: figures by code, what was taken for what, and every disagreement."""
    first = access.get(request, Layer, pk, related=LAYER)
    second = _other(request, first, other)
    return render(request, "agreement/pair.html", pair_page.context(request, first, second))


@require_POST
def start(request: HttpRequest, pk: uuid.UUID, other: uuid.UUID) -> HttpResponse:
    """Begin to adjudicate two codings, or appoint who does."""
    first = access.get(request, Layer, pk, related=LAYER)
    second = Layer.objects.select_related(*LAYER).filter(pk=other, run=first.run_id).first()
    if second is None:
        raise PermissionDenied
    back = reverse("agreement:study", args=[first.study.pk])
    who = _person(request.POST.get("adjudicator", ""))
    if who is None:
        messages.error(request, "Choose who adjudicates. Nothing was changed.")
        return redirect(back)
    seen = {layer.pk: _number(request.POST.get(f"seen_{layer.pk}", "")) for layer in (first, second)}
    try:
        begun = beginning.start(request.user, first, second, adjudicator=who, seen=seen)
    except (beginning.Refused, ConsentMissing) as refused:
        messages.error(request, str(refused))
        return redirect(back)
    if begun.layer.owner_id == request.user.pk:
        return redirect("agreement:adjudication", pk=begun.pk)
    messages.success(request, f"{who.get_full_name()} now adjudicates these two codings.")
    return redirect(back)


def _person(text: str) -> User | None:
    try:
        return User.objects.filter(pk=uuid.UUID(text)).first()
    except ValueError:
        return None


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else -1
