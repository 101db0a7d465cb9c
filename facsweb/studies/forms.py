"""What people type into pages of studies, members, participants and consent."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.studies import cohorts, consent_text
from facsweb.studies.models import Cohort, Consent, ConsentForm, Participant, Role, Scope, Study


class OnceForm(forms.Form):
    """Carries the id of what it makes, so that a double click or a reload makes one thing."""

    id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class StudyChangeForm(forms.ModelForm):
    class Meta:
        model = Study
        fields = ["name", "purpose", "setting", "jurisdiction"]
        widgets = {"purpose": forms.Textarea(attrs={"rows": 3})}


class StudyForm(OnceForm, StudyChangeForm):
    """A new study."""


class MemberForm(forms.Form):
    email = forms.EmailField(help_text="Of a person who has an account here already.")
    role = forms.ChoiceField(choices=Role.choices)

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].lower()
        self.user = User.objects.filter(email=email, is_active=True).first()
        if self.user is None:
            raise forms.ValidationError(
                f"There is no active account for {email}. Ask a person who may create accounts to make one first."
            )
        return email


class RemoveMemberForm(forms.Form):
    user = forms.ModelChoiceField(User.objects.all())
    role = forms.ChoiceField(choices=Role.choices)


class CohortField(forms.ModelChoiceField):
    """What a participant stated about themselves; may stay empty. Cohorts stand under their country."""

    def __init__(self, **kwargs: Any) -> None:
        words = {"label": "Cohort, as stated by the participant", "help_text": cohorts.WORDS, "required": False}
        super().__init__(Cohort.objects.filter(active=True), empty_label="Left out", **(words | kwargs))

    def of(self, participant: Participant) -> None:
        """Offer also what this participant stated before, when it is no longer active."""
        self.queryset = cohorts.choices(participant)
        self.initial = participant.cohort_id


class CohortForm(OnceForm, forms.ModelForm):
    """A cohort of this installation."""

    class Meta:
        model = Cohort
        fields = ["country_name", "country", "language", "name", "description"]
        labels = {"country": "Country code"}
        widgets = {
            "description": forms.Textarea(attrs={"rows": 3}),
            "country": forms.TextInput(attrs={"autocapitalize": "characters", "spellcheck": "false"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = True

    def validate_unique(self) -> None:
        """The service does: a form that is sent twice finds its own name taken, and has to pass."""


class StatedCohortForm(forms.Form):
    """What one participant states now."""

    cohort = CohortField()

    def __init__(self, *args: Any, participant: Participant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cohort"].of(participant)  # type: ignore[attr-defined]


class ParticipantForm(OnceForm, forms.ModelForm):
    cohort = CohortField()

    class Meta:
        model = Participant
        fields = ["code", "cohort"]
        widgets = {"code": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})}


class ConsentTextForm(forms.ModelForm):
    """The words of the next version of a consent form."""

    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        label="Ask about",
        help_text="Each becomes a question of its own, with yes and no.",
    )

    class Meta:
        model = ConsentForm
        fields = ["title", "body", "scopes"]
        labels = {"body": "Text"}
        help_texts = {"body": "A line that starts with <code>## </code> is a heading."}
        widgets = {"body": forms.Textarea(attrs={"rows": 24})}


class ConsentGivenForm(OnceForm):
    """A participant's answers: one yes or no for everything the version asks."""

    method = forms.ChoiceField(choices=Consent.Method.choices, widget=forms.HiddenInput)
    given_on = forms.DateField(
        label="Date on which it was given", widget=forms.DateInput(attrs={"type": "date"}), required=False
    )
    signature = forms.CharField(
        label="Your name", max_length=120, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(
        self, *args: Any, asked: Sequence[str], method: str, participant: Participant, **kwargs: Any
    ) -> None:
        super().__init__(*args, initial={"method": method}, **kwargs)
        self.asked = [Scope(scope) for scope in asked]
        if Scope.CALIBRATION in self.asked:
            self.fields["cohort"] = CohortField(label=cohorts.QUESTION, help_text="")
            self.fields["cohort"].of(participant)
        self.on_screen = method == Consent.Method.ON_SCREEN
        for scope in self.asked:
            self.fields[f"scope_{scope}"] = forms.ChoiceField(
                choices=[("yes", "Yes"), ("no", "No")],
                widget=forms.RadioSelect,
                label=consent_text.QUESTIONS[scope],
                error_messages={"required": "Choose yes or no."},
            )
        if self.on_screen:
            del self.fields["given_on"]
            self.fields["signature"].required = True
        else:
            self.fields["given_on"].required = True
            self.fields["signature"].label = "Name of the person who witnessed it, or where the paper is kept"

    def clean_given_on(self) -> Any:
        day = self.cleaned_data["given_on"]
        if day and day > timezone.localdate():
            raise forms.ValidationError("This day is in the future.")
        return day

    @property
    def questions(self) -> list[tuple[Scope, str, forms.BoundField]]:
        """Scope, what it means, and its field, in the order they are asked."""
        return [(scope, consent_text.WHAT_IS_COMPUTED[scope], self[f"scope_{scope}"]) for scope in self.asked]

    @property
    def granted(self) -> list[Scope]:
        """The scopes answered with yes."""
        return [scope for scope in self.asked if self.cleaned_data[f"scope_{scope}"] == "yes"]

    @property
    def given_at(self) -> datetime | None:
        """Noon of the day on paper (or now, when that is earlier); None on screen, where it is this moment."""
        if self.on_screen:
            return None
        noon = timezone.make_aware(datetime.combine(self.cleaned_data["given_on"], time(12)))
        return min(noon, timezone.now())


class WithdrawalForm(forms.Form):
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        initial="Not stated",
        max_length=1000,
        help_text="Nobody has to explain a withdrawal; “not stated” is enough.",
    )
