"""Pages of studies, members and participants. The study page and the participant page, which join what upper
layers know, are in ``facsweb.home``; consent is in ``consent_views``."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from facsweb.studies import access, cohorts, hooks, services
from facsweb.studies.forms import (
    MemberForm,
    ParticipantForm,
    RemoveMemberForm,
    StatedCohortForm,
    StudyChangeForm,
    StudyForm,
)
from facsweb.studies.models import Membership, Participant, Role, Study


def crumbs(study: Study, *more: tuple[str, str]) -> list[tuple[str, str]]:
    """Breadcrumb from the list of studies through the study to the page."""
    return [("Studies", reverse("studies:list")), (study.name, reverse("studies:detail", args=[study.pk])), *more]


@require_GET
def study_list(request: HttpRequest) -> HttpResponse:
    mine: dict[UUID, list[str]] = {}
    for membership in Membership.objects.filter(user=request.user).order_by("role"):
        mine.setdefault(membership.study_id, []).append(membership.role)
    studies = list(
        Study.objects.filter(pk__in=mine).annotate(participant_count=Count("participants", distinct=True))
    )
    for study in studies:
        study.my_roles = [Role(role).label for role in mine[study.pk]]
        study.opens = bool(access.PAGES["studies:detail"] & set(mine[study.pk]))
    return render(request, "studies/list.html", {"studies": studies})


@require_http_methods(["GET", "POST"])
def study_create(request: HttpRequest) -> HttpResponse:
    access.require_staff(request)
    form = StudyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            study = services.create_study(request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("studies:detail", study.pk)
    context = {"form": form, "crumbs": [("Studies", reverse("studies:list")), ("New study", "")]}
    return render(request, "studies/create.html", context)


@require_http_methods(["GET", "POST"])
def study_change(request: HttpRequest, pk: UUID) -> HttpResponse:
    study = access.get(request, Study, pk)
    # The form gets a copy: what it writes onto its instance while checking must not reach the page or the service.
    form = StudyChangeForm(request.POST or None, instance=Study.objects.get(pk=pk))
    if request.method == "POST" and form.is_valid():
        try:
            services.change_study(request.user, study, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "The study is changed.")
            return redirect("studies:detail", pk)
    context = {"study": study, "form": form, "crumbs": crumbs(study, ("Change", ""))}
    return render(request, "studies/change.html", context, status=422 if form.errors else 200)


@require_GET
def members(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _members_page(request, access.get(request, Study, pk), MemberForm())


def _members_page(request: HttpRequest, study: Study, form: MemberForm, status: int = 200) -> HttpResponse:
    people: dict[object, list[Membership]] = {}
    for membership in study.memberships.select_related("user").order_by("user__name", "role"):
        warnings = (warn(study, membership.user, membership.role) for warn in hooks.role_warnings)
        membership.warning = " ".join(filter(None, warnings))
        people.setdefault(membership.user, []).append(membership)
    context = {
        "study": study,
        "people": people.items(),
        "form": form,
        "roles": [(role.label, words) for role, words in access.ROLES_IN_WORDS.items()],
        "crumbs": crumbs(study, ("Members", "")),
    }
    return render(request, "studies/members.html", context, status=status)


@require_POST
def member_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    study = access.get(request, Study, pk)
    form = MemberForm(request.POST)
    if not form.is_valid() or form.user is None:
        return _members_page(request, study, form, 422)
    membership = services.add_member(request.user, study, form.user, form.cleaned_data["role"])
    messages.success(request, f"{form.user} is now {membership.get_role_display()} in this study.")
    return redirect("studies:members", pk)


@require_POST
def member_remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    study = access.get(request, Study, pk)
    form = RemoveMemberForm(request.POST)
    if form.is_valid():
        user, role = form.cleaned_data["user"], form.cleaned_data["role"]
        try:
            services.remove_member(request.user, study, user, role)
        except ValidationError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, f"{user} is no longer {Role(role).label} in this study.")
    if access.roles_of(request.user, study) & access.PAGES["studies:members"]:
        return redirect("studies:members", pk)
    return redirect("studies:list")  # they took the role from themselves


@require_http_methods(["GET", "POST"])
def participant_create(request: HttpRequest, pk: UUID) -> HttpResponse:
    study = access.get(request, Study, pk)
    form = ParticipantForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            participant = services.create_participant(request.user, study, **form.cleaned_data)
        except ValidationError as error:
            form.add_error("code", error)
        else:
            return redirect("studies:participant", participant.pk)
    context = {"study": study, "form": form, "crumbs": crumbs(study, ("New participant", ""))}
    return render(request, "studies/participant_create.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def participant_cohort(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What a participant states about themselves now; choosing “left out” removes it."""
    participant = access.get(request, Participant, pk, related=["study", "cohort"])
    form = StatedCohortForm(request.POST or None, participant=participant)
    if request.method == "POST" and form.is_valid():
        try:
            cohorts.state_cohort(request.user, participant, form.cleaned_data["cohort"])
        except ValidationError as error:
            form.add_error("cohort", error)
        else:
            messages.success(request, f"The statement of {participant} is written down.")
            return redirect("studies:participant", pk)
    url = reverse("studies:participant", args=[pk])
    context = {
        "participant": participant,
        "study": participant.study,
        "form": form,
        "cohorts": cohorts.choices(participant),
        "crumbs": crumbs(participant.study, (participant.code, url), ("Cohort", "")),
    }
    return render(request, "studies/participant_cohort.html", context, status=422 if form.errors else 200)
