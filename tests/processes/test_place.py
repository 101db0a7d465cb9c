"""What somebody who waits is told of the jobs before theirs."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse

from facsweb.processes import belt, place
from facsweb.processes.models import Lane, Ticket
from facsweb.processes.place import Place, places
from facsweb.runs import services
from tests.factories import make_recording

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(place, "_waiting", {})
    monkeypatch.setattr(belt, "_listeners", {})


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Place(0, 0), "next"),
        (Place(3, 1), "3 before it, one of them of this study"),
        (Place(3, 2), "3 before it, 2 of them of this study"),
        (Place(3, 0), "3 before it, none of them of this study"),
        (Place(2, 2), "2 before it, all of this study"),
        (Place(1, 1), "1 before it, of this study"),
        (Place(400, 100, more=True), "more than 100 before it"),
    ],
)
def test_words(found, words):
    assert found.words == words


def test_studies_take_turns():
    """Of a study with many waiting, only so many come before as have their turn."""
    lanes = [Lane.objects.create(queue="gpu", study=uuid.UUID(int=number)) for number in (1, 2, 3)]
    rows = [[uuid.uuid4() for _ in range(count)] for count in (50, 2, 1)]
    for lane, mine in zip(lanes, rows, strict=True):
        for row in mine:
            Ticket.objects.create(job_id=str(row), function="x", lane=lane, row=row)
    found = places([rows[1][0], rows[1][1], rows[2][0], rows[0][49]])
    assert found[rows[2][0]] == Place(2, 0)
    assert found[rows[1][0]] == Place(2, 0)
    assert found[rows[1][1]] == Place(4, 1)
    assert found[rows[0][49]] == Place(52, 49)


def test_the_cost_does_not_grow_with_what_waits(django_assert_max_num_queries):
    lane = Lane.objects.create(queue="gpu")
    rows = [uuid.uuid4() for _ in range(600)]
    Ticket.objects.bulk_create(Ticket(job_id=str(r), function="x", lane=lane, row=r) for r in rows)
    with django_assert_max_num_queries(5):
        found = places(rows[:20])
    assert found[rows[19]].before == 19
    assert places(rows[-1:])[rows[-1]].words == "more than 100 before it"


def test_the_page_of_a_run_and_the_home_page_say_it(participant, consent, people, client_as, monkeypatch):
    from analysis.models import store

    monkeypatch.setattr(store, "present", lambda: {})
    one, other = (
        services.start(people["analyst"], make_recording(participant, people["analyst"])) for _ in range(2)
    )
    client = client_as("analyst")
    assert "1 before it, of this study" in client.get(reverse("runs:detail", args=[other.pk])).content.decode()
    home = client.get(reverse("home")).content.decode()
    assert "waiting for a worker, next" in home
    assert "waiting for a worker, 1 before it, of this study" in home
    services.cancel(people["analyst"], one)
