"""Whether speech can be recognised here, in a sentence for the page."""

from __future__ import annotations

from facsweb.recordings.models import Recording

NO_SOUND = "This recording has no sound."


def why_not_recognised(recording: Recording) -> str:
    """Why the speech of a recording cannot be recognised; empty where it can."""
    from analysis.text.speech import available

    return available() if recording.has_audio else NO_SOUND
