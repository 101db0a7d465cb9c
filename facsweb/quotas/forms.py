"""The form for a study's limits."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from facsweb.quotas.models import Quota


def _usual(value: float, unit: str) -> str:
    return f"Left empty: {value:g} {unit}, as every study." if value else "Left empty: no limit, as every study."


class QuotaForm(forms.ModelForm):
    """Limits of one study; empty ones are the installation's."""

    class Meta:
        model = Quota
        fields = ["gigabytes", "hours", "queued", "running", "weight"]
        labels = {
            "gigabytes": "Stored originals, in GB",
            "hours": "Recorded time, in hours",
            "queued": "Analyses that may wait at once",
            "running": "Jobs of one kind at once",
            "weight": "Part of the workers",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        helps = {
            "gigabytes": _usual(settings.QUOTA_GB, "GB"),
            "hours": _usual(settings.QUOTA_HOURS, "hours"),
            "queued": _usual(settings.QUOTA_QUEUED, "analyses"),
            "running": _usual(settings.QUOTA_RUNNING, "jobs"),
            "weight": "1 to 10. While others wait too, a study with 2 gets twice as much as one with 1.",
        }
        for name, text in helps.items():
            self.fields[name].help_text = text
