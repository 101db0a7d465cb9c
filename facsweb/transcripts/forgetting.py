"""What goes when a consent or a recording goes."""

from __future__ import annotations

from pathlib import Path

from facsweb.audit.personal import mark
from facsweb.audit.services import record
from facsweb.recordings.models import Recording
from facsweb.studies.models import Consent, Scope
from facsweb.studies.services import missing_scopes
from facsweb.transcripts.models import Recognition, Scores, Upload
from facsweb.transcripts.services import current, of_recording
from facsweb.transcripts.speech import NEEDED


def forget_withdrawn(consent: Consent) -> None:
    """Throw away uploads and scores of a person whose consent no longer covers what they say.

    The words themselves are hidden from everybody from this moment on, and a worker destroys them with every
    version and file (``facsweb.privacy``).
    """
    participant = consent.participant
    if missing_scopes(participant, [Scope.TEXT]):
        Upload.objects.filter(participant=participant).delete()
        Scores.objects.filter(transcript__participant=participant).delete()
    if missing_scopes(participant, NEEDED):
        Recognition.objects.filter(recording__participant=participant).delete()


def note_deletion(recording: Recording) -> list[Path]:
    """Write down which words go with a recording; there are no files of theirs."""
    if transcript := of_recording(recording):
        newest = current(transcript)
        sha256 = newest.digest if newest else ""
        title = mark(transcript.title)
        record(None, "transcript.delete", transcript, title=title, with_recording=True, sha256=sha256)
    return []
