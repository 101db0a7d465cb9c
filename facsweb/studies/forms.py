"""What people type into pages of studies, members, participants and consent."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.studies import cohorts, consent_text, justifying, law, links, signatures, words
from facsweb.studies.models import (
    Cohort,
    Consent,
    ConsentForm,
    Justification,
    Participant,
    Role,
    Scope,
    Study,
    Withdrawal,
)


class OnceForm(forms.Form):
    """Carries the id of what it makes, so that a double click or a reload makes one thing."""

    id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class StudyChangeForm(forms.ModelForm):
    class Meta:
        model = Study
        fields = ["name", "purpose", "setting", "jurisdiction", "retention_days"]
        widgets = {
            "purpose": forms.Textarea(attrs={"rows": 3}),
            "jurisdiction": forms.TextInput(attrs={"list": "places", "autocomplete": "off"}),
        }
        help_texts = {
            "jurisdiction": "Country or state whose law applies. Choose from the list where it is there; of a "
            "place that is not on it, nobody here knows the rules.",
        }

    #: For the list behind the field of the place.
    places = property(lambda self: law.place_names())


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
        said = {"label": "Cohort, as stated by the participant", "help_text": cohorts.WORDS, "required": False}
        super().__init__(Cohort.objects.filter(active=True), **(said | {"empty_label": "Left out"} | kwargs))

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

    title_de = forms.CharField(
        label="Title in German",
        required=False,
        max_length=consent_text.LONGEST_TITLE,
        widget=forms.TextInput(attrs={"lang": "de"}),
    )
    body_de = forms.CharField(
        label="Text in German",
        required=False,
        widget=forms.Textarea(attrs={"rows": 24, "lang": "de"}),
        help_text="Check the purpose: in the text of a new study it stands as it was typed. Empty: participants "
        "who choose German are told that the text is there in English only.",
    )

    class Meta:
        model = ConsentForm
        fields = ["title", "body", "title_de", "body_de", "scopes"]
        labels = {"title": "Title in English", "body": "Text in English"}
        help_texts = {"body": "A line that starts with <code>## </code> is a heading."}
        widgets = {"body": forms.Textarea(attrs={"rows": 24})}

    def __init__(self, *args: Any, allowed: Sequence[Scope] = tuple(Scope), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What the law prohibits stays choosable where it stood, so that who leaves it in is told why it may not.
        before = set(self.initial.get("scopes", ()))
        named = [(scope, label) for scope, label in Scope.choices if scope in allowed or scope in before]
        self.fields["scopes"].choices = named  # type: ignore[attr-defined]

    @staticmethod
    def of(form: ConsentForm | None) -> dict[str, Any]:
        """What the fields hold at first: the words of a version."""
        if form is None:
            return {}
        german = form.words("de") or {"title": "", "body": ""}
        return {
            "title": form.title,
            "body": form.body,
            "title_de": german["title"],
            "body_de": german["body"],
            "scopes": form.scopes,
        }

    @property
    def written(self) -> dict[str, Any]:
        """What ``services.create_consent_form`` takes."""
        said = dict(self.cleaned_data)
        return said | {"translations": {"de": {"title": said.pop("title_de"), "body": said.pop("body_de")}}}


class AnswersForm(forms.Form):
    """One yes or no for everything that is asked, in the language that the participant reads."""

    def __init__(
        self,
        *args: Any,
        asked: Sequence[str],
        participant: Participant,
        language: str = words.LANGUAGES[0],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.asked = [Scope(scope) for scope in asked]
        self.participant = participant
        self.language = language
        said = words.words(language)
        for scope in self.asked:
            self.fields[f"scope_{scope}"] = forms.ChoiceField(
                choices=[("yes", said["ask.yes"]), ("no", said["ask.no"])],
                widget=forms.RadioSelect,
                label=said[f"questions.{scope}"],
                error_messages={"required": said["ask.missing"], "invalid_choice": said["ask.missing"]},
            )
        if Scope.CALIBRATION in self.asked:
            self.fields["cohort"] = CohortField(
                label=said["cohort.question"], help_text="", empty_label=said["cohort.none"]
            )
            self.fields["cohort"].of(participant)

    @property
    def questions(self) -> list[tuple[Scope, str, forms.BoundField]]:
        """Scope, what it means, and its field, in the order they are asked."""
        meaning = words.part(self.language, "meaning")
        return [(scope, meaning[scope], self[f"scope_{scope}"]) for scope in self.asked]

    @property
    def granted(self) -> list[Scope]:
        """The scopes answered with yes."""
        return [scope for scope in self.asked if self.cleaned_data[f"scope_{scope}"] == "yes"]


class OwnAnswersForm(AnswersForm):
    """A participant's own answers with a signature, typed or drawn; not needed where everything is declined."""

    signature = forms.CharField(max_length=120, required=False)
    drawing = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_drawing(self) -> Any:
        try:
            return signatures.checked(self.cleaned_data["drawing"])
        except forms.ValidationError as error:
            raise forms.ValidationError(words.say(self.language, "sign.too_much")) from error

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        signed = said.get("signature") or said.get("drawing") or self.has_error("drawing")
        agrees = any(said.get(f"scope_{scope}") == "yes" for scope in self.asked)
        if agrees and not signed:
            self.add_error("signature", words.say(self.language, "sign.missing"))
        return said


