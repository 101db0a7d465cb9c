"""What can be posted about the people of a run."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from facsweb.runs.forms import MediaTimeField

MERGE, TRACKS, TIME, ASSIGN, UNDO, READ = "merge", "tracks", "time", "assign", "undo", "read"
NOBODY_KNOWN, LEFT_OUT = "", "left-out"
_NEEDS: Final = {MERGE: ("number", "other"), TRACKS: ("number",), TIME: ("number", "time"), ASSIGN: ("number",)}


class PeopleForm(forms.Form):
    """One change; persons are numbered from 0, ``expected`` is the revision that the page showed."""

    action = forms.ChoiceField(choices=[(one, one) for one in (MERGE, TRACKS, TIME, ASSIGN, UNDO, READ)])
    expected = forms.IntegerField(min_value=0)
    number = forms.IntegerField(min_value=0, required=False)
    other = forms.IntegerField(
        min_value=0, required=False, error_messages={"invalid": "Choose the person to merge with."}
    )
    tracks = forms.TypedMultipleChoiceField(
        coerce=int, required=False, choices=[(place, place) for place in range(1000)]
    )
    time = MediaTimeField(required=False)
    who = forms.CharField(required=False, max_length=40)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in _NEEDS.get(cleaned.get("action", ""), ()):
            if cleaned.get(name) is None and name not in self.errors:
                raise ValidationError(
                    {"time": "Say at what time.", "other": "Choose the person to merge with."}.get(
                        name, "Say which person it is about."
                    )
                )
        return cleaned
