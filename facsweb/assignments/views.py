"""Pages on which leads give codings to coders: thin."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from facsweb.accounts.models import User
from facsweb.assignments import material, methods, reading, sampling, services
from facsweb.assignments.filters import FilterForm
from facsweb.assignments.forms import ChangeForm, PlanForm
from facsweb.assignments.models import Assignment, Batch
from facsweb.coding.models import Layer
from facsweb.coding.sight import blind_recordings
from facsweb.studies import access
from facsweb.studies.models import Study

LAYER = "layer__run__recording__participant__study"


def crumbs(study: Study, *more: tuple[str, str]) -> list[tuple[str, str]]:
    """Where a page of assignments is."""
    to_list = reverse("assignments:list", args=[study.pk]) if more else ""
    to_study = reverse("studies:detail", args=[study.pk])
    return [("Studies", reverse("studies:list")), (study.name, to_study), ("Assignments", to_list), *more]


@require_GET
@never_cache
def assignment_list(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Every plan of a study with its codings: who, how far, due when."""
    study = access.get(request, Study, pk)
    every = reading.rows(request.user, reading.assignments(study), study)
    form = FilterForm(request.GET or None, rows=every)
    shown = form.narrowed(every)
    batches: dict[Batch, list[reading.Row]] = {}
    for row in shown:
        batches.setdefault(row.assignment.batch, []).append(row)
    context = {
        "study": study,
        "form": form,
        "batches": [(batch, rows, methods.short(batch)) for batch, rows in batches.items()],
        "coders": reading.by_coder(every),
        "total": len(every),
        "done": sum(row.layer.state not in Layer.UNFINISHED for row in every),
        "overdue": sum(row.overdue for row in every),
        "unblinded": _codes_blind(request.user, study),
        "pages": access.pages(request.user, study),
        "crumbs": crumbs(study),
    }
    return render(request, "assignments/list.html", context)


def _codes_blind(user: Any, study: Study) -> bool:
    mine = Layer.objects.filter(run__recording__participant__study=study)
    return mine.filter(run__recording__in=blind_recordings(user)).exists()


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def plan(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Plan codings: fill in, look at what would happen, then create it."""
    study = access.get(request, Study, pk)
    found, people = material.recordings(study), material.coders(study)
    form = PlanForm(request.POST or None, found=found, people=people)
    context: dict[str, Any] = {
        "study": study,
        "form": form,
        "possible": bool(found and people),
        "found": found,
        "people": people,
        "self_coder": any(person.pk == request.user.pk for person in people),
        "crumbs": crumbs(study, ("New plan", "")),
    }
    status = 200
    if request.method == "POST":
        made = _made(form, found)
        if (
            made is not None
            and request.POST.get("action") == "create"
            and made.digest == form.cleaned_data["seen"]
        ):
            try:
                batch = services.create_batch(request.user, study, made, form.cleaned_data)  # type: ignore[arg-type]
            except services.Refused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, f"{len(made.works)} codings are assigned.")
                return redirect("assignments:batch", batch.pk)
        context |= _preview(form, made, people, request.POST.get("action") == "create")
        status = 422 if form.errors else 200
    return render(request, "assignments/plan.html", context, status=status)


def _made(form: PlanForm, found: list[material.Material]) -> Any:
    if not form.is_valid():
        return None
    try:
        return services.make_plan(found, form.cleaned_data)
    except services.Refused as refused:
        form.add_error(None, str(refused))
        return None


def _preview(form: PlanForm, made: Any, people: list[User], changed: bool) -> dict[str, Any]:
    if made is None:
        return {}
    form.data = form.data.copy()
    form.data["seen"] = made.digest
    names = {person.pk: str(person) for person in people}
    minutes = made.minutes()
    each = [(names[coder], made.codings(coder), long) for coder, long in minutes.items()]
    return {
        "made": made,
        "each": sorted(each),
        "works": [(names[work.coder], work) for work in made.works],
        "changed": changed and not form.errors,
    }


@require_GET
@never_cache
def batch(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One plan: its codings, and what a methods section says of it."""
    found = access.get(request, Batch, pk, related=["study", "created_by"])
    every = reading.rows(request.user, reading.assignments(found.study).filter(batch=found), found.study)
    context = {
        "study": found.study,
        "batch": found,
        "rows": every,
        "coders": reading.by_coder(every),
        "facts": methods.facts(found),
        "sentence": methods.sentence(found),
        "crumbs": crumbs(found.study, (found.name, "")),
    }
    return render(request, "assignments/batch.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One coding that somebody was asked for: what may still be changed about it."""
    found = access.get(request, Assignment, pk, related=["batch__study", "assigned_by", "layer__owner", LAYER])
    people = [one for one in material.coders(found.study) if one.pk != found.layer.owner_id]
    form = ChangeForm(request.POST or None, people=people, initial={"due": found.due})
    if request.method == "POST" and form.is_valid():
        return _changed(request, found, form.cleaned_data)
    (row,) = reading.rows(request.user, [found], found.study)
    context = {
        "study": found.study,
        "row": row,
        "assignment": found,
        "layer": found.layer,
        "stretches": sampling.words(found.layer.spans),
        "form": form,
        "people": people,
        "waiting": found.layer.state == Layer.State.ASSIGNED,
        "submitted": found.layer.state == Layer.State.SUBMITTED,
        "unfinished": found.layer.state in Layer.UNFINISHED,
        "crumbs": crumbs(
            found.study, (found.batch.name, reverse("assignments:batch", args=[found.batch_id])), ("Coding", "")
        ),
    }
    return render(request, "assignments/detail.html", context, status=422 if form.errors else 200)


def _changed(request: HttpRequest, found: Assignment, said: dict[str, Any]) -> HttpResponse:
    """Do what was asked for, or say why it was refused."""
    actor: User = request.user  # type: ignore[assignment]
    try:
        match said["action"]:
            case ChangeForm.DUE:
                services.change_due(actor, found, said["due"])
                messages.success(request, "The day is changed.")
            case ChangeForm.REASSIGN:
                coder = User.objects.get(pk=said["coder"])
                services.reassign(actor, found, coder)
                messages.success(request, f"{coder} codes it instead.")
            case ChangeForm.WITHDRAW:
                services.withdraw(actor, found)
                messages.success(request, "The assignment is withdrawn. Nothing had been coded.")
                return redirect("assignments:list", found.study.pk)
            case ChangeForm.RETURN:
                services.send_back(actor, found, said["reason"])
                messages.success(request, "The coding is open again; its coder reads the reason.")
    except services.Refused as refused:
        messages.error(request, str(refused))
    return redirect("assignments:detail", found.pk)
