"""What people type to sign, to revoke and to find a report."""

from typing import Any

from django import forms

from facsweb.accounts.reauthentication import Means
from facsweb.reports import documents, life
from facsweb.reports.models import Document, Package
from facsweb.studies.models import Study


def _label(kind: str, language: str) -> str:
    return f"{Document.Kind(kind).label} ({Document.Language(language).label})"


class ConfirmedForm(forms.Form):
    """A statement, and a proof of who confirms it, which is looked at elsewhere (``reauthentication.confirm``)."""

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


class SignForm(ConfirmedForm):
    """The coder's word, and the layer's revision that they saw."""

    revision = forms.IntegerField(widget=forms.HiddenInput)


class RevokeForm(forms.Form):
    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Members of the study read it beside the report. The document itself keeps its signature.",
    )


class SendBackForm(forms.Form):
    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The coder reads it, and so does everybody who opens the report.",
    )


class DocumentForm(forms.Form):
    """One of `documents.OFFERED`, as ``kind-language``."""

    document = forms.CharField()

    def clean_document(self) -> tuple[str, str]:
        kind, _, language = self.cleaned_data["document"].partition("-")
        if (kind, language) not in documents.OFFERED:
            raise forms.ValidationError("There is no such document.")
        return kind, language


class PackageForm(forms.Form):
    """What is packed, of which reports."""

    kind = forms.ChoiceField(choices=Package.Kind.choices)
    documents = forms.MultipleChoiceField(
        label="Documents",
        required=False,
        choices=[
            ("full-en", "Full report"),
            *((f"{kind}-{language}", _label(kind, language)) for kind, language in documents.OFFERED),
        ],
        initial=["full-en", "summary-en"],
        widget=forms.CheckboxSelectMultiple,
    )
    reports = forms.MultipleChoiceField(label="Reports", required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args, reports, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reports"].choices = reports


class FindForm(forms.Form):
    """Filters of the list; nothing is required, and nonsense is simply no filter."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Participant, recording, coder"}),
    )
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[("", "Every report"), *((key, words[1]) for key, words in life.WORDS.items())],
    )
    study = forms.ModelChoiceField(Study.objects.none(), required=False, empty_label="All studies")

    def __init__(self, *args, studies, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["study"].queryset = studies
