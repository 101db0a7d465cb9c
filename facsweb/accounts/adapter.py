"""How django-allauth behaves here: nobody signs up, failures are counted in the database, secrets are sealed."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.contrib.sites.shortcuts import get_current_site
from django.http import HttpRequest

from facsweb.accounts import lockout, mail, second_factor
from facsweb.accounts.models import SignInAttempt, User
from facsweb.audit import origin


def signed_in_lately(request: HttpRequest) -> bool:
    """Whether this person signed in, or confirmed, within the last minutes."""
    records = get_authentication_records(request, request.user)
    return any(time.time() - one["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT for one in records)


class AccountAdapter(DefaultAccountAdapter):
    """Accounts come from invitations; wrong passwords are counted by account and by address."""

    attempt: SignInAttempt | None = None
    kind = SignInAttempt.Kind.PASSWORD

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def format_email_subject(self, subject: str) -> str:
        return subject

    def get_client_ip(self, request: HttpRequest) -> str:
        # "::": a proxy on a Unix socket has none; see FACSWEB_TRUSTED_PROXIES
        return str(origin.address_of(request) or "::")

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        address = self.get_client_ip(request)
        self.attempt = lockout.begin(self.kind, credentials.get("email", ""), address)

    def _rollback_login_failed_rl_usage(self) -> None:
        if self.attempt is not None:
            lockout.succeeded(self.attempt)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        if self.attempt is not None:
            email = credentials.get("email", "").strip().lower()
            lockout.failed(self.attempt, User.objects.filter(email=email).first())

    def reauthenticate(self, user: User, password: str) -> bool:
        self.kind = SignInAttempt.Kind.CONFIRM
        found = self.authenticate(self.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        super().send_notification_mail(template_prefix, user, context, email or user.email)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whoever signed in a moment ago has just proved who they are."""
        return not signed_in_lately(self.request) and super().is_reauthentication_required(app=app, **kwargs)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        if not mail.configured():
            return
        site = get_current_site(self.request)
        known = {"request": self.request, "email": email, "current_site": site} | context
        mail.in_background(self.render_mail(template_prefix, email, known).send)


class MFAAdapter(DefaultMFAAdapter):
    """Seals what the second factors keep in the database, and keeps the last factor where one is required."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": "Your role needs a second factor, and this is the last. Add another first.",
        "incorrect_code": "This did not fit. Wait for the next code, or try the key again.",
    }

    def _keys(self) -> MultiFernet:
        known = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        digests = [hashlib.sha256(b"accounts.second_factor:" + key.encode()).digest() for key in known]
        return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])

    def encrypt(self, text: str) -> str:
        return self._keys().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return self._keys().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            # Another SECRET_KEY sealed it. No code may fit, as one would an empty secret; staff reset the factor.
            return base64.b32encode(secrets.token_bytes(20)).decode()

    def get_totp_issuer(self) -> str:
        return "facsweb"

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return second_factor.may_remove(authenticator)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return f"Passkey {number}"
