"""What people choose about a file that they send in or take out."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any, Final

from django import forms

from analysis.exchange.formats import Layout
from analysis.exchange.values import MAX_BYTES, NOTATION, Options, Thresholds
from analysis.facs.codes import CATALOGUE
from facsweb.coding.services import faces_of
from facsweb.exchange.models import Upload

MEGABYTES: Final = MAX_BYTES // 1_000_000
#: Most tiers that are shown to be matched; a file with more is no coding.
MOST_TIERS: Final = 200
PER_FRAME: Final = ("wide", "openface", "pyfeat")
_STEPS: Final = {"": "every frame of the video", "100": "10 a second", "40": "25 a second", "20": "50 a second"}
_UNITS: Final = {"": "As the file says, else guessed", "s": "Seconds", "ms": "Milliseconds", "us": "Microseconds"}


class LayoutForm(forms.Form):
    """How a table of frames is laid out."""

    step = forms.ChoiceField(label="Rows", choices=_STEPS.items(), required=False)
    every_code = forms.BooleanField(label="A column for every code", required=False)

    def layout(self) -> Layout:
        """The choice; nonsense is the usual layout."""
        if not self.is_valid():
            return Layout()
        said = self.cleaned_data
        return Layout(int(said["step"] or 0) * 1000, said["every_code"])


class UploadForm(forms.Form):
    file = forms.FileField(
        label="File",
        widget=forms.FileInput(attrs={"accept": ".eaf,.csv,.tsv,.txt,.json,.TextGrid,.textgrid"}),
        help_text=f"At most {MEGABYTES} MB. Nothing is stored in the study before you have seen what is in it.",
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(
                f"The file has {file.size / 1e6:.0f} MB; at most {MEGABYTES} MB are read. Nothing was stored."
            )
        return file


def code_choices() -> list[tuple[str, Any]]:
    """Codes by group, and what else a tier can be."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for code in CATALOGUE.values():
        name = code.group.replace("_", " ").capitalize()
        groups.setdefault(name, []).append((code.code, f"{code.code} {code.name}"))
    return [
        ("?", "Not matched yet"),
        ("", "Leave out"),
        (NOTATION, "FACS notation, such as 1+2+12B"),
        *groups.items(),
    ]


class OptionsForm(forms.Form):
    """How the file is read."""

    name = forms.CharField(label="Name of the layer", max_length=120)
    shift_ms = forms.IntegerField(
        label="Shift in milliseconds",
        required=False,
        min_value=-86_400_000,
        max_value=86_400_000,
        help_text="Added to every time; negative moves everything earlier.",
    )
    face = forms.ChoiceField(label="Face", required=False)
    unit = forms.ChoiceField(label="Unit of times", choices=_UNITS.items(), required=False)
    fps = forms.FloatField(
        label="Frames a second",
        required=False,
        min_value=0.1,
        max_value=10_000,
        help_text="Used where the file counts frames.",
    )
    decide = forms.ChoiceField(
        label="An event is where",
        choices=[
            ("presence", "the presence column says so"),
            ("threshold", "the intensity reaches the threshold"),
        ],
        required=False,
    )
    enter = forms.FloatField(
        label="Threshold",
        required=False,
        min_value=0.01,
        max_value=5,
        help_text="Least value of an event. Empty: 1 on 0–5, 0.5 where columns are probabilities.",
    )
    least_ms = forms.IntegerField(label="Least duration in milliseconds", required=False, min_value=0)
    join_ms = forms.IntegerField(label="Join pauses up to, in milliseconds", required=False, min_value=0)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, upload: Upload, kind: str) -> None:
        self.kind, self.upload = kind, upload
        tables = kind in PER_FRAME
        first = {
            "name": upload.filename.rsplit(".", 1)[0][:120],
            "fps": upload.run.summary.get("video", {}).get("frame_rate") or None,
            "least_ms": 100 if kind in ("openface", "pyfeat") else 0,
            "shift_ms": 0,
            "join_ms": 0,
        }
        super().__init__(data, initial=first)
        faces = faces_of(upload.run)
        choices = [("", "As the file says"), *((str(face), f"Face {face + 1}") for face in faces)]
        self.fields["face"].choices = choices
        unused = [] if tables else ["decide", "enter", "least_ms", "join_ms"]
        unused += [] if kind == "openface" or not tables else ["decide"]
        unused += [] if kind == "events" else ["unit"]
        unused += [] if kind == "events" or tables else ["fps"]
        for field in unused:
            del self.fields[field]

    def mapping(self) -> dict[str, str]:
        """Tier → what it is, from the two lists ``tier`` and ``code``."""
        if not self.is_bound:
            return {}
        pairs = zip(self.data.getlist("tier"), self.data.getlist("code"), strict=False)
        known = {"", NOTATION, *CATALOGUE}
        return {tier: code for tier, code in list(pairs)[:MOST_TIERS] if code in known}

    def options(self) -> Options:
        """The choice, once the form is valid; as it begins before anything was sent."""
        said = self.cleaned_data if self.is_bound else self.initial
        return Options(
            mapping=self.mapping(),
            fps=said.get("fps") or None,
            offset_us=(said.get("shift_ms") or 0) * 1000,
            face=int(said["face"]) if said.get("face") else None,
            unit=said.get("unit") or "",
            thresholds=Thresholds(
                enter=said.get("enter") or None,
                least_us=(said.get("least_ms") or 0) * 1000,
                join_us=(said.get("join_ms") or 0) * 1000,
                presence=said.get("decide") != "threshold",
            ),
        )


def fingerprint(options: Options) -> str:
    """Short mark of a choice, so that nobody imports with settings whose effect was not shown."""
    plain = replace(options, mapping=dict(sorted(options.mapping.items())))
    return hashlib.sha256(repr(plain).encode()).hexdigest()[:16]
