from typing import Any

from django import forms

from facsweb.studies.models import Participant, Study
from facsweb.transcripts import languages
from facsweb.transcripts.services import MAX_BYTES, MEGABYTES, TITLE_LENGTH

ACCEPTED = ".vtt,.srt,.txt,.docx,.pdf"


class FileForm(forms.Form):
    file = forms.FileField(
        label="File",
        widget=forms.FileInput(attrs={"accept": ACCEPTED}),
        help_text=f"VTT, SRT, TXT, DOCX or PDF, at most {MEGABYTES} MB.",
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(
                f"The file has {file.size / 1e6:.1f} MB; at most {MEGABYTES} MB are read. Nothing was stored."
            )
        return file


class LanguageForm(forms.Form):
    language = forms.ChoiceField(label="Language", choices=languages.choices, required=False)


class DescribeForm(LanguageForm):
    title = forms.CharField(label="Title", max_length=TITLE_LENGTH)
    field_order = ("title", "language")


class TakeForm(DescribeForm):
    shift_ms = forms.IntegerField(
        label="Shift in milliseconds",
        required=False,
        min_value=-86_400_000,
        max_value=86_400_000,
        help_text="Added to every time; negative moves everything earlier.",
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, document: bool, timed: bool, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if not document:
            del self.fields["title"]  # the recording has one
        if not timed:
            del self.fields["shift_ms"]

    @property
    def shift_us(self) -> int:
        """What is added to every time, microseconds."""
        return (self.cleaned_data.get("shift_ms") or 0) * 1000


class _OfParticipant(forms.Form):
    """Whose words they are; offered are those whose consent covers it."""

    participant = forms.ModelChoiceField(
        label="Whose words", queryset=Participant.objects.none(), empty_label="Choose a participant"
    )

    def __init__(self, *arguments: Any, study: Study, covered: list[Participant], **named: Any) -> None:
        super().__init__(*arguments, **named)
        field = self.fields["participant"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Participant.objects.filter(study=study, pk__in=[one.pk for one in covered])


class DocumentFileForm(FileForm, _OfParticipant):
    field_order = ("participant", "file")

    @property
    def participant(self) -> Participant:
        """Whose words they are, once the form is valid."""
        return self.cleaned_data["participant"]


class DocumentTypeForm(DescribeForm, _OfParticipant):
    field_order = ("participant", "title", "language")


class RestoreForm(forms.Form):
    number = forms.IntegerField(min_value=1)
    expected = forms.IntegerField(min_value=1)
