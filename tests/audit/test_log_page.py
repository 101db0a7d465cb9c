"""The log page of a study."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from facsweb.audit import anchors, hooks, origin, services, triggers, views
from facsweb.audit.models import Entry
from facsweb.audit.presentation import browser, difference, in_words
from facsweb.studies.services import create_study


@pytest.fixture
def entries(study, people):
    services.record(people["analyst"], "thing.do", study, step=1, kinds=["a", "b"])
    services.record(people["coder"], "thing.undo", study, step=2)
    create_study(people["staff"], name="Secret", purpose="P.", setting="research", jurisdiction="Japan")


@pytest.fixture
def log(client_as, study, entries):
    """The page, newest first; that the page itself was looked at is left out by the tests that count."""
    return lambda **query: client_as("administrator").get(reverse("audit:log", args=[study.pk]), query)


def actions(response):
    return [entry.action for entry in response.context["page"] if entry.action != "log.read"]


def test_it_holds_the_entries_of_this_study_newest_first(log):
    response = log()
    assert actions(response) == ["thing.undo", "thing.do"]
    text = response.content.decode()
    assert "a, b" in text
    assert "Secret" not in text


def test_it_is_narrowed_by_action_person_and_day(one_moment, log):
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


def test_pages_keep_the_filter_and_go_along_the_numbers(log, study, people):
    for step in range(60):
        services.record(people["analyst"], "thing.do", study, step=step)
    first = log(action="thing.do")
    assert len(first.context["page"]) == 50
    older = first.context["older"]
    text = first.content.decode()
    assert f"action=thing.do&amp;before={older}" in text
    assert "Newest" not in text
    second = log(action="thing.do", before=older)
    assert len(second.context["page"]) == 11
    assert {entry.number for entry in first.context["page"]}.isdisjoint(e.number for e in second.context["page"])
    assert second.context["older"] is None
    assert "Newest" in second.content.decode()
    assert len(log(action="thing.do", before="nonsense").context["page"]) == 50


def test_it_is_narrowed_by_kind_object_text_and_origin(log, study, people, participant):
    came = origin.Origin(
        address="203.0.113.9", agent="Mozilla/5.0 (X11; Linux) Firefox/131.0", via="API token Lab"
    )
    with origin.acting(came):
        services.record(people["analyst"], "participant.read", participant)
        services.record(
            people["analyst"], "thing.change", participant, before={"mood": "müde"}, after={"mood": "-"}
        )
    assert actions(log(kind="read")) == ["participant.read"]
    assert actions(log(kind="change")) == ["thing.change", "thing.undo", "thing.do"]
    assert actions(log(object=str(participant.pk))) == ["thing.change", "participant.read"]
    assert actions(log(object="Participant")) == ["thing.change", "participant.read"]
    assert actions(log(text="müde")) == ["thing.change"]
    assert actions(log(text="kinds")) == ["thing.do"]
    for where in ("203.0.113.9", "203.0.", "Firefox", "API token"):
        assert actions(log(origin=where)) == ["thing.change", "participant.read"], where
    assert actions(log(origin="198.51")) == []


def test_a_change_reads_as_a_difference_and_the_object_is_a_link(log, study, people, participant):
    with origin.acting(origin.Origin(address="203.0.113.9", agent="Mozilla/5.0 (X11; Linux) Firefox/131.0")):
        services.record(
            people["analyst"], "thing.change", participant, before={"due_day": 1}, after={"due_day": 2}
        )
    text = log().content.decode()
    assert '<dt class="quiet">due day</dt><dd><del>1</del>' in text
    assert "<ins>2</ins>" in text
    assert reverse("studies:participant", args=[participant.pk]) in text
    assert "Firefox 131 · Linux" in text
    assert "203.0.113.9" in text
    pk = participant.pk
    participant.delete()
    assert reverse("studies:participant", args=[pk]) not in log().content.decode()


def test_the_log_is_read_on_record(client_as, study):
    client = client_as("administrator")
    for _ in range(2):
        client.get(reverse("audit:log", args=[study.pk]))
    read = Entry.objects.get(action="log.read")
    assert (read.actor_label, read.study_id) == ("administrator@example.org", study.pk)


def test_entries_of_a_recording_that_one_codes_blind_stay_hidden(client_as, study, people, monkeypatch):
    entry = services.record(people["coder"], "event.edit", study, before={"code": "12"}, after={"code": "13"})
    monkeypatch.setattr(hooks, "withheld", [lambda user, entries: {entry.number}])
    text = client_as("administrator").get(reverse("audit:log", args=[study.pk])).content.decode()
    assert "hidden while you code this recording blind" in text
    assert "<ins>13</ins>" not in text


def test_the_log_of_the_installation_holds_what_belongs_to_no_study(client_as, people, entries, study):
    services.record(people["staff"], "account.create", people["coder"], email="coder@example.org")
    url = reverse("audit:installation")
    response = client_as("staff").get(url)
    assert [entry.action for entry in response.context["page"]] == ["account.create"]
    assert "thing.do" not in response.content.decode()
    assert client_as("administrator").get(url).status_code == 403
    assert client_as("administrator").get(reverse("audit:installation_export")).status_code == 403


def test_a_long_log_is_shown_without_counting_it(log):
    with CaptureQueriesContext(connection) as seen:
        log()
    assert not [one for one in seen.captured_queries if "COUNT(" in one["sql"] and "audit_entry" in one["sql"]]


def test_the_page_checks_what_followed_the_anchor(log, study, people, settings, tmp_path):
    settings.ANCHORS_DIR = tmp_path
    anchors.make(timezone.localdate())
    services.record(people["analyst"], "thing.do", study)
    since = log(check=1).content.decode()
    assert "since the anchor of" in since
    assert "Check every entry" in since
    assert "The chain of hashes holds" in log(check="all").content.decode()


def test_a_page_does_not_check_what_takes_too_long(log, monkeypatch):
    monkeypatch.setattr(views, "MOST_CHECKED", 3)
    text = log(check=1).content.decode()
    assert "manage.py audit verify" in text


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


def test_a_difference_speaks_of_what_was_made_and_removed_and_of_old_entries():
    assert difference(Entry(after={"role": "coder"})) == [("role", None, "coder")]
    assert difference(Entry(before={"role": "coder"})) == [("role", "coder", None)]
    assert difference(Entry(before={"a": None}, after={"a": True})) == [("a", "–", "yes")]
    assert difference(Entry(before="x", after="y")) == [("", "x", "y")]
    assert difference(Entry(details={"changes": {"name": ["A", "B"]}})) == [("name", "A", "B")]
    assert difference(Entry(details={"changes": ["weight: 1 → 2"]})) == []


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0",
            "Edge 130 · Windows",
        ),
        ("Mozilla/5.0 (iPhone; CPU) AppleWebKit/605 Version/18.0 Mobile Safari/604.1", "Safari 18 · iPhone"),
        ("curl/8.4.0", "curl/8.4.0"),
        ("", ""),
    ],
)
def test_a_browser_in_two_words(agent, words):
    assert browser(agent) == words


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
