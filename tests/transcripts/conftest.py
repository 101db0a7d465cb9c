from __future__ import annotations

import pytest

from tests.factories import make_recording


@pytest.fixture
def recording(participant, consent, people):
    """Ten seconds, with a consent to everything."""
    return make_recording(participant, people["analyst"])


@pytest.fixture
def transcript(recording, people):
    """Typed by the coder: two revisions, the second with two units."""
    from facsweb.transcripts.services import begin, save

    found = begin(people["coder"], recording.participant, recording, title="Interview 1")
    save(people["coder"], found, ROWS, expected=1)
    found.refresh_from_db()
    return found


ROWS = [[0, 1_500_000, "Anna", "Good morning."], [2_000_000, None, "Ben", "It went very well, thank you!"]]
