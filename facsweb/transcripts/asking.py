"""What other rooms ask of a recording's transcript: nothing without consent to the words, at this moment."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from facsweb.recordings.models import Recording
from facsweb.studies.models import Scope
from facsweb.studies.services import missing_scopes
from facsweb.transcripts import analysing, services, values
from facsweb.transcripts.models import Transcript

if TYPE_CHECKING:
    from analysis.text.units import Unit


def current_units(recording: Recording) -> list[Unit]:
    """What is said on a recording, sentence by sentence, as `current_scores` has them.

    Returns
    -------
    list of Unit
        With words, in the transcript's order; empty where there is no transcript, or no consent to it (any more).
        Where only a start was set, the end is a guess (`values.ended`).
    """
    transcript = _permitted(recording)
    newest = services.current(transcript) if transcript else None
    return values.sentences(newest.units, duration_us=recording.duration_us) if newest else []


def current_speakers(recording: Recording) -> dict[str, int]:
    """How many lines each speaker of the recording's transcript has, by name; empty without consent to it."""
    transcript = _permitted(recording)
    newest = services.current(transcript) if transcript else None
    found = Counter(row[2] for row in newest.units if row[2]) if newest else Counter()
    return dict(sorted(found.items()))


def current_scores(recording: Recording) -> dict[str, Any] | None:
    """What the classifier says of the recording's transcript, as text.json.

    Returns
    -------
    dict or None
        None while there is no transcript, no consent, or no result for the newest revision.
    """
    transcript = _permitted(recording)
    return analysing.result_of(transcript) if transcript else None


def _permitted(recording: Recording) -> Transcript | None:
    transcript = services.of_recording(recording)
    if transcript is None or missing_scopes(transcript.participant, [Scope.TEXT]):
        return None
    return transcript
