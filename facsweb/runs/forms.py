"""What people may choose for a run."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from facsweb.runs.services import MAX_FACES


class MediaTimeField(forms.CharField):
    """A moment of a recording as people write it, ``00:00:03.480``, ``3:12`` or ``3.48``; integer microseconds."""

    pattern = re.compile(r"(?:(?:(\d+):)?(\d{1,2}):)?(\d{1,6})(?:[.,](\d{1,6}))?", re.ASCII)

    def to_python(self, value: Any) -> int | None:
        text = super().to_python(value)
        if not text:
            return None
        match = self.pattern.fullmatch(text)
        if match is None:
            raise ValidationError("Write the time as 00:00:03.480 or in seconds, such as 3.48.")
        hours, minutes, seconds, fraction = match.groups()
        whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds)
        return whole * 1_000_000 + int((fraction or "0").ljust(6, "0"))


class NeutralForm(forms.Form):
    """Which moment shows the neutral face; empty lets the analysis find it."""

    neutral_us = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    neutral = MediaTimeField(
        required=False,
        label="Time of a neutral face",
        help_text="A moment when the face is relaxed, such as 00:00:03.480. Empty: found automatically.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("neutral_us") is None:
            cleaned["neutral_us"] = cleaned.get("neutral")
        return cleaned


class StartForm(NeutralForm):
    """The choices before an analysis."""

    max_faces = forms.IntegerField(required=False, min_value=1, max_value=MAX_FACES)
