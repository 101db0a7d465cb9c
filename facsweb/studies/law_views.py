"""What the law means for a study, rule by rule, and the recorded exceptions to it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from facsweb.studies import access, justifying, law
from facsweb.studies.forms import JustificationForm, ReasonForm
from facsweb.studies.models import Justification, Scope, Study
from facsweb.studies.views import crumbs


@require_GET
def study_law(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Every rule that holds, with its source, and the exceptions that were recorded."""
    study = access.get(request, Study, pk)
    prohibition = law.prohibition(study.setting, study.jurisdiction)
    rows = [
        (rule, [Scope(scope).phrase for scope in Scope if scope in rule.off])
        for rule in law.rules_for(study.setting, study.jurisdiction)
    ]
    context = {
        "study": study,
        "sentence": law.sentence(study),
        "place": law.place_of(study.jurisdiction),
        "rules": rows,
        "days": law.days_kept(study),
        "standing": law.justification(study),
        "may_be_excepted": bool(prohibition and prohibition.exceptions),
        "justifications": study.justifications.select_related("made_by", "withdrawn_by"),
        "pages": access.pages(request.user, study),
        "crumbs": crumbs(study, ("Law", "")),
    }
    return render(request, "studies/law.html", context)


@require_http_methods(["GET", "POST"])
def justify(request: HttpRequest, pk: UUID) -> HttpResponse:
    study = access.get(request, Study, pk)
    rule = law.prohibition(study.setting, study.jurisdiction)
    form = JustificationForm(request.POST or None, grounds=rule.exceptions if rule else ())
    if rule is None or not rule.exceptions or law.justification(study):
        messages.info(request, "There is no exception to record here.")
        return redirect("studies:law", pk)
    if request.method == "POST" and form.is_valid():
        try:
            justifying.justify(request.user, study, **form.cleaned_data)  # type: ignore[arg-type]
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(
                request,
                "The exception is recorded. The consent form does not ask for it yet: write a new version.",
            )
            return redirect("studies:law", pk)
    context = {"study": study, "form": form, "rule": rule, "crumbs": crumbs(study, ("Exception", ""))}
    return render(request, "studies/justify.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def justification_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    made = access.get(request, Justification, pk, related=["study", "made_by"])
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        justifying.take_back(request.user, made, reason=form.cleaned_data["reason"])  # type: ignore[arg-type]
        messages.success(request, "The exception is withdrawn. What rested on it is removed.")
        return redirect("studies:law", made.study_id)
    context = {"made": made, "study": made.study, "form": form, "crumbs": crumbs(made.study, ("Exception", ""))}
    return render(request, "studies/justification_withdraw.html", context, status=422 if form.errors else 200)
