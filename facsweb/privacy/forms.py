"""What people type into pages about destroying, holding and copying."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms

from facsweb.studies.models import Participant


class ErasureForm(forms.Form):
    """The second step of an erasure: the reason, and the code, as a safeguard against the wrong participant."""

    id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    reason = forms.CharField(
        label="How the request came",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For example “by letter of 3 May”. Write nothing about the person: these words stay.",
    )
    code = forms.CharField(
        label="Code of the participant",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Type it to show that it is the right one.",
    )

    def __init__(self, *args: Any, participant: Participant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.participant = participant

    def clean_code(self) -> str:
        if self.cleaned_data["code"].strip() != self.participant.code:
            raise forms.ValidationError("This is not the code of this participant. Nothing was destroyed.")
        return self.participant.code


class ReasonForm(forms.Form):
    """A reason that is recorded."""

    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Give a reason."},
    )


class RetentionForm(forms.Form):
    """How many days a study keeps recordings and documents."""

    days = forms.IntegerField(
        label="Days after which recordings and documents go",
        min_value=1,
        max_value=36_500,
        required=False,
        help_text="Counted from the upload. Empty: as long as the law of the study’s place allows, which may be "
        "without a limit.",
    )
