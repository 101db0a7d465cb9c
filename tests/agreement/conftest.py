"""A run that two people coded, differently in known places, and a third who settles it."""

from __future__ import annotations

import pytest

from tests.agreement.made import add_coders, make_codings
from tests.factories import make_finished_run, make_recording


@pytest.fixture
def run(participant, consent, people, study):
    add_coders(people, study)
    return make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])


@pytest.fixture
def codings(run, people):
    return make_codings(run, people["coder"], people["second"])


@pytest.fixture
def adjudication(codings, people):
    from facsweb.agreement.beginning import start

    return start(people["judge"], *codings, adjudicator=people["judge"])
