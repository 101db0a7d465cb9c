"""What people type to sign, to revoke and to find a report."""

from typing import Any

from django import forms

from facsweb.accounts.reauthentication import Means
from facsweb.studies.models import Study


class SignForm(forms.Form):
    """The layer's revision that the coder saw, and a proof of who they are, which is looked at elsewhere."""

    revision = forms.IntegerField(widget=forms.HiddenInput)
    confirmed = forms.BooleanField(label="I confirm this statement", error_messages={"required": "Confirm first."})
    password = forms.CharField(
        label="Your password, again",
        strip=False,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = forms.CharField(
        label="Or a code of your authenticator app",
        required=False,
        max_length=12,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
    credential = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, means: Means, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, held in (("password", means.password), ("code", means.code), ("credential", means.passkey)):
            if not held:
                del self.fields[name]
        if means.code and not means.password:
            self.fields["code"].label = "A code of your authenticator app"
        if means.password and not (means.code or means.passkey):
            self.fields["password"].required = True

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        asked = {"password", "code", "credential"} & set(self.fields)
        if asked and not self.errors and not any(said.get(name) for name in asked):
            raise forms.ValidationError("Write your password or a code, or use a passkey. Nothing was signed.")
        return said


class RevokeForm(forms.Form):
    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Members of the study read it beside the report. The document itself keeps its signature.",
    )


class FindForm(forms.Form):
    """Filters of the list; nothing is required, and nonsense is simply no filter."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Participant, recording, coder"}),
    )
    study = forms.ModelChoiceField(Study.objects.none(), required=False, empty_label="All studies")

    def __init__(self, *args, studies, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["study"].queryset = studies
