"""What pages say of a reading's state."""

from __future__ import annotations

from facsweb.meaning import inputs, services
from facsweb.meaning.models import Reading
from facsweb.recordings.models import Recording
from facsweb.runs.models import AnalysisRun
from facsweb.studies import law
from facsweb.studies.models import Participant, Scope
from facsweb.studies.services import missing_scopes
from facsweb.transcripts.asking import current_speakers


def words_of(run: AnalysisRun, reading: Reading | None, active: Reading | None) -> str:
    """A sentence about where things are; empty where a reading of the present inputs is there."""
    if active is not None:
        again = "It is being read again; what you see is the earlier reading." if reading else ""
        return again or "The recording is being read: combinations, states, voice and words follow in a moment."
    if reading is not None:
        if services.is_outdated(reading):
            return "Something this rests on changed since it was read. Read it again to see the difference."
        return ""
    failed = run.readings.filter(state=Reading.State.FAILED).order_by("-created_at").first()
    if failed is not None:
        return failed.error
    allowed = inputs.allowed_scopes(run.recording.participant)
    if not {Scope.AUDIO, Scope.TEXT, Scope.EMOTION} & set(allowed):
        return "The participant agreed to the coding of facial movements alone, so nothing else is read."
    return "This analysis has not been read yet."


def why_not(run: AnalysisRun) -> dict[str, str]:
    """Sentences for what a reading has nothing of."""
    allowed = inputs.allowed_scopes(run.recording.participant)
    voice = "No sound was analysed: " + (
        "the recording has none."
        if not run.recording.has_audio
        else "the participant did not agree to it."
        if Scope.AUDIO not in allowed
        else "read it again."
    )
    words = "No words were analysed: " + (
        "there is no transcript with scores." if Scope.TEXT in allowed else "the participant did not agree to it."
    )
    return {
        "why_no_voice": voice,
        "why_no_words": words,
        "why_no_indicators": why_no_indicators(run.recording.participant),
    }


def why_no_indicators(participant: Participant) -> str:
    """Why no engagement and no indicator is computed of a participant's recordings; empty where they are."""
    missing = missing_scopes(participant, inputs.INDICATORS)
    if not missing:
        return ""
    if law.emotion_off(participant.study):
        return f"No engagement and no indicators are computed. {law.sentence(participant.study)}"
    if Scope.EMOTION in missing:
        return (
            f"No engagement and no indicators are computed: {participant.code} did not agree to the estimation of "
            "states, which they rest on."
        )
    return f"No engagement and no indicators are computed: {participant.code} did not agree to them."


def why_no_speakers(recording: Recording) -> str:
    """Why nobody marks who speaks; empty where they may."""
    if not recording.has_audio:
        return "This recording has no sound."
    if Scope.AUDIO not in inputs.allowed_scopes(recording.participant):
        return "The participant did not agree to the analysis of the voice, so nobody marks who speaks."
    return ""


def why_no_names(recording: Recording) -> str:
    """Why nobody says which speaker is which face; empty where there are speakers, heard or in a transcript."""
    why = why_no_speakers(recording)
    return "" if why and current_speakers(recording) else why
