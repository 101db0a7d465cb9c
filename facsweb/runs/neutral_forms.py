"""Choosing the neutral face of one person, or of all."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from facsweb.runs.forms import NeutralForm


class ChoiceForm(NeutralForm):
    """``choice`` is ``automatic``, ``frame`` or ``RUN:FACE`` of the lender; ``face`` whose neutral it is."""

    choice = forms.CharField(required=False)
    face = forms.IntegerField(required=False, min_value=0)
    lender = re.compile(r"([0-9a-f-]{36}):(\d{1,4})", re.ASCII)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        choice, cleaned["lender"] = cleaned.get("choice") or "", None
        if choice == "automatic":
            cleaned["neutral_us"] = None
        elif choice == "frame":
            if cleaned.get("neutral_us") is None and "neutral" not in self.errors:
                raise ValidationError("Say which moment shows the neutral face, such as 00:00:03.480.")
        elif choice:
            match = self.lender.fullmatch(choice)
            if match is None:
                raise ValidationError("Choose where the neutral face comes from.")
            try:
                cleaned["lender"] = (uuid.UUID(match[1]), int(match[2]))
            except ValueError:
                raise ValidationError("Choose where the neutral face comes from.") from None
            cleaned["neutral_us"] = None
        return cleaned
