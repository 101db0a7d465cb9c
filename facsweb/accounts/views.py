"""Accounts and invitations, for people who may create them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from facsweb.accounts import invitations, lockout, mail, second_factor, services, sessions
from facsweb.accounts.forms import ActForm, InvitationActForm, InviteForm
from facsweb.accounts.models import Invitation, User
from facsweb.accounts.reauthentication import require_recent
from facsweb.studies import access


def _crumbs(last: str) -> list[tuple[str, str]]:
    return [("People", reverse("accounts:list")), (last, "")]


@require_GET
def account_list(request: HttpRequest) -> HttpResponse:
    access.require_staff(request)
    people = User.objects.annotate(study_count=Count("memberships__study", distinct=True))
    invited = Invitation.objects.filter(accepted_at=None).select_related("invited_by")
    for invitation in invited:
        invitation.tone, invitation.label = invitations.state_of(invitation)
    context = {"people": people.order_by("-is_active", "name"), "invited": invited}
    return render(request, "accounts/list.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    access.require_staff(request)
    form = InviteForm(request.POST or None, actor=request.user)
    if request.method == "POST" and form.is_valid():
        require_recent(request)
        try:
            invitation, link = invitations.invite(request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _sent(request, invitation, link)
    context = {"form": form, "crumbs": _crumbs("Invite somebody")}
    return render(request, "accounts/invite.html", context, status=422 if form.errors else 200)


def _sent(request: HttpRequest, invitation: Invitation, link: str) -> HttpResponse:
    context: dict[str, Any] = {"invitation": invitation, "crumbs": _crumbs("Invitation")}
    # Where mail carries the link, nobody else needs to see it.
    context["link"] = "" if mail.configured() else link
    return render(request, "accounts/invited.html", context)


@never_cache
@require_POST
def invitation_change(request: HttpRequest, pk: UUID) -> HttpResponse:
    access.require_staff(request)
    invitation = get_object_or_404(Invitation, pk=pk)
    form = InvitationActForm(request.POST)
    if form.is_valid() and form.cleaned_data["act"] == "send_again":
        require_recent(request)  # the page may show the link, and with it an account
        if link := invitations.send_again(request.user, invitation):
            return _sent(request, invitation, link)
        messages.error(request, "Nothing was sent: this invitation was accepted or revoked in the meantime.")
    elif form.is_valid():
        done = invitations.revoke(request.user, invitation)
        messages.success(request, "The link no longer works." if done else "It was of no use any more.")
    return redirect("accounts:list")


@never_cache
@sensitive_variables("password")
@require_http_methods(["GET", "POST"])
def account_change(request: HttpRequest, pk: UUID) -> HttpResponse:
    access.require_staff(request)
    person = get_object_or_404(User, pk=pk)
    form = ActForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        act = form.cleaned_data["act"]
        # What opens somebody's account to others is done by who was here a moment ago, not by an unlocked screen.
        if act in ("reset_password", "reset_factor"):
            require_recent(request)
        if act == "reset_password":
            password = services.reset_password(request.user, person)
            context = {"person": person, "password": password, "crumbs": _crumbs(person.name)}
            return render(request, "accounts/password.html", context)
        try:
            messages.success(request, _act(request.user, person, act))
        except ValidationError as error:
            messages.error(request, error.message)
        return redirect("accounts:change", pk)
    context = {
        "person": person,
        # How many, not which: whoever may create accounts has no right to know a study they are not in.
        "studies": person.memberships.values("study").distinct().count(),
        "factors": second_factor.factors(person),
        "required": second_factor.is_required(person),
        "open_sessions": sessions.of_person(person).count(),
        "locked": any(lockout.is_closed(person.email, kind) for kind in lockout.Kind),
        "crumbs": _crumbs(person.name),
    }
    return render(request, "accounts/change.html", context, status=422 if form.errors else 200)


def _act(actor: User, person: User, act: str) -> str:
    """Do it; return what to say."""
    if act == "reset_factor":
        removed = services.reset_second_factor(actor, person)
        if not removed:
            return f"{person} had no second factor. Nothing was changed."
        return f"{person} has no second factor any more and sets up another one at the next sign-in."
    if act == "end_sessions":
        ended = sessions.end(actor, person)
        return f"{person} is signed out everywhere." if ended else f"{person} was not signed in anywhere."
    if act == "unlock":
        opened = lockout.unlock(actor, person)
        return f"{person} may try again at once." if opened else f"{person} was not locked."
    services.set_active(actor, person, active=act == "reactivate")
    return f"{person} can {'sign in again' if person.is_active else 'no longer sign in'}."
