"""Accounts, for people who may create them. A new password is shown once and never stored in readable form."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods

from facsweb.accounts import services
from facsweb.accounts.forms import AccountForm, ActForm
from facsweb.accounts.models import User
from facsweb.studies import access


def _crumbs(last: str) -> list[tuple[str, str]]:
    return [("People", reverse("accounts:list")), (last, "")]


@require_GET
def account_list(request: HttpRequest) -> HttpResponse:
    access.require_staff(request)
    people = User.objects.annotate(study_count=Count("memberships__study", distinct=True))
    return render(request, "accounts/list.html", {"people": people.order_by("-is_active", "name")})


@never_cache
@sensitive_variables("password")
@require_http_methods(["GET", "POST"])
def account_create(request: HttpRequest) -> HttpResponse:
    access.require_staff(request)
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        password = services.generate_password()
        try:
            user = services.create_user(request.user, password=password, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            context = {"person": user, "password": password, "new": True, "crumbs": _crumbs(user.name)}
            return render(request, "accounts/password.html", context)
    context = {"form": form, "crumbs": _crumbs("New account")}
    return render(request, "accounts/create.html", context, status=422 if form.errors else 200)


@never_cache
@sensitive_variables("password")
@require_http_methods(["GET", "POST"])
def account_change(request: HttpRequest, pk: UUID) -> HttpResponse:
    access.require_staff(request)
    person = get_object_or_404(User, pk=pk)
    form = ActForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        act = form.cleaned_data["act"]
        if act == "reset_password":
            password = services.reset_password(request.user, person)
            context = {"person": person, "password": password, "crumbs": _crumbs(person.name)}
            return render(request, "accounts/password.html", context)
        try:
            services.set_active(request.user, person, active=act == "reactivate")
        except ValidationError as error:
            messages.error(request, error.message)
        else:
            messages.success(
                request, f"{person} can {'sign in again' if person.is_active else 'no longer sign in'}."
            )
        return redirect("accounts:change", pk)
    # How many, not which: whoever may create accounts has no right to know a study they are not in.
    studies = person.memberships.values("study").distinct().count()
    context = {"person": person, "studies": studies, "crumbs": _crumbs(person.name)}
    return render(request, "accounts/change.html", context, status=422 if form.errors else 200)
