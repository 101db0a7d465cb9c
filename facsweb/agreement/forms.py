"""What is compared and how, as the page's form asks for it."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django import forms

from analysis.agreement import METRIC, METRICS, Options
from facsweb.agreement.pairs import Chosen, finished, key_of, name_of
from facsweb.assignments.models import Batch
from facsweb.studies.models import Cohort, Study

AGAINST = [("both", "People and the machine"), ("people", "People only"), ("machine", "People with the machine")]
KINDS = [("coder", "Coded here"), ("imported", "Imported from a file"), ("adjudicated", "Adjudicated")]
MATCH_BY = [("overlap", "they overlap, or the gap is at most"), ("onset", "their onsets are apart by at most")]


class ChoiceForm(forms.Form):
    """Filters of the agreement page; everything has a value that a page without a query shows."""

    figure = forms.ChoiceField(
        label="Figure", choices=[(metric.key, metric.label) for metric in METRICS], initial="index"
    )
    against = forms.ChoiceField(label="Compare", choices=AGAINST, initial="both")
    match_by = forms.ChoiceField(label="Two events of a code match when", choices=MATCH_BY, initial="overlap")
    tolerance_ms = forms.IntegerField(
        label="Tolerance, ms",
        min_value=0,
        max_value=10_000,
        initial=500,
        help_text="Also between onsets and offsets.",
    )
    sides_apart = forms.BooleanField(label="Left and right apart", required=False)
    cohort = forms.ChoiceField(label="Cohort", required=False)
    batch = forms.ChoiceField(label="Plan of assignments", required=False)
    since = forms.DateField(
        label="Handed in from", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label="Handed in until", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    kinds = forms.MultipleChoiceField(
        label="Made how",
        required=False,
        choices=KINDS,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: all.",
    )
    coders = forms.MultipleChoiceField(
        label="Coders", required=False, widget=forms.CheckboxSelectMultiple, help_text="None ticked: all."
    )
    recordings = forms.MultipleChoiceField(
        label="Recordings", required=False, widget=forms.CheckboxSelectMultiple, help_text="None ticked: all."
    )

    DEFAULTS: ClassVar[dict[str, Any]] = {"figure": "index", "against": "both", "match_by": "overlap"}

    def __init__(self, data: Any, study: Study) -> None:
        filled = data.copy()
        for name, value in {**self.DEFAULTS, "tolerance_ms": "500"}.items():
            filled.setdefault(name, value)
        super().__init__(filled, prefix=None)
        layers = finished(study)
        cohorts = Cohort.objects.filter(participants__study=study).distinct()
        self.fields["cohort"].choices = [("", "All"), *((one.key, one.name) for one in cohorts)]  # type: ignore[attr-defined]
        batches = Batch.objects.filter(study=study).order_by("-created_at")
        plans = [("", "All"), *((str(batch.pk), batch.name or str(batch.created_at.date())) for batch in batches)]
        self.fields["batch"].choices = plans  # type: ignore[attr-defined]
        coders = {key_of(layer): name_of(layer) for layer in layers if layer.owner_id is not None}
        self.fields["coders"].choices = sorted(coders.items(), key=lambda item: item[1])  # type: ignore[attr-defined]
        recordings = {
            str(layer.run.recording_id): f"{layer.run.recording.participant.code} · {layer.run.recording.title}"
            for layer in layers
        }
        self.fields["recordings"].choices = sorted(recordings.items(), key=lambda item: item[1])  # type: ignore[attr-defined]

    @property
    def figure_key(self) -> str:
        """The figure that heatmap and table show."""
        return str(self.cleaned_data.get("figure", "index")) if self.is_bound and self.is_valid() else "index"

    @property
    def narrowed(self) -> bool:
        """Whether something other than the figure is not as a page without a query has it."""
        told = {name for name in self.changed_data if name != "figure" and self.cleaned_data.get(name)}
        usual = {"against": "both", "match_by": "overlap", "tolerance_ms": 500}
        return any(self.cleaned_data.get(name) != usual.get(name) for name in told)

    def chosen(self) -> Chosen:
        """Which codings."""
        said = self.cleaned_data
        return Chosen(
            coders=frozenset(said["coders"]),
            against=said["against"],
            kinds=frozenset(said["kinds"]),
            cohort=said["cohort"],
            batch=UUID(said["batch"]) if said["batch"] else None,
            recordings=frozenset(UUID(key) for key in said["recordings"]),
            since=said["since"],
            until=said["until"],
        )

    def options(self) -> Options:
        """How they are compared."""
        said = self.cleaned_data
        return Options(
            sides_apart=said["sides_apart"],
            match_by=said["match_by"],
            tolerance_us=said["tolerance_ms"] * 1000,
        )

    @property
    def what(self) -> str:
        """What the figure is, in a sentence."""
        return METRIC[self.figure_key].what


class PairForm(forms.Form):
    """How two codings of one recording are compared; nonsense is read as what is usual."""

    match_by = forms.ChoiceField(
        label="Two events of a code match when", choices=MATCH_BY, initial="overlap", required=False
    )
    tolerance_ms = forms.IntegerField(
        label="Tolerance, ms", min_value=0, max_value=10_000, initial=500, required=False
    )
    sides_apart = forms.BooleanField(label="Left and right apart", required=False)

    def __init__(self, data: Any) -> None:
        filled = data.copy()
        filled.setdefault("match_by", "overlap")
        filled.setdefault("tolerance_ms", "500")
        super().__init__(filled)

    def options(self) -> Options:
        """How they are compared."""
        self.is_valid()
        said = self.cleaned_data
        tolerance = said.get("tolerance_ms")
        return Options(
            sides_apart=bool(said.get("sides_apart")),
            match_by=said.get("match_by") or "overlap",
            tolerance_us=(500 if tolerance is None else tolerance) * 1000,
        )
