"""Narrowing the list of assignments down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from facsweb.assignments.reading import Row
from facsweb.coding.models import Layer

OVERDUE, SENT_BACK = "overdue", "sent_back"


class FilterForm(forms.Form):
    """By coder, state and recording; empty fields narrow nothing down."""

    coder = forms.ChoiceField(required=False)
    state = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Any state"),
            (OVERDUE, "Overdue"),
            (SENT_BACK, "Sent back"),
            *Layer.State.choices,
        ],
    )
    q = forms.CharField(required=False, label="Recording", widget=forms.TextInput(attrs={"type": "search"}))

    def __init__(self, *args: Any, rows: Sequence[Row], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owners = {str(row.layer.owner_id): str(row.layer.owner) for row in rows}
        self.fields["coder"].choices = [
            ("", "Everybody"),
            *sorted(owners.items(), key=lambda pair: pair[1]),
        ]

    def narrowed(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that fit; all of them when the filter is empty or makes no sense."""
        if not self.is_valid():
            return list(rows)
        said = self.cleaned_data
        found = [row for row in rows if said["coder"] in ("", str(row.layer.owner_id))]
        if said["state"] == OVERDUE:
            found = [row for row in found if row.overdue]
        elif said["state"] == SENT_BACK:
            found = [row for row in found if row.sent_back]
        elif said["state"]:
            found = [row for row in found if row.layer.state == said["state"]]
        word = said["q"].strip().lower()
        recording = (row for row in found)
        return [
            row
            for row in recording
            if word in f"{row.layer.run.recording.participant.code} {row.layer.run.recording.title}".lower()
        ]
