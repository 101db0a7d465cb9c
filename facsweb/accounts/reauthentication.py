"""Proving once more who one is, right before an act that counts: signing, and changes to accounts.

`confirm` takes whatever a person has, a password, a code of their authenticator app or a passkey, at the moment of
the act itself. `require_recent` and `recently_confirmed` ask on a page of their own, and once in five minutes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth as webauthn
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from facsweb.accounts import codes, lockout, passkeys
from facsweb.accounts.adapter import signed_in_lately
from facsweb.accounts.factor_forms import MALFORMED
from facsweb.accounts.middleware import wants_json
from facsweb.accounts.models import SignInAttempt, User

MINUTES: Final = lockout.WINDOW.seconds // 60
NO_MEANS = (
    "This needs a password, an authenticator app or a passkey, and your account has none. Set one under Account, "
    "then try again."
)

NOBODY_TO_ASK = (
    "Your account has no password, authenticator app or passkey here with which you could confirm that it is you. "
    "Sign out, sign in again, and do this within five minutes of it. Nothing was changed."
)


class NotConfirmed(Exception):  # noqa: N818 (a state that people are told about)
    """Somebody did not prove who they are; the text is a sentence for a person."""


@dataclass(frozen=True)
class Confirmation:
    """That a person proved a moment ago who they are, and how; made by this module alone."""

    user_id: UUID
    method: str


@dataclass(frozen=True)
class Means:
    """What a person can confirm with."""

    password: bool
    code: bool
    passkey: bool

    def __bool__(self) -> bool:
        return self.password or self.code or self.passkey


def means_of(user: User) -> Means:
    """What a person can confirm with; recovery codes are for signing in alone."""
    types = set(Authenticator.objects.filter(user_id=user.pk).values_list("type", flat=True))
    return Means(
        password=user.has_usable_password(),
        code=Authenticator.Type.TOTP in types,
        passkey=Authenticator.Type.WEBAUTHN in types,
    )


def passkey_options(request: HttpRequest) -> dict[str, Any]:
    """What a browser needs to ask for one of this person's passkeys; the challenge is kept in the session."""
    return {"request_options": webauthn.begin_authentication(request.user)}


def check_password(user: User, password: str, *, about: Model, address: str | None = None) -> Confirmation:
    """Confirm with a password.

    Raises
    ------
    NotConfirmed
        It is wrong, there is none, or too many were wrong. Wrong ones are logged, counted and limited.
    """
    if not user.has_usable_password():
        raise NotConfirmed(
            NO_MEANS if not means_of(user) else "Your account has no password; confirm another way."
        )
    return _proved(
        user, "password", lambda: user.check_password(password), "The password is wrong.", about, address
    )


def confirm(request: HttpRequest, about: Model) -> Confirmation:
    """Confirm with what a form sent: ``credential`` (a passkey's answer), ``code`` or ``password``.

    Parameters
    ----------
    request : HttpRequest
        The POST that also carries the act.
    about : Model
        What the act is done to; a failure names it in the log.

    Raises
    ------
    NotConfirmed
        With the reason as a sentence.
    """
    user, address = request.user, get_adapter(request).get_client_ip(request)
    if not means_of(user):
        raise NotConfirmed(NO_MEANS)
    if answer := request.POST.get("credential", ""):
        said = "The passkey was not accepted. Try again, or confirm another way."
        return _proved(user, "passkey", lambda: _passkey_fits(user, answer), said, about, address)
    if code := request.POST.get("code", "").strip():
        said = "The code is wrong or was used already. Wait for the next one."
        return _proved(user, "code", lambda: _code_fits(user, code), said, about, address)
    return check_password(user, request.POST.get("password", ""), about=about, address=address)


def _proved(
    user: User, method: str, fits: Callable[[], bool], said: str, about: Model, address: str | None
) -> Confirmation:
    try:
        attempt = lockout.begin(SignInAttempt.Kind.CONFIRM, user.email, address)
    except lockout.Closed as closed:
        raise NotConfirmed(
            f"Too many confirmations failed. This is closed for you for {MINUTES} minutes; what you did is safe."
        ) from closed
    if not fits():
        lockout.failed(attempt, user, method=method, about=f"{about._meta.model_name} {about.pk}")
        raise NotConfirmed(said)
    lockout.succeeded(attempt)
    return Confirmation(user.pk, method)


def _code_fits(user: User, code: str) -> bool:
    found = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).first()
    if found is None or not found.wrap().validate_code(code) or not codes.take_from(found, code):
        return False
    found.record_usage()
    return True


def _passkey_fits(user: User, answer: str) -> bool:
    try:
        credential = json.loads(answer)
        webauthn.parse_authentication_response(credential)
        found = webauthn.complete_authentication(user, credential)
    except (*MALFORMED, ValidationError):
        return False
    if not passkeys.counts_on(found, credential):
        return False
    found.record_usage()
    return True


def is_recent(request: HttpRequest) -> bool:
    """Whether a person signed in or confirmed in the last five minutes."""
    return signed_in_lately(request)


def require_recent(request: HttpRequest) -> None:
    """Lead somebody who did not confirm lately to the page that asks, and back to what they were doing.

    Raises
    ------
    ReauthenticationRequired
        django-allauth's middleware turns it into the page; what was posted is kept and goes on afterwards.
    """
    if not is_recent(request):
        raise ReauthenticationRequired


def recently_confirmed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view for people who confirmed lately; scripts get a 403 that says so."""

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_recent(request):
            return view(request, *args, **kwargs)
        if wants_json(request):
            sentence = "Confirm first that it is you: open your account page, then try again. Nothing was changed."
            return JsonResponse({"error": sentence, "code": "confirmation_required"}, status=403)
        if not means_of(request.user):
            messages.error(request, NOBODY_TO_ASK)
            return redirect("mfa_index")
        raise ReauthenticationRequired

    return asked