class RecordedAnswersForm(OnceForm, AnswersForm):
    """Answers that a member copies from paper, or heard."""

    method = forms.ChoiceField(choices=Consent.Method.choices, widget=forms.HiddenInput)
    given_on = forms.DateField(label="Date on which it was given", widget=forms.DateInput(attrs={"type": "date"}))
    signature = forms.CharField(
        label="Name of the person who witnessed it, or where the paper is kept",
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, notices: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if notices:
            self.fields["notice"] = forms.BooleanField(
                label="The participant was shown the notices above before they answered",
                error_messages={"required": "The law of the place asks for this before anything is recorded."},
            )

    def clean_given_on(self) -> Any:
        day = self.cleaned_data["given_on"]
        if day and day > timezone.localdate():
            raise forms.ValidationError("This day is in the future.")
        made = Withdrawal.objects.filter(consent__participant=self.participant).values_list("at", flat=True)
        if day in {timezone.localdate(at) for at in made}:
            raise forms.ValidationError(
                "The participant withdrew consent on this day, and a day does not say which came first. Nothing "
                "was recorded. Ask for a new consent by a link or on this device: they keep the minute."
            )
        return day

    @property
    def given_at(self) -> datetime:
        """Noon of the day on paper, or now, when that is earlier."""
        noon = timezone.make_aware(datetime.combine(self.cleaned_data["given_on"], time(12)))
        return min(noon, timezone.now())


class LinkForm(OnceForm):
    """A link for a participant."""

    days = forms.IntegerField(
        label="Days to answer",
        min_value=1,
        max_value=links.MOST_DAYS,
        initial=links.DAYS,
        help_text="Afterwards the link still shows the copy and lets the participant withdraw.",
    )


class JustificationForm(forms.Form):
    """Why a prohibition does not apply to a study."""

    ground = forms.ChoiceField(label="Exception", widget=forms.RadioSelect)
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 5}),
        min_length=justifying.LEAST,
        max_length=4000,
        help_text="Who is protected from what, why this needs the estimation, and who approved it. It is shown on "
        "the study’s page and written into the log for good: name no participants.",
    )

    def __init__(self, *args: Any, grounds: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [one for one in Justification.Ground.choices if one[0] in grounds]
        self.fields["ground"].choices = named  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    """A reason alone."""

    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), max_length=1000)


class OwnWithdrawalForm(forms.Form):
    """What a participant takes back by their own link."""

    what = forms.ChoiceField(choices=[("whole", ""), ("some", "")])
    scopes = forms.MultipleChoiceField(required=False)
    reason = forms.CharField(max_length=1000, required=False)

    def __init__(self, *args: Any, standing: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.standing = list(standing)
        self.fields["scopes"].choices = [(scope, "") for scope in standing]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if said.get("what") == "some" and not said.get("scopes"):
            raise forms.ValidationError("nothing chosen")
        return said

    @property
    def gone(self) -> list[str]:
        """The scopes that go, in their usual order."""
        if self.cleaned_data["what"] == "whole":
            return self.standing
        return [scope for scope in self.standing if scope in self.cleaned_data["scopes"]]

    @property
    def whole(self) -> bool:
        return self.gone == self.standing


class WithdrawalForm(forms.Form):
    """What a member withdraws for a participant: everything, or some of it."""

    scopes = forms.MultipleChoiceField(
        label="What is withdrawn",
        widget=forms.CheckboxSelectMultiple,
        help_text="All of it is the whole consent.",
    )
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        initial="Not stated",
        max_length=1000,
        help_text="Nobody has to explain a withdrawal; “not stated” is enough.",
    )

    def __init__(self, *args: Any, standing: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(scope, Scope(scope).label) for scope in standing]
        self.fields["scopes"].choices = named  # type: ignore[attr-defined]
        self.fields["scopes"].initial = list(standing)
