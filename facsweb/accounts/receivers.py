"""What django-allauth tells is written into the log; nothing is decided here."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth import signals as auth
from django.dispatch import receiver
from django.http import HttpRequest

from facsweb.accounts import services, sessions
from facsweb.accounts.models import User
from facsweb.audit.services import record


@receiver(account.user_logged_in, dispatch_uid="accounts.signed_in")
def signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    """Somebody is in; the log says how."""
    said = [one.get("type", one["method"]) for one in get_authentication_records(request, user)]
    record(user, "account.sign_in", user, methods=said)


@receiver(auth.user_logged_in, dispatch_uid="accounts.session_opened")
def session_opened(request: HttpRequest, user: User, **_: Any) -> None:
    """A session is noted at once, so that it can be ended before it is used."""
    sessions.note(request, user, get_adapter(request).get_client_ip(request))


@receiver(auth.user_logged_out, dispatch_uid="accounts.signed_out")
def signed_out(user: User | None, **_: Any) -> None:
    """Somebody left."""
    if user is not None:
        record(user, "account.sign_out", user)


@receiver(account.password_reset, dispatch_uid="accounts.password_reset")
def password_reset(user: User, **_: Any) -> None:
    """Somebody chose a password by the link in a mail: every session of theirs ends."""
    services.password_chosen(user, keep=None)


@receiver(mfa.authenticator_added, dispatch_uid="accounts.factor_added")
def factor_added(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    """An authenticator app, a passkey, or recovery codes made beside them."""
    services.factor_added(user, authenticator, keep=request.session.session_key)


@receiver(mfa.authenticator_removed, dispatch_uid="accounts.factor_removed")
def factor_removed(user: User, authenticator: Authenticator, **_: Any) -> None:
    """One of them less."""
    record(user, "second_factor.remove", user, kind=str(authenticator.type))


@receiver(mfa.authenticator_reset, dispatch_uid="accounts.codes_made")
def codes_made(user: User, **_: Any) -> None:
    """Recovery codes made anew; the old ones no longer work."""
    record(user, "second_factor.recovery_codes", user)


@receiver(mfa.authenticator_used, dispatch_uid="accounts.code_used")
def recovery_code_used(user: User, authenticator: Authenticator, **_: Any) -> None:
    """A recovery code is worth a line of its own: somebody lost something, or stole it."""
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        record(user, "second_factor.recovery_code_used", user)
