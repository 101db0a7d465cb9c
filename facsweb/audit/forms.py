"""How the log is narrowed down."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from facsweb.audit.models import Entry


class FilterForm(forms.Form):
    """Action, person and days; everything may stay empty. The choices are what this study's entries hold."""

    action = forms.ChoiceField(required=False)
    person = forms.ChoiceField(required=False)
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, entries: QuerySet[Entry], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entries = entries
        for name, column, every in (("action", "action", "Every action"), ("person", "actor_label", "Everybody")):
            values = entries.order_by(column).values_list(column, flat=True).distinct()
            self.fields[name].choices = [("", every), *((value, value) for value in values)]

    def filtered(self) -> QuerySet[Entry]:
        """The entries that match; all of them when the form is empty or wrong."""
        chosen = self.cleaned_data if self.is_valid() else {}
        entries = self.entries
        if chosen.get("action"):
            entries = entries.filter(action=chosen["action"])
        if chosen.get("person"):
            entries = entries.filter(actor_label=chosen["person"])
        if chosen.get("since"):
            entries = entries.filter(at__gte=_start(chosen["since"]))
        if chosen.get("until"):
            entries = entries.filter(at__lt=_start(chosen["until"] + timedelta(days=1)))
        return entries


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
