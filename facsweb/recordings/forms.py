from django import forms

from facsweb.recordings.models import Recording


class RenameForm(forms.ModelForm):
    class Meta:
        model = Recording
        fields = ["title"]
        help_texts = {"title": "How this recording is called in lists and reports. The file keeps its own name."}
