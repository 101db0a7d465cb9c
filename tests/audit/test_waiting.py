"""Who deletes what somebody else is at work on waits for them, and keeps nobody from the log meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction

from facsweb.assignments import services as assignments
from facsweb.audit import services
from facsweb.audit.models import Entry
from facsweb.recordings import services as recordings
from facsweb.transcripts import services as transcripts
from tests import postgresql
from tests.factories import make_assignment, make_finished_run, make_recording
from tests.programs import wait_until

pytestmark = [postgresql.ONLY, pytest.mark.django_db(transaction=True)]


def a_recording(participant, people):
    made = make_recording(participant, people["analyst"])
    return made, "recording.delete", lambda: recordings.delete_recording(people["analyst"], made)


def a_transcript(participant, people):
    made = transcripts.begin(people["coder"], participant, None, title="Interview 1")
    return made, "transcript.delete", lambda: transcripts.delete(people["coder"], made)


def an_assignment(participant, people):
    run = make_finished_run(make_recording(participant, people["analyst"]), people["analyst"])
    made = make_assignment(run, people["coder"], people["analyst"])
    return made.layer, "assignment.withdraw", lambda: assignments.withdraw(people["analyst"], made)


def somebody_waits() -> bool:
    name = connection.settings_dict["NAME"]
    question = "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
    with postgresql.superuser(postgresql.asked()) as beside:
        return beside.execute(question, [name]).fetchone() is not None


@pytest.mark.parametrize("make", [a_recording, a_transcript, an_assignment])
def test_who_deletes_waits_without_the_log(make, participant, consent, people):
    row, action, delete = make(participant, people)

    def deleted() -> None:
        try:
            delete()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as beside:
        with transaction.atomic():
            type(row).objects.select_for_update(of=("self",)).get(pk=row.pk)
            waiting = beside.submit(deleted)
            wait_until(somebody_waits, what="the deletion waits for the row")
            services.record(people["coder"], "thing.do", row)
        waiting.result()
    said = list(Entry.objects.order_by("number").values_list("action", flat=True))
    assert said.index("thing.do") < said.index(action)
    assert not type(row).objects.filter(pk=row.pk).exists()
