"""django-allauth's forms for second factors, in our words, and counted in the database."""

from __future__ import annotations

from typing import Any, Final

from allauth.account.adapter import get_adapter
from allauth.core import context
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.base import forms as base
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms

from facsweb.accounts import codes, lockout, passkeys
from facsweb.accounts.models import SignInAttempt
from facsweb.audit.services import record


class _Counted:
    """A code that is counted by account, like a password, and holds across processes."""

    kind = SignInAttempt.Kind.CODE
    user: Any
    authenticator: Authenticator

    def clean_code(self) -> str:
        address = get_adapter().get_client_ip(context.request)
        attempt = lockout.begin(self.kind, self.user.email, address)
        try:
            code: str = super().clean_code()  # type: ignore[misc]
            of_app = self.authenticator.type == Authenticator.Type.TOTP
            if of_app and not codes.take_from(self.authenticator, code):
                raise get_mfa_adapter().validation_error("incorrect_code")
        except forms.ValidationError:
            lockout.failed(attempt, self.user)
            raise
        lockout.succeeded(attempt)
        return code


class _Digits:
    """A code of digits: a phone shows its number keys."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["inputmode"] = "numeric"


class ActivateAppForm(_Digits, totp.ActivateTOTPForm):
    """The first code of an authenticator app. Whoever looked on cannot use it once more."""

    def clean_code(self) -> str:
        code: str = super().clean_code()
        codes.take(self.user, self.secret, code)
        return code


class AuthenticateForm(_Digits, _Counted, base.AuthenticateForm):
    """The second step of signing in."""


class ReauthenticateForm(_Digits, _Counted, base.ReauthenticateForm):
    """Before an act that needs it."""

    kind = SignInAttempt.Kind.CONFIRM


#: What fido2 raises on an answer that no browser made; anybody can send one.
MALFORMED: Final = (ValueError, KeyError, TypeError, AttributeError)


class _Passkey:
    """An answer of a passkey, which may be anything at all. Wrong ones are logged; nobody guesses one."""

    user: Any
    cleaned_data: dict[str, Any]

    def clean_credential(self) -> Any:
        answer = self.cleaned_data["credential"]
        try:
            found = super().clean_credential()  # type: ignore[misc]
        except (*MALFORMED, forms.ValidationError) as error:
            if self.user is not None:
                record(None, lockout.ACTS[SignInAttempt.Kind.CODE], self.user, method="passkey")
            raise get_mfa_adapter().validation_error("incorrect_code") from error
        if why := self.not_enough(found, answer):
            record(None, lockout.ACTS[SignInAttempt.Kind.CODE], found.user, method="passkey", why=why)
            raise get_mfa_adapter().validation_error("incorrect_code")
        return found

    def not_enough(self, found: Authenticator, answer: dict[str, Any]) -> str:
        """Why a signature that fits is not enough; empty when it is."""
        return "" if passkeys.counts_on(found, answer) else "its counter did not grow: there may be a copy of it"


class PasskeyLoginForm(_Passkey, webauthn.LoginWebAuthnForm):
    """Signing in with a passkey alone: one that was added for that, and that knew its owner.

    Both are asked of the answer itself. The question may be another one that this browser was asked, such as that
    of a second step, which leaves the PIN out because a password went before.
    """

    def not_enough(self, found: Authenticator, answer: dict[str, Any]) -> str:
        if not found.wrap().is_passwordless:
            return "it was added to follow the password"
        if not passkeys.knew_its_owner(answer):
            return "it did not ask for its owner's PIN, finger or face"
        return super().not_enough(found, answer)


class PasskeyStepForm(_Passkey, webauthn.AuthenticateWebAuthnForm):
    """The second step of signing in, with a passkey."""


class PasskeyConfirmForm(_Passkey, webauthn.ReauthenticateWebAuthnForm):
    """Before an act that needs it, with a passkey."""


class AddPasskeyForm(webauthn.AddWebAuthnForm):
    """A passkey with a name, by which its owner knows it later."""

    def clean(self) -> dict[str, Any]:
        try:
            said = super().clean()
        except MALFORMED as error:
            raise get_mfa_adapter().validation_error("incorrect_code") from error
        if credential := said.get("credential"):
            # What its owner chose, whatever a browser says of it: some tell nothing, some keep every key resident.
            credential["clientExtensionResults"] = {"credProps": {"rk": bool(said.get("passwordless"))}}
        return said

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = "Name"
        self.fields["name"].max_length = 60
        self.fields["name"].required = False
        self.fields["name"].help_text = "What you will know it by: “Laptop”, “Blue key”."
        box = self.fields["passwordless"]
        box.label = "Sign in with it alone"
        box.initial = True
        box.help_text = "The device asks for its PIN, finger or face. Without this it only follows a password."


class RenamePasskeyForm(webauthn.EditWebAuthnForm):
    """Another name for a passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].max_length = 60
