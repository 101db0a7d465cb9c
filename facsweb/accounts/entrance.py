"""Views of django-allauth where this product asks for more than they do."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views as account
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import views as base
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache

from facsweb.accounts import mail, second_factor, services
from facsweb.accounts.middleware import NEXT
from facsweb.accounts.models import User
from facsweb.accounts.reauthentication import recently_confirmed


class _PasswordChanged:
    """A password that is chosen by its owner: other sessions end, and nobody is asked to change it again."""

    request: HttpRequest

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        services.password_chosen(self.request.user, keep=self.request.session.session_key)
        return response

    def get_default_success_url(self) -> str:
        return self.request.session.pop(NEXT, "") or "/people/me/"


class PasswordChange(_PasswordChanged, account.PasswordChangeView):
    """Another password; the present one is asked for in the form."""


class PasswordSet(_PasswordChanged, account.PasswordSetView):
    """A first password of somebody who signs in another way."""


password_change = never_cache(PasswordChange.as_view())
password_set = never_cache(recently_confirmed(PasswordSet.as_view()))

# django-allauth asks nobody who has nothing to confirm with; those sign in again before they add a factor.
activate_totp = recently_confirmed(totp.activate_totp)
add_webauthn = recently_confirmed(webauthn.add_webauthn)


@login_not_required
def password_reset(request: HttpRequest) -> HttpResponse:
    """Ask for a link by mail; without mail the page says whom to ask."""
    if not mail.configured():
        return render(request, "account/password_reset_no_mail.html")
    return account.password_reset(request)


@never_cache
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """The recovery codes, shown once, and the way on to where somebody was going before enrolment."""
    response = codes.view_recovery_codes(request)
    if hasattr(response, "context_data"):
        response.context_data["go_on"] = request.session.pop(NEXT, "") or "/"
    return response


def factors(request: HttpRequest) -> HttpResponse:
    """Second factors of the person; somebody without one who needs one is told why they are here."""
    response = base.index(request)
    if hasattr(response, "context_data"):
        response.context_data["must_enrol"] = second_factor.is_missing(request.user, request.session)
    return response


def _one_after_another(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Removals of one person wait for each other: of the last two factors, each would count the other one."""

    @wraps(view)
    def alone(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with transaction.atomic():
            User.objects.select_for_update(no_key=True).get(pk=request.user.pk)
            return view(request, *args, **kwargs)

    return alone


deactivate_totp = _one_after_another(totp.deactivate_totp)


@_one_after_another
def remove_passkey(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a passkey, unless it is the last factor of somebody who needs one."""
    found = get_object_or_404(Authenticator, pk=pk, user=request.user, type=Authenticator.Type.WEBAUTHN)
    adapter = get_adapter()
    if not adapter.can_delete_authenticator(found):
        messages.error(request, adapter.error_messages["cannot_delete_authenticator"])
        return redirect("mfa_index")
    return webauthn.remove_webauthn(request, pk=pk)


class _Reauthenticate(webauthn.ReauthenticateWebAuthnView):
    def form_invalid(self, form: Any) -> HttpResponse:
        for error in form.errors.get("credential", []):
            messages.error(self.request, error)
        return redirect(self.request.get_full_path())


reauthenticate_webauthn = _Reauthenticate.as_view()
