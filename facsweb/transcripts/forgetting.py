"""What goes when a consent or a recording goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db.models import QuerySet

from facsweb.audit.personal import mark
from facsweb.audit.services import record
from facsweb.recordings.models import Recording
from facsweb.studies.models import Consent, Participant, Scope, Study
from facsweb.studies.services import missing_scopes
from facsweb.transcripts import analysing
from facsweb.transcripts.models import Recognition, Scores, Transcript, Upload
from facsweb.transcripts.services import current, of_recording
from facsweb.transcripts.speech import NEEDED


def at_work(recordings: QuerySet[Recording]) -> list[QuerySet[Any]]:
    """What goes with a recording while a worker may be at it (``recordings.hooks``)."""
    return [
        Recognition.objects.filter(recording__in=recordings),
        Transcript.objects.filter(recording__in=recordings),
        Scores.objects.filter(transcript__recording__in=recordings),
    ]


def scores(participant: Participant) -> list[QuerySet[Scores]]:
    """Scores of what a participant said (``studies.hooks``)."""
    return [Scores.objects.filter(transcript__participant=participant)]


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


def after_law_change(study: Study) -> None:
    """Throw away scores that the law of the study's place no longer lets be; ask for those that it lets be."""
    found = Transcript.objects.select_related("participant", "recording").filter(participant__study=study)
    for transcript in found:
        transcript.participant.study = study
        if missing_scopes(transcript.participant, [Scope.TEXT]):
            continue
        if bool(analysing.why_not(transcript)) == Scores.objects.filter(transcript=transcript).exists():
            analysing.ask(transcript)


def note_deletion(recording: Recording) -> list[Path]:
    """Write down which words go with a recording; there are no files of theirs."""
    if transcript := of_recording(recording):
        newest = current(transcript)
        sha256 = newest.digest if newest else ""
        title = mark(transcript.title)
        record(None, "transcript.delete", transcript, title=title, with_recording=True, sha256=sha256)
    return []
