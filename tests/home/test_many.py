"""The start page of a study with more recordings than anybody reads: it asks as much as for a few."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from facsweb.home import next_steps
from facsweb.recordings.models import Recording
from facsweb.runs.models import AnalysisRun
from facsweb.studies.models import Membership, Participant, Role
from tests.factories import make_recording


def copies(recording, count):
    """Rows like the recording's, without files."""
    fields = {field.attname: getattr(recording, field.attname) for field in Recording._meta.concrete_fields}
    return Recording.objects.bulk_create(Recording(**{**fields, "id": uuid.uuid4()}) for _ in range(count))


def add(recordings, people, state):
    AnalysisRun.objects.bulk_create(
        AnalysisRun(recording=one, created_by=people["analyst"], state=state, error="x") for one in recordings
    )


@pytest.fixture
def home(client_as, study, people):
    Membership.objects.bulk_create(
        Membership(study=study, user=people["coder"], role=role) for role in Role if role != Role.CODER
    )
    client = client_as("coder")

    def asked():
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(reverse("home"))
        assert answer.status_code == 200
        return len(queries), answer

    asked()  # the first request of a session writes
    return asked


def test_the_start_page_reads_no_list_to_its_end(home, participant, consent, people, study):
    first = make_recording(participant, people["analyst"])
    for state in ("failed", "queued", "succeeded"):
        add(copies(first, 2), people, state)
    few, _ = home()
    many = next_steps.MOST + 20
    copies(first, many)
    for state in ("failed", "queued", "succeeded"):
        add(copies(first, many), people, state)
    Participant.objects.bulk_create(
        Participant(study=study, code=f"Q-{number}", created_by=people["analyst"]) for number in range(many)
    )
    asked, answer = home()
    assert asked <= few + 2, "what is counted besides"
    analyst, coder = answer.context["analyst"], answer.context["coder"]
    lists = (analyst.ready, analyst.failed, analyst.without_consent, coder.untouched)
    assert [len(one) for one in lists] == [next_steps.MOST] * 4
    assert len(answer.context["active"]) == next_steps.MOST_ACTIVE
    assert answer.context["more_active"] == many + 2 - next_steps.MOST_ACTIVE
    text = answer.content.decode()
    assert f"and {many + 2 - next_steps.MOST_ACTIVE} more wait for a worker" in text
    assert text.count(f"and {next_steps.MOST - next_steps.SHORT} or more") == 3
    assert f"{next_steps.MOST} or more recordings wait" in text


def test_a_run_that_was_stopped_after_it_failed_is_not_said_to_have_failed(home, participant, consent, people):
    recording = make_recording(participant, people["analyst"])
    add([recording], people, "failed")
    assert [one for one, _ in home()[1].context["analyst"].failed] == [recording]
    add([recording], people, "cancelled")
    context = home()[1].context["analyst"]
    assert (context.ready, context.failed) == ([], [])
