"""What people type to change an indicator's formula: one part for every named input, in the formula or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.http import QueryDict

from analysis.indicators.catalogue import Input, inputs
from analysis.indicators.formulas import DIRECTIONS, FormulaError, Indicator, as_row

#: Stands where nobody named a source yet.
NO_SOURCE: Final = "choice of ours: no source found"
_LINES: Final = {"rows": 2}


class TermForm(forms.Form):
    """One named input; its errors are the engine's, so nothing is required here."""

    used = forms.BooleanField(required=False, label="In the formula")
    weight = forms.FloatField(required=False, widget=forms.NumberInput(attrs={"step": "any"}))
    direction = forms.ChoiceField(
        choices=[(one, f"{one} the value") for one in DIRECTIONS], label="More of it", required=False
    )
    low = forms.FloatField(required=False, label="a", widget=forms.NumberInput(attrs={"step": "any"}))
    high = forms.FloatField(required=False, label="b", widget=forms.NumberInput(attrs={"step": "any"}))
    why = forms.CharField(required=False, label="Why it is in", widget=forms.Textarea(attrs=_LINES))
    sources = forms.CharField(
        required=False,
        label="Sources",
        help_text="One a line; begin with “against:” where it speaks against the input.",
        widget=forms.Textarea(attrs=_LINES),
    )

    use_required_attribute = False

    def row(self, key: str) -> dict[str, Any]:
        """The input as the file of formulas has it."""
        data = self.cleaned_data
        row = {name: data.get(name) for name in ("weight", "direction", "low", "high", "why")}
        sources = [line.strip() for line in str(data.get("sources") or "").splitlines() if line.strip()]
        return {"input": key, **row, "sources": sources}


class AboutForm(forms.Form):
    name = forms.CharField(max_length=80, help_text="It must not promise what no sum of measurements can say.")
    note = forms.CharField(
        max_length=600,
        label="What it sums",
        help_text="One or two sentences, shown beside every value.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    reason = forms.CharField(
        max_length=600,
        label="Why it is changed",
        help_text="Kept with the version, for everybody in the study.",
        widget=forms.Textarea(attrs=_LINES),
    )
    session = forms.ChoiceField(label="Try it on", required=False)
    expected = forms.IntegerField(widget=forms.HiddenInput, initial=0)

    use_required_attribute = False


@dataclass(frozen=True)
class Row:
    """A named input and what is typed about it."""

    input: Input
    form: TermForm

    @property
    def used(self) -> bool:
        return bool(self.form["used"].value())


class IndicatorForm:
    """A whole formula.

    Parameters
    ----------
    data : QueryDict or None
        What was sent; None to show what holds.
    shown : Indicator or None
        The formula to begin with; None for a new indicator.
    expected : int
        Number of the version that holds.
    sessions : sequence of (str, str)
        What it can be tried on.
    named : bool
        Whether the name can be changed; a shipped indicator keeps its own.
    """

    def __init__(
        self,
        data: QueryDict | None,
        shown: Indicator | None,
        *,
        expected: int,
        sessions: Sequence[tuple[str, str]],
        named: bool,
    ) -> None:
        begun = as_row(shown) if shown else {}
        about = {"name": begun.get("name"), "note": begun.get("note"), "expected": expected}
        self.about = AboutForm(data, initial=about)
        self.about.fields["session"].choices = sessions  # type: ignore[attr-defined]
        if not named:
            del self.about.fields["name"]
        self._fixed = {} if named else {"name": begun.get("name")}
        terms = {term["input"]: term for term in begun.get("input", ())}
        known = inputs()
        self.rows = [
            Row(known[key], TermForm(data, prefix=key, initial=_initial(known[key], terms.get(key))))
            for key in [*terms, *(key for key in known if key not in terms)]  # the formula's own order first
        ]

    @property
    def used(self) -> list[Row]:
        return [row for row in self.rows if row.used]

    @property
    def others(self) -> list[Row]:
        return [row for row in self.rows if not row.used]

    def is_typed(self, *, saving: bool) -> bool:
        """Whether numbers are numbers and what is asked for is there; the rest is the engine's to say."""
        self.about.fields["reason"].required = saving
        typed = [self.about.is_valid(), *(row.form.is_valid() for row in self.used)]
        return all(typed)

    def fields(self) -> dict[str, Any]:
        """``name``, ``note`` and ``input`` of an entry of the file of formulas; what is no number is None."""
        about = {**self.about.cleaned_data, **self._fixed}
        terms = [row.form.row(row.input.id) for row in self.used]
        return {"name": about.get("name", ""), "note": about.get("note", ""), "input": terms}

    @property
    def reason(self) -> str:
        return str(self.about.cleaned_data["reason"])

    @property
    def expected(self) -> int:
        return int(self.about.cleaned_data.get("expected") or 0)

    def blame(self, fault: FormulaError) -> None:
        """Show a fault beside its field."""
        said = fault.sentence[:1].upper() + fault.sentence[1:]
        row = next((one for one in self.rows if one.input.id == fault.term), None)
        form: forms.Form = row.form if row else self.about
        field = "name" if fault.field == "id" else fault.field  # the id is made from the name
        if not form.has_error(field):  # its first fault is enough, and an empty one has been told
            form.add_error(field if field in form.fields else None, said)

    @property
    def has_errors(self) -> bool:
        return bool(self.about.is_bound and (self.about.errors or any(row.form.errors for row in self.used)))

    @property
    def wrong(self) -> list[str]:
        """What the parts with an error are called, for a line at the top of a long page."""
        about = [
            str(self.about.fields[name].label or name.capitalize())
            for name in self.about.errors
            if name in self.about.fields
        ]
        return [*about, *(row.input.label for row in self.used if row.form.errors)]


def _initial(one: Input, term: Mapping[str, Any] | None) -> dict[str, Any]:
    if term is None:
        anchors = {"low": _plain(one.anchors[0]), "high": _plain(one.anchors[1])}
        return {"used": False, "weight": "1", "direction": DIRECTIONS[0], **anchors, "sources": NO_SOURCE}
    numbers = {name: _plain(term[name]) for name in ("weight", "low", "high")}
    about = {"direction": term["direction"], "why": term["why"], "sources": "\n".join(term["sources"])}
    return {"used": True, **numbers, **about}


def _plain(value: float) -> str:
    """As people write it: 1, not 1.0."""
    return f"{value:.10g}"
