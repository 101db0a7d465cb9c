"""What a lead fills in to plan codings, and to change one."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.assignments import sampling
from facsweb.assignments.material import Material
from facsweb.coding.models import Layer

WHOLE, STRETCHES, SAMPLES = "whole", "segments", "sample"
ANYWHERE, FACE, BALANCED = "anywhere", "face", "balanced"
#: More than this in one recording is a mistake in typing.
MOST_SAMPLES = 500


def new_seed() -> int:
    """A seed for the random choices of a plan; short enough to be printed in a paper."""
    return secrets.randbelow(1_000_000)


class PlanForm(forms.Form):
    """What is coded, by whom, and how."""

    id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(max_length=120, label="Name of the plan")
    recordings = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, error_messages={"required": "Choose at least one recording."}
    )
    coders = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, error_messages={"required": "Choose at least one coder."}
    )
    what = forms.ChoiceField(
        choices=[
            (WHOLE, "Whole recordings"),
            (STRETCHES, "Stretches that I give"),
            (SAMPLES, "Random samples"),
        ],
        widget=forms.RadioSelect,
        initial=WHOLE,
        label="What is coded",
    )
    stretches = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "0:10–0:40, 1:05–1:35"}),
        required=False,
        label="Stretches of every recording",
        help_text="From–to in minutes and seconds, one a line or with commas between.",
    )
    count = forms.IntegerField(
        min_value=1, max_value=MOST_SAMPLES, required=False, label="Samples in each recording", initial=6
    )
    percent = forms.FloatField(
        min_value=0.1,
        max_value=100,
        required=False,
        label="Or percent of each recording",
        help_text="When filled in, it counts instead of the number.",
    )
    seconds = forms.FloatField(min_value=1, max_value=3600, required=False, initial=10, label="Seconds each")
    where = forms.ChoiceField(
        choices=[
            (ANYWHERE, "Anywhere, spread over the whole recording"),
            (FACE, "Where a face was seen in at least 90 % of the sample"),
            (BALANCED, "Where a face was seen, half of them where the machine proposes more than usual"),
        ],
        widget=forms.RadioSelect,
        initial=ANYWHERE,
        label="Where samples lie",
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=999_999,
        initial=new_seed,
        help_text="The same seed, recordings and coders give the same plan again.",
    )
    mode = forms.ChoiceField(
        choices=Layer.Mode.choices, widget=forms.RadioSelect, initial=Layer.Mode.BLIND, label="How"
    )
    double = forms.IntegerField(
        min_value=0,
        max_value=100,
        initial=20,
        label="Percent of the recordings coded by two people",
        required=False,
    )
    due = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}), label="Due on")
    instructions = forms.CharField(
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What the coder reads before they begin.",
    )

    def __init__(self, *args: Any, found: Sequence[Material], people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.found = {str(one.run.pk): one for one in found}
        self.fields["recordings"].choices = [(key, self._label(one)) for key, one in self.found.items()]
        self.fields["coders"].choices = [(str(one.pk), str(one)) for one in people]
        for key, one in self.found.items():
            self.fields[f"own_{key}"] = forms.CharField(
                required=False,
                label=one.title,
                widget=forms.TextInput(attrs={"placeholder": "as for every recording"}),
            )

    @staticmethod
    def _label(one: Material) -> str:
        taken = f" · has a coding by {', '.join(one.taken.values())}" if one.taken else ""
        return f"{one.title} · {sampling.clock(one.duration_us)}{taken}"

    @property
    def own_stretches(self) -> list[Any]:
        """The fields for stretches of single recordings."""
        return [self[f"own_{key}"] for key in self.found]

    @property
    def has_own_stretches(self) -> bool:
        """Whether somebody typed into one of them."""
        return any(self.data.get(f"own_{key}") for key in self.found)

    def clean_due(self) -> Any:
        return _not_past(self.cleaned_data["due"])

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        said["double"] = said.get("double") or 0
        if said.get("what") == STRETCHES:
            self._clean_stretches(said)
        elif said.get("what") == SAMPLES:
            for name in ("seconds", *(() if said.get("percent") else ("count",))):
                if not said.get(name) and name not in self.errors:
                    self.add_error(name, "Fill this in for random samples.")
        if said["double"] and "coders" in said and len(said["coders"]) < 2:
            self.add_error("coders", "Double coding needs at least two coders.")
        return said

    def _clean_stretches(self, said: dict[str, Any]) -> None:
        said["spans"] = {}
        for key in said.get("recordings", []):
            own = f"own_{key}" if said.get(f"own_{key}") else "stretches"
            try:
                spans = sampling.parse(said.get(own) or "")
                if not spans:
                    raise sampling.WrongStretch("Write at least one stretch, such as 0:10–0:40.")
                sampling.check_inside(spans, self.found[key].duration_us)
            except sampling.WrongStretch as wrong:
                text = str(wrong) if own != "stretches" else f"{self.found[key].title}: {wrong}"
                self.add_error(own, text)
            else:
                said["spans"][key] = spans


class ChangeForm(forms.Form):
    """One change of one assignment."""

    DUE, REASSIGN, WITHDRAW, RETURN = "due", "reassign", "withdraw", "send_back"
    action = forms.ChoiceField(choices=[(name, name) for name in (DUE, REASSIGN, WITHDRAW, RETURN)])
    due = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}), label="Due on")
    coder = forms.ChoiceField(required=False)
    reason = forms.CharField(
        required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3}), help_text="The coder reads it."
    )

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["coder"].choices = [("", "Choose a coder"), *((str(one.pk), str(one)) for one in people)]

    def clean_due(self) -> Any:
        return _not_past(self.cleaned_data["due"])

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("action") == self.RETURN and not (said.get("reason") or "").strip():
            self.add_error("reason", "Say what is to be changed; the coder reads it.")
        if said.get("action") == self.REASSIGN and not said.get("coder") and "coder" not in self.errors:
            self.add_error("coder", "Choose who codes it instead.")
        return said


def _not_past(day: Any) -> Any:
    if day and day < timezone.localdate():
        raise forms.ValidationError("This day is in the past.")
    return day
