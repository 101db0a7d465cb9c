"""What a lead types to make a gold-standard segment."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from facsweb.coding.models import Layer
from facsweb.practice import services
from facsweb.studies.models import Study

_TIME = re.compile(r"(?:(?P<hours>\d+):)?(?:(?P<minutes>\d+):)?(?P<seconds>\d+(?:[.,]\d{1,6})?)")


def microseconds(text: str) -> int:
    """``3:12.480``, ``1:02:03`` or ``12.5`` as microseconds; raises ValidationError for anything else."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise forms.ValidationError("Write a time as minutes, seconds and thousandths, such as 3:12.480.")
    hours, minutes = match["hours"], match["minutes"]
    if hours is not None and minutes is None:  # one colon: minutes and seconds
        hours, minutes = None, hours
    seconds = float(match["seconds"].replace(",", "."))
    return round((int(hours or 0) * 3600 + int(minutes or 0) * 60 + seconds) * 1e6)


class SegmentForm(forms.Form):
    layer = forms.ModelChoiceField(
        Layer.objects.none(), label="Signed coding", help_text="What it says in the segment becomes the standard."
    )
    name = forms.CharField(
        max_length=80, help_text="Coders see it: say what can be learned, not what is to be found."
    )
    begin = forms.CharField(label="From", initial="0:00", help_text="Such as 3:12.480.")
    end = forms.CharField(label="To", help_text="Ten to sixty seconds are a good length.")
    codes = forms.CharField(
        required=False, label="Codes that count", help_text="Numbers with blanks or + between; empty: every code."
    )

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["layer"]
        field.queryset = services.standards(study)
        field.label_from_instance = _label

    def clean_begin(self) -> int:
        return microseconds(self.cleaned_data["begin"])

    def clean_end(self) -> int:
        return microseconds(self.cleaned_data["end"])

    def clean_codes(self) -> list[str]:
        return [code for code in re.split(r"[\s,+]+", self.cleaned_data["codes"].upper().strip()) if code]


def _label(layer: Layer) -> str:
    recording = layer.run.recording
    kind = "adjudicated by " if layer.kind == Layer.Kind.ADJUDICATED else ""
    return f"{recording.participant.code}, {recording.title}: {kind}{layer.owner.get_full_name()}"
