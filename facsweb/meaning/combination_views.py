"""The catalogue of combinations, and a study's own."""

from __future__ import annotations

import uuid
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analysis.facs.combinations import CHECKS, GRADES, GROUPS, CombinationError, catalogue, parse
from facsweb.coding.sight import blind_recordings
from facsweb.meaning import inputs, own
from facsweb.meaning.forms import CombinationForm
from facsweb.studies import access
from facsweb.studies.models import Study


def _crumbs(study: Study, last: str = "") -> list[tuple[str, str]]:
    here = [(study.name, reverse("studies:detail", args=[study.pk]))]
    listing = reverse("meaning:combinations", args=[study.pk]) if last else ""
    return [*here, ("Combinations", listing), *([(last, "")] if last else [])]


@require_GET
def combinations(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The study's own combinations, then all that came with the product, by group."""
    study = access.get(request, Study, pk)
    entries = sorted(catalogue(), key=lambda one: GROUPS.index(one.group))
    mine = [(one, parse(one.definition)) for one in inputs.own_combinations(study)]
    removed = [one for one in _latest(study) if one.removed]
    context = {
        "study": study,
        "own": mine,
        "removed": removed,
        "groups": [(name, list(found)) for name, found in groupby(entries, key=lambda one: one.group)],
        "count": len(entries),
        "grades": GRADES,
        "checks": CHECKS,
        "pages": access.pages(request.user, study),
        "may_write": access.may(request.user, "meaning:combination_new", study),
        "crumbs": _crumbs(study),
    }
    return render(request, "meaning/combinations.html", context)


def _latest(study: Study) -> list[Any]:
    last = {one.key: one for one in study.combinations.order_by("key", "number")}
    return list(last.values())


@require_http_methods(["GET", "POST"])
def combination_new(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Write a new combination."""
    study = access.get(request, Study, pk)
    return _edit(request, study, "", CombinationForm(request.POST or None))


@require_http_methods(["GET", "POST"])
def combination_change(request: HttpRequest, pk: uuid.UUID, key: str) -> HttpResponse:
    """Change one of the study's own combinations."""
    study = access.get(request, Study, pk)
    past = own.revisions(study, key)
    if not past:
        raise Http404
    initial = CombinationForm.initial_of(past[0].definition, past[0].number)
    return _edit(request, study, key, CombinationForm(request.POST or None, initial=initial))


def _edit(request: HttpRequest, study: Study, key: str, form: CombinationForm) -> HttpResponse:
    trials = None
    if request.method == "POST" and form.is_valid():
        fields, expected = form.definition(), form.cleaned_data["expected"]
        wanted = key or own.new_key(study, fields["name"])
        try:
            if request.POST.get("action") == "try":
                trials = own.tried(own.checked(fields, wanted), _visible_runs(request, study))
            else:
                own.write(request.user, study, wanted, fields, expected=expected)  # type: ignore[arg-type]
                messages.success(
                    request, f"{fields['name']} is saved. The study’s recordings are being read again."
                )
                return redirect("meaning:combinations", study.pk)
        except CombinationError as error:
            field = str(error).partition(":")[0]
            form.add_error(field if field in form.fields else None, str(error).removeprefix(f"{field}: "))
        except own.Changed as error:
            form.add_error(None, str(error))
    past = own.revisions(study, key) if key else []
    context = {
        "study": study,
        "form": form,
        "key": key,
        "past": past,
        "trials": trials,
        "most": own.TRIED,
        "crumbs": _crumbs(study, past[0].definition["name"] if past else "New"),
    }
    return render(request, "meaning/combination.html", context, status=422 if form.errors else 200)


def _visible_runs(request: HttpRequest, study: Study) -> list[Any]:
    """Runs that may be looked at: nobody learns from a trial what a recording shows that they code blind."""
    blind = set(blind_recordings(request.user))  # type: ignore[arg-type]
    return [run for run in own.newest_runs(study) if run.recording_id not in blind]


@require_POST
def combination_remove(request: HttpRequest, pk: uuid.UUID, key: str) -> HttpResponse:
    """Take a combination out of the study, or bring it back."""
    study = access.get(request, Study, pk)
    past = own.revisions(study, key)
    if not past:
        raise Http404
    fields = {name: value for name, value in past[0].definition.items() if name != "id"}
    try:
        number = int(request.POST.get("expected", ""))
        own.write(request.user, study, key, fields, expected=number, removed=not past[0].removed)  # type: ignore[arg-type]
    except (ValueError, own.Changed):
        messages.error(request, "Somebody else changed this combination in the meantime. Look at it again.")
    else:
        verb = "brought back" if past[0].removed else "removed; it can be brought back below"
        messages.success(request, f"{fields['name']} was {verb}.")
    return redirect("meaning:combinations", study.pk)
