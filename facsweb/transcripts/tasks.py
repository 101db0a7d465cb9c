"""What the queue calls. Ids in, nothing out; may run twice, may die anywhere."""

from __future__ import annotations

import uuid


def score(transcript_id: str, revision: int) -> None:
    """Score one revision of a transcript."""
    from facsweb.transcripts.analysing import compute

    compute(uuid.UUID(transcript_id), revision)


def recognise(recording_id: str) -> None:
    """Write down what is said on a recording."""
    from facsweb.transcripts.speech import perform

    perform(uuid.UUID(recording_id))
