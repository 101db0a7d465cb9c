"""Pages about what is held of a participant and what becomes of it: thin."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from facsweb.audit import reading
from facsweb.audit.services import record
from facsweb.privacy import certificates, copying, presentation, services, wording
from facsweb.privacy import retention as rules
from facsweb.privacy.forms import ErasureForm, ReasonForm, RetentionForm
from facsweb.privacy.models import Copy, Erasure
from facsweb.recordings.streaming import file_response
from facsweb.studies import access, law
from facsweb.studies import services as studies
from facsweb.studies.models import Participant, Study

Crumbs = list[tuple[str, str]]
ITEMS_A_PAGE = 50


def _crumbs(person: Participant, *more: tuple[str, str]) -> Crumbs:
    own = reverse("privacy:participant", args=[person.pk])
    return [
        ("Studies", reverse("studies:list")),
        (person.study.name, reverse("studies:detail", args=[person.study_id])),
        (person.code, reverse("studies:participant", args=[person.pk])),
        ("Privacy", own if more else ""),
        *more,
    ]


@require_GET
@never_cache
def participant(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What is held, copies, what was destroyed, holds."""
    person = access.get(request, Participant, pk, related=["study"])
    copies = presentation.copy_rows(person)
    context = {
        "participant": person,
        "held": presentation.held(person),
        "erasures": presentation.erasure_rows(person),
        "copies": copies,
        "making": any(row["copy"].is_active for row in copies),
        "hold": presentation.standing_hold(person),
        "hold_form": ReasonForm(),
        "pages": access.pages(request.user, person.study),
        "crumbs": _crumbs(person),
    }
    return render(request, "privacy/participant.html", context)


# --- destroying ------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def erase(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The second step: what goes and what stays, a reason, the code; then it begins."""
    person = access.get(request, Participant, pk, related=["study"])
    form = ErasureForm(request.POST or None, participant=person)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            services.erase_everything(request.user, person, reason=said["reason"], id=said["id"])  # type: ignore[arg-type]
        except services.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"Everything about {person.code} is being destroyed.")
            return redirect("privacy:participant", person.pk)
    context = {
        "participant": person,
        "form": form,
        "held": presentation.held(person),
        "hold": presentation.standing_hold(person),
        "crumbs": _crumbs(person, ("Erase", "")),
    }
    return render(request, "privacy/erase.html", context, status=422 if form.errors else 200)


@require_GET
@never_cache
def erasure(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One erasure with its tombstones."""
    found = access.get(request, Erasure, pk, related=["study", "participant__study", "withdrawal", "created_by"])
    person = found.participant
    on_hold = person is not None and presentation.standing_hold(person) is not None
    tombstones = [(wording.name_of(one.kind), one) for one in found.tombstones.all()]
    context = {
        "erasure": found,
        "participant": person,
        "status": presentation.waiting(found, on_hold),
        "scopes": wording.scopes_of(found),
        "counts": wording.counts(one for _, one in tombstones),
        "tombstones": tombstones,
        "pages": access.pages(request.user, found.study),
        "crumbs": _crumbs(person, ("Erasure", "")) if person is not None else [("Erasure", "")],
    }
    return render(request, "privacy/erasure.html", context)


@require_POST
def retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Go on with an erasure that failed."""
    found = access.get(request, Erasure, pk, related=["study"])
    services.retry(request.user, found)  # type: ignore[arg-type]
    return redirect("privacy:erasure", found.pk)


@require_safe
@never_cache
def certificate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The destruction certificate as a file."""
    found = access.get(request, Erasure, pk, related=["study", "participant"])
    try:
        body = certificates.read(found)
    except FileNotFoundError:
        raise Http404("There is no certificate yet.") from None
    if request.method == "GET":
        record(request.user, "erasure.certificate", found)
    disposition = content_disposition_header(True, certificates.filename(found))
    return HttpResponse(body, headers={"Content-Type": "application/pdf", "Content-Disposition": disposition})


# --- holding back ----------------------------------------------------------------------------------------------


@require_POST
def hold(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Destroy nothing of a participant until the hold is lifted."""
    return _hold_or_lift(request, pk, services.hold, "Nothing of {code} is destroyed until the hold is lifted.")


@require_POST
def lift(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Lift the hold: what waited is destroyed now."""
    return _hold_or_lift(request, pk, services.lift, "The hold on {code} is lifted.")


def _hold_or_lift(request: HttpRequest, pk: UUID, do: Any, done: str) -> HttpResponse:
    person = access.get(request, Participant, pk, related=["study"])
    form = ReasonForm(request.POST)
    if form.is_valid():
        do(request.user, person, reason=form.cleaned_data["reason"])
        messages.success(request, done.format(code=person.code))
    else:
        messages.error(request, "Nothing was changed: give a reason.")
    return redirect("privacy:participant", person.pk)


# --- copies ----------------------------------------------------------------------------------------------------


@require_POST
def copy(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Have a copy of everything about a participant made."""
    person = access.get(request, Participant, pk, related=["study"])
    services.ask_for_copy(request.user, person)  # type: ignore[arg-type]
    return redirect("privacy:participant", person.pk)


@require_safe
def download(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """A copy as a file, piece by piece."""
    made = access.get(request, Copy, pk, related=["participant__study"])
    path = copying.path_of(made)
    if path is None:
        raise Http404("This copy is not there (any more). Have another one made.")
    if request.method == "GET" and "Range" not in request.headers:
        record(request.user, "copy.download", made, sha256=made.sha256, participant=made.participant.code)
    elif request.method == "GET":  # pieces of a download that goes on are one; a piece alone is a download too
        reading.once(request.user, "copy.download", made)
    response = file_response(request, path, content_type="application/zip")
    name = f"{slugify(made.participant.code).upper() or 'participant'}_{made.created_at:%Y-%m-%d}_all-data.zip"
    response.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response.headers["Cache-Control"] = "private, no-store"
    return response


# --- retention -------------------------------------------------------------------------------------------------


def _set_days(request: HttpRequest, study: Study, form: RetentionForm) -> bool:
    try:
        studies.set_days_kept(request.user, study, form.cleaned_data["days"])  # type: ignore[arg-type]
    except ValidationError as error:
        form.add_error("days", error.messages)  # type: ignore[arg-type]
        return False
    messages.success(request, "The period is changed. Nothing goes unannounced.")
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def retention(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What of a study goes when and why; an administrator sets the period."""
    study = access.get(request, Study, pk)
    pages = access.pages(request.user, study)
    form = RetentionForm(request.POST or None, initial={"days": study.retention_days})
    if request.method == "POST":
        access.check(request.user, "privacy:erase", study)
        if form.is_valid() and _set_days(request, study, form):
            return redirect("privacy:retention", study.pk)
    page = Paginator(rules.items(study), ITEMS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "study": study,
        "days_kept": law.days_kept(study),
        "sentence": rules.sentence(study),
        "form": form,
        "page": page,
        "rows": presentation.retention_rows(page),
        "announced": rules.ANNOUNCED,
        "pages": pages,
        "crumbs": [
            ("Studies", reverse("studies:list")),
            (study.name, reverse("studies:detail", args=[study.pk])),
            ("Retention", ""),
        ],
    }
    return render(request, "privacy/retention.html", context, status=422 if form.errors else 200)
