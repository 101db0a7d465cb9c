"""What people type to define a combination."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from analysis.facs.combinations import GRADES, GROUPS, KINDS

_TIMES: Final = ("least_ms", "longest_ms", "onsets_within_ms", "apexes_within_ms")


class CombinationForm(forms.Form):
    name = forms.CharField(max_length=80, help_text="What the configuration is called, such as Tight smile.")
    formula = forms.CharField(
        max_length=200,
        help_text="As FACS writes it: 6+12C, 25/26 for one of two, [+17] for may be there, U12+U14 for one side.",
    )
    without = forms.CharField(
        required=False,
        max_length=120,
        help_text="Codes that must not be there, such as 4+15. Leave empty if none.",
    )
    group = forms.ChoiceField(
        choices=[(one, one.capitalize()) for one in GROUPS], initial="own", help_text="Where it is listed."
    )
    kind = forms.ChoiceField(
        choices=[(one, one.capitalize()) for one in KINDS if one != "state"], initial="expression"
    )
    citation = forms.CharField(
        max_length=600,
        widget=forms.Textarea(attrs={"rows": 2}),
        label="Source",
        help_text="Full reference with year. Of an idea of your own: “Our own, from pilot 2, 2026”.",
    )
    grade = forms.ChoiceField(
        choices=[(key, key.capitalize()) for key in reversed(GRADES)],
        initial="ours",
        label="Evidence",
        help_text=f"Ours: {GRADES['ours']}. The page Combinations says what the others ask for.",
    )
    alternatives = forms.CharField(
        required=False,
        max_length=600,
        widget=forms.Textarea(attrs={"rows": 2}),
        label="What else it can be",
        help_text="One a line. The same configuration nearly always has several meanings.",
    )
    least_ms = forms.IntegerField(required=False, min_value=1, max_value=600_000, label="Shortest, ms")
    longest_ms = forms.IntegerField(required=False, min_value=1, max_value=600_000, label="Longest, ms")
    onsets_within_ms = forms.IntegerField(
        required=False, min_value=1, max_value=60_000, label="Onsets within, ms", help_text="Of each other."
    )
    apexes_within_ms = forms.IntegerField(
        required=False, min_value=1, max_value=60_000, label="Apexes within, ms", help_text="Of each other."
    )
    note = forms.CharField(required=False, max_length=600, widget=forms.Textarea(attrs={"rows": 2}))
    expected = forms.IntegerField(widget=forms.HiddenInput, initial=0)

    def definition(self) -> dict[str, Any]:
        """The fields as the catalogue writes them; what is empty is left out."""
        data = self.cleaned_data
        fields = {name: data[name] for name in ("name", "kind", "group", "grade", "citation")}
        lines = [line.strip() for line in data["alternatives"].splitlines()]
        variant = {"formula": data["formula"]}
        if data["without"]:
            variant["without"] = data["without"]
        fields |= {name: data[name] for name in _TIMES if data[name] is not None}
        fields |= {name: value for name, value in (("note", data["note"]),) if value}
        fields |= variant
        if wanted := [line for line in lines if line]:
            fields["alternatives"] = wanted
        return fields

    @classmethod
    def initial_of(cls, definition: dict[str, Any], number: int) -> dict[str, Any]:
        """What the form shows of a definition."""
        shown = {name: value for name, value in definition.items() if name in cls.base_fields}
        alternatives = "\n".join(definition.get("alternatives", ()))
        return {**shown, "alternatives": alternatives, "expected": number}
