"""One's own account: name, ways to sign in, open sessions. And joining by an invitation."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from facsweb.accounts import devices, invitations, reauthentication, second_factor, services, sessions
from facsweb.accounts.forms import JoinForm, NameForm, SessionForm


@never_cache
@require_http_methods(["GET", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    form = NameForm(request.POST or None, initial={"name": request.user.name})
    if request.method == "POST" and form.is_valid():
        if services.change_name(request.user, form.cleaned_data["name"]):
            messages.success(request, "Your name is changed. What you signed before keeps the old one.")
        return redirect("accounts:me")
    context: dict[str, Any] = {
        "form": form,
        "means": reauthentication.means_of(request.user),
        "factors": second_factor.factors(request.user),
        "required": second_factor.is_required(request.user),
        "open_sessions": sessions.of_person(request.user).count(),
    }
    return render(request, "accounts/me.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "POST"])
def open_sessions(request: HttpRequest) -> HttpResponse:
    here = request.session.session_key
    form = SessionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        only = form.cleaned_data["session"]
        ended = sessions.end(request.user, request.user, only=only, but=here)
        one = "The session has ended." if only else "Every other session has ended."
        messages.success(request, one if ended else "Nothing was open any more.")
        return redirect("accounts:sessions")
    rows = [
        {"session": one, "device": devices.in_words(one.device), "here": one.session_key == here}
        for one in sessions.of_person(request.user)
    ]
    return render(request, "accounts/sessions.html", {"rows": rows}, status=422 if form.errors else 200)


@login_not_required
@never_cache
@sensitive_post_parameters()
@sensitive_variables("form")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, pk: UUID, token: str) -> HttpResponse:
    try:
        invitation = invitations.find(pk, token)
        form = JoinForm(request.POST or None, email=invitation.email, initial={"name": invitation.name})
        if request.user.is_authenticated or request.method != "POST" or not form.is_valid():
            context = {"form": form, "invitation": invitation}
            return render(request, "accounts/join.html", context, status=422 if form.errors else 200)
        name, password = form.cleaned_data["name"], form.cleaned_data["password"]
        user = invitations.accept(pk, token, name=name, password=password)
    except invitations.Unusable as reason:
        return render(request, "accounts/join.html", {"reason": str(reason)})
    except ValidationError as error:
        return render(request, "accounts/join.html", {"reason": " ".join(error.messages)}, status=422)
    # The password was typed this moment: enrolment need not ask for it again.
    record_authentication(request, user, method="password", reauthenticated=True)
    return perform_login(request, Login(user=user, email=user.email))
