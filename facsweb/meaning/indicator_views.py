"""A study's indicators: what they are made of, and their formulas changed, tried and taken back."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analysis.indicators import catalogue, permission
from analysis.indicators.formulas import FormulaError, Indicator, of
from analysis.indicators.statement import EXPLORATORY, SOURCES, STATEMENT
from facsweb.meaning import indicator_trial as trial
from facsweb.meaning import indicators
from facsweb.meaning.formula_words import written
from facsweb.meaning.indicator_forms import IndicatorForm
from facsweb.meaning.models import OwnIndicator
from facsweb.runs.models import AnalysisRun
from facsweb.studies import access
from facsweb.studies.models import Setting, Study

#: What stands on every page with an indicator.
_SAID: Final = {"statement": STATEMENT, "word": EXPLORATORY}


def _crumbs(study: Study, last: str = "") -> list[tuple[str, str]]:
    here = [(study.name, reverse("studies:detail", args=[study.pk]))]
    listing = reverse("meaning:indicators", args=[study.pk]) if last else ""
    return [*here, ("Indicators", listing), *([(last, "")] if last else [])]


@require_GET
def listing(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Every indicator of the study with its formula, and what nobody changes here."""
    study = access.get(request, Study, pk)
    entries = indicators.entries(study)
    last = {one.key: one for one in study.indicators.order_by("key", "number")}
    known = {one.key for one in entries}
    context = {
        "study": study,
        "entries": [(one, written(one.indicator) if one.indicator else ()) for one in entries],
        "removed": [one for one in last.values() if one.key not in known],
        "catalogue": catalogue.inputs().values(),
        "limits": permission.limits(),
        "purposes": [(Setting(one.id).label, one) for one in permission.limits().purposes.values()],
        "forbidden": permission.forbidden(permission.Allowed(frozenset(), study.setting)),
        "sources": SOURCES,
        "may_write": access.may(request.user, "meaning:indicator_new", study),
        "pages": access.pages(request.user, study),
        "crumbs": _crumbs(study),
        **_SAID,
    }
    return render(request, "meaning/indicators.html", context)


@require_GET
def download(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The formulas that hold, as the engine reads them."""
    study = access.get(request, Study, pk)
    answer = HttpResponse(indicators.present_file(study), content_type="application/toml; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="formulas.toml"'
    return answer


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """An indicator of the study's own."""
    study = access.get(request, Study, pk)
    return _edit(request, study, "", None)


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, pk: uuid.UUID, key: str) -> HttpResponse:
    """Another formula for an indicator of the study."""
    study = access.get(request, Study, pk)
    entry = indicators.entry(study, key)
    if entry is None:
        raise Http404
    return _edit(request, study, key, entry)


def _edit(request: HttpRequest, study: Study, key: str, entry: indicators.Entry | None) -> HttpResponse:
    runs = trial.sessions(request.user, study)  # type: ignore[arg-type]
    past = indicators.revisions(study, key) if key else []
    holds = entry.indicator if entry else None
    form = IndicatorForm(
        request.POST if request.method == "POST" else None,
        holds or indicators.last_of(past),
        expected=past[0].number if past else 0,
        sessions=[(str(run.pk), f"{run.recording.participant.code}, {run.recording.title}") for run in runs],
        named=not (entry and entry.is_shipped),
    )
    found, saving = None, request.POST.get("action") != "try"
    if request.method == "POST" and (row := _checked(request, study, key, form, saving=saving)) is not None:
        try:
            if saving:
                one = _saved(request, study, row, form)
                return redirect(f"{reverse('meaning:indicators', args=[study.pk])}#{one.key}")
            found = _tried(row, form, runs, holds)
        except indicators.Changed as error:
            form.about.add_error(None, str(error))
        except FormulaError as error:
            form.blame(error)
    context = {
        "study": study,
        "entry": entry,
        "form": form,
        "trial": found,
        "versions": [(one, _formula(one)) for one in past],
        "can_try": bool(runs),
        "crumbs": _crumbs(study, entry.name if entry else "New"),
        **_SAID,
    }
    return render(request, "meaning/indicator.html", context, status=422 if form.has_errors else 200)


def _checked(
    request: HttpRequest, study: Study, key: str, form: IndicatorForm, *, saving: bool
) -> dict[str, Any] | None:
    """The formula as typed; None, with every fault beside its field, where something is wrong."""
    typed, fields = form.is_typed(saving=saving), form.fields()
    wanted = key or indicators.new_key(study, fields["name"])
    row = indicators.definition(request.user, wanted, form.expected + 1, fields)  # type: ignore[arg-type]
    found = indicators.faults(study, row)
    for fault in found:
        form.blame(fault)
    return row if typed and not found else None


def _saved(request: HttpRequest, study: Study, row: dict[str, Any], form: IndicatorForm) -> OwnIndicator:
    fields = {name: row[name] for name in ("name", "note", "input")}
    told = {"reason": form.reason, "expected": form.expected}
    one = indicators.save(request.user, study, row["id"], fields, **told)  # type: ignore[arg-type]
    said = f"{row['name']} is saved as the study’s version {one.number}. Its recordings are being read again."
    messages.success(request, said)
    return one


def _tried(
    row: dict[str, Any], form: IndicatorForm, runs: list[AnalysisRun], holds: Indicator | None
) -> trial.Trial | None:
    run = next((one for one in runs if str(one.pk) == form.about.cleaned_data["session"]), None)
    if run is None:
        form.about.add_error("session", "Choose a session that was read.")
        return None
    return trial.tried(run, of(row), holds)


def _formula(row: OwnIndicator) -> list[str]:
    try:
        return written(of(row.definition)) if row.definition else []
    except FormulaError as error:
        return [str(error)]


@require_POST
def back(request: HttpRequest, pk: uuid.UUID, key: str) -> HttpResponse:
    """Make an earlier version hold again, or the shipped formula (0)."""
    study = access.get(request, Study, pk)
    if indicators.entry(study, key) is None:
        raise Http404
    try:
        expected, number = (int(request.POST.get(name, "")) for name in ("expected", "number"))
        one = indicators.back_to(request.user, study, key, number, expected=expected)  # type: ignore[arg-type]
    except FormulaError as error:
        messages.error(request, str(error))
    except (ValueError, indicators.Changed):
        messages.error(request, "Somebody else changed this formula in the meantime. Look at it again.")
    else:
        messages.success(request, f"{one.reason}. The study’s recordings are being read again.")
    return redirect(f"{reverse('meaning:indicators', args=[study.pk])}#{key}")
