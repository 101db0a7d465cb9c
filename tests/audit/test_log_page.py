"""The log page of a study."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from facsweb.audit import services, triggers
from facsweb.audit.views import in_words
from facsweb.studies.services import create_study


@pytest.fixture
def entries(study, people):
    services.record(people["analyst"], "thing.do", study, step=1, kinds=["a", "b"])
    services.record(people["coder"], "thing.undo", study, step=2)
    create_study(people["staff"], name="Secret", purpose="P.", setting="research", jurisdiction="Japan")


@pytest.fixture
def log(client_as, study, entries):
    return lambda **query: client_as("administrator").get(reverse("audit:log", args=[study.pk]), query)


def actions(response):
    return [entry.action for entry in response.context["page"]]


def test_it_holds_the_entries_of_this_study_newest_first(log):
    response = log()
    assert actions(response) == ["thing.undo", "thing.do"]
    text = response.content.decode()
    assert "a, b" in text
    assert "Secret" not in text


def test_it_is_narrowed_by_action_person_and_day(log):
    today = timezone.localdate()
    yesterday, tomorrow = (today + timedelta(days=days) for days in (-1, 1))
    assert actions(log(action="thing.do")) == ["thing.do"]
    assert actions(log(person="coder@example.org")) == ["thing.undo"]
    assert actions(log(since=today.isoformat(), until=today.isoformat())) == ["thing.undo", "thing.do"]
    assert actions(log(since=tomorrow.isoformat())) == []
    assert actions(log(until=yesterday.isoformat())) == []
    assert "No entry matches" in log(person="coder@example.org", action="thing.do").content.decode()


def test_the_filter_offers_only_what_this_study_holds(log):
    form = log().context["form"]
    assert [value for value, _ in form.fields["person"].choices] == [
        "",
        "analyst@example.org",
        "coder@example.org",
    ]


def test_a_wrong_filter_is_said(log):
    response = log(since="soon")
    assert "Enter a valid date" in response.content.decode()
    assert len(actions(response)) == 2


def test_pages_keep_the_filter(log, study, people):
    for step in range(60):
        services.record(people["analyst"], "thing.do", study, step=step)
    response = log(action="thing.do", page=2)
    assert response.context["page"].number == 2
    assert "action=thing.do" in response.content.decode()


def test_it_says_that_the_chain_holds_and_asks_for_that_by_itself(log, client_as, study):
    assert 'hx-trigger="load"' in log().content.decode()
    whole = log(check=1).content.decode()
    assert "The chain of hashes holds" in whole
    url = reverse("audit:log", args=[study.pk])
    part = client_as("administrator").get(url, {"check": 1}, headers={"HX-Request": "true"}).content.decode()
    assert "The chain of hashes holds" in part
    assert "<html" not in part


def test_it_says_when_an_entry_was_altered(log):
    with connection.cursor() as cursor:
        for lift in triggers.remove_sql(connection.vendor):
            cursor.execute(lift)
        cursor.execute("UPDATE audit_entry SET actor_label = 'eve' WHERE number = 1")
    text = log(check=1).content.decode()
    assert "tampered with" in text
    assert "Entry 1 was altered." in text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"),
        ("", "–"),
        ([], "–"),
        (True, "yes"),
        (0, "0"),
        (["a", 1], "a, 1"),
        ({"n": ["x", "y"]}, "n: x, y"),
    ],
)
def test_details_in_words(value, words):
    assert in_words(value) == words
