"""What people type into account pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password

from facsweb.accounts.models import User
from facsweb.studies import access
from facsweb.studies.models import Role, Study


class InviteForm(forms.Form):
    """Whom to invite, and what they may do once they are in."""

    email = forms.EmailField(widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    name = forms.CharField(
        max_length=120,
        required=False,
        help_text="A proposal; the person may write it differently.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    is_staff = forms.BooleanField(
        label="May create studies and accounts",
        required=False,
        help_text="That alone opens no study; what a person sees is their role in a study.",
    )
    study = forms.ModelChoiceField(
        Study.objects.none(),
        required=False,
        empty_label="None yet",
        help_text="Only studies that you administer can be chosen.",
    )
    roles = forms.MultipleChoiceField(
        choices=Role.choices, required=False, widget=forms.CheckboxSelectMultiple, label="Roles in that study"
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["study"].queryset = access.studies(actor, "studies:member_add")


class ActForm(forms.Form):
    """One act on an account."""

    ACTS = ("deactivate", "reactivate", "reset_password", "reset_factor", "end_sessions", "unlock")
    act = forms.ChoiceField(choices=[(act, act) for act in ACTS])


class InvitationActForm(forms.Form):
    """One act on an invitation."""

    act = forms.ChoiceField(choices=[(act, act) for act in ("send_again", "revoke")])


class JoinForm(forms.Form):
    """Name and password of somebody who opens an invitation."""

    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html(),
    )
    again = forms.CharField(
        label="The password, again",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("password") and said.get("again") and said["password"] != said["again"]:
            self.add_error("again", "The two passwords differ.")
        elif said.get("password"):
            try:
                validate_password(said["password"], User(email=self.email, name=said.get("name", "")))
            except forms.ValidationError as error:
                self.add_error("password", error)
        return said


class NameForm(forms.Form):
    """One's own name."""

    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))


class SessionForm(forms.Form):
    """End one session, or all others."""

    session = forms.IntegerField(required=False)
