"""What people type into the pages about tokens and webhooks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.utils.html import format_html

from facsweb.accounts.models import User
from facsweb.api.events import NAMES, WORDS
from facsweb.api.models import Scope, Token
from facsweb.studies.models import Study

LIFETIMES: Final = [("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "A year")]


class TokenForm(forms.ModelForm):
    """A token of one's own."""

    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="Choose as little as the program needs. Your own roles still decide in which study.",
    )
    lifetime = forms.ChoiceField(label="How long it lasts", choices=LIFETIMES, initial="90")

    class Meta:
        model = Token
        fields = ["name", "study"]
        labels = {"study": "Which study it opens"}
        help_texts = {"name": "What the program is, such as “Nightly import”. The log names it.", "study": ""}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "off"})}

    def __init__(self, owner: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["study"].queryset = Study.objects.filter(memberships__user=owner).distinct()
        self.fields["study"].empty_label = "All of my studies"

    def clean_lifetime(self) -> timedelta:
        return timedelta(days=int(self.cleaned_data["lifetime"]))


class WebhookForm(forms.Form):
    """A webhook of a study."""

    url = forms.CharField(
        label="Address",
        max_length=500,
        help_text="Begins with https:// and lies in the public internet.",
        widget=forms.URLInput(attrs={"autocomplete": "off", "placeholder": "https://"}),
    )
    events = forms.MultipleChoiceField(
        label="What it is told of",
        choices=[
            (name, format_html('<span>{}<br><span class="mono small quiet">{}</span></span>', WORDS[name], name))
            for name in NAMES
        ],
        widget=forms.CheckboxSelectMultiple,
    )


class ActForm(forms.Form):
    """One act on a webhook."""

    act = forms.ChoiceField(choices=[(act, act) for act in ("ping", "pause", "resume", "secret", "remove")])
