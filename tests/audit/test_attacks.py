"""What somebody tries who may speak SQL to the database, or who may read the log and wants more of it."""

import json

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from facsweb.audit import checking, hooks, reading, services
from facsweb.audit.models import Entry
from tests import postgresql
from tests.audit.test_triggers import inserted

pytestmark = pytest.mark.django_db


def run(statement, *params):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def sentences():
    return [fault.sentence for fault in checking.verify().faults]


@postgresql.ONLY_SQLITE  # whose rows have a number of their own
@pytest.mark.parametrize("table", ["audit_entry", "audit_anchor"])
def test_a_row_is_not_replaced_by_its_hidden_number(entries, table):
    """REPLACE removes what has the same rowid, without firing DELETE triggers."""
    from facsweb.audit import anchors
    from facsweb.audit.models import Anchor

    if table == "audit_anchor":
        assert anchors.make(timezone.now().date()) or Anchor.objects.exists()
        last = Anchor.objects.get()
        row = {f.column: f.get_db_prep_save(getattr(last, f.attname), connection) for f in Anchor._meta.fields}
        row |= {"number": last.number + 1, "day": "2020-01-01", "rowid": 1}
        marks = ", ".join(["%s"] * len(row))
        statement = f"INSERT OR REPLACE INTO {table} ({', '.join(row)}) VALUES ({marks})"  # noqa: S608
        values = list(row.values())
    else:
        last = Entry.objects.order_by("number").last()
        statement, values = inserted(
            "INSERT OR REPLACE", last, number=last.number + 1, previous_hash=last.hash, hash="h", rowid=1
        )
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        run(statement, *values)
    assert sentences() == []


@pytest.mark.parametrize("when", ["BEFORE INSERT", "AFTER INSERT"])
def test_a_trigger_that_is_not_ours_is_named(entries, when):
    """Such a one can swallow what is written from then on, and the chain stays whole."""
    does = "BEGIN SELECT RAISE(IGNORE); END"
    if connection.vendor == "postgresql":
        run("CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
        does = "FOR EACH ROW EXECUTE FUNCTION swallow()"
    run(f"CREATE TRIGGER quiet {when} ON audit_entry {does}")
    assert any("quiet" in sentence for sentence in sentences())


#: SQLite keeps anything in any column, PostgreSQL times and numbers that Python has no words for.
UNREADABLE_SQLITE = {
    "bytes that are no text": "actor_label = CAST(x'ff' AS TEXT)",
    "a number that is bytes": "actor_label = x'00ff'",
    "a link that is bytes": "previous_hash = x'00ff'",
    "JSON too deep": "details = '" + "[" * 100_000 + "]" * 100_000 + "'",
    "an hour that is none": "at = '2020-01-01 99:00:00'",
    "a study that is none": "study_id = 'nonsense'",
    "half a letter": """details = '{"a": "\\ud800"}'""",
    "bytes where JSON was": "details = CAST(x'fffe' AS TEXT)",
    "bytes for a hash": "hash = CAST(x'fffe' AS TEXT)",
    "a form that is none": "format = 'x'",
}
UNREADABLE_POSTGRESQL = {
    "a time without end": "at = 'infinity'",
    "a time before all": "at = '-infinity'",
    "a time before ours": "at = '0044-03-15 12:00:00+00 BC'",
    "a time after ours": "at = '12026-03-15 12:00:00+00'",
    "a number without end": "details = '1e400'",
    "a number of a thousand digits": "details = ('1' || repeat('0', 9000))::jsonb",
    "JSON too deep": "details = (repeat('[', 5000) || repeat(']', 5000))::jsonb",
    "no details": "details = 'null'",
}
UNREADABLE = UNREADABLE_POSTGRESQL if postgresql.asked() else UNREADABLE_SQLITE
#: What else SQLite would refuse.
UNCHECKED = () if postgresql.asked() else ("PRAGMA ignore_check_constraints = ON",)
CHECKED = () if postgresql.asked() else ("PRAGMA ignore_check_constraints = OFF",)


@pytest.mark.parametrize("how", UNREADABLE)
def test_an_entry_that_cannot_be_read_is_named_and_the_rest_is_checked(entries, tampered, how):
    statement = f"UPDATE audit_entry SET {UNREADABLE[how]} WHERE number = 2"  # noqa: S608
    tampered(*UNCHECKED, statement, *CHECKED)
    found = checking.verify()
    assert found.entries == 4
    assert {fault.number for fault in found.faults} <= {2, 3}
    assert 2 in {fault.number for fault in found.faults}
    assert json.loads(found.as_json())["whole"] is False


@pytest.mark.parametrize("column", ["statement", "certificate", "signature"])
@pytest.mark.parametrize("value", ["CAST(x'ff' AS TEXT)", "x'00ff'", "''"])
def test_an_anchor_that_cannot_be_read_is_named(entries, tampered, column, value):
    from facsweb.audit import anchors

    anchors.make(timezone.now().date())
    tampered(f"UPDATE audit_anchor SET {column} = {value}")  # noqa: S608
    assert any("anchor" in sentence for sentence in sentences())


def test_a_day_at_the_end_of_time_is_no_error(client_as, study, entries):
    client = client_as("administrator")
    for query in (
        {"until": "9999-12-31"},
        {"since": "9999-12-31"},
        {"until": "0001-01-01"},
        {"since": "0001-01-01"},
    ):
        assert client.get(reverse("audit:log", args=[study.pk]), query).status_code == 200
        assert client.get(reverse("audit:export", args=[study.pk]), query).status_code == 200


def test_a_text_that_is_searched_does_not_tell_what_is_hidden(client_as, study, people, monkeypatch):
    """Whoever codes blind would learn by trying which code another one gave."""
    entry = services.record(people["coder"], "event.edit", study, after={"code": "AU12"})
    services.record(people["coder"], "event.note", study, after={"code": "AU12"})
    monkeypatch.setattr(hooks, "withheld", [lambda user, entries: {entry.number}])
    client = client_as("administrator")
    page = client.get(reverse("audit:log", args=[study.pk]), {"text": "AU12"}).context["page"]
    assert [one.action for one in page] == ["event.note"]
    for kind in ("csv", "jsonl", "chain"):
        answer = client.get(reverse("audit:export", args=[study.pk]), {"text": "AU12", "format": kind})
        text = b"".join(answer.streaming_content).decode()
        assert "event.note" in text
        assert "event.edit" not in text


def test_words_that_were_searched_do_not_stay_in_the_log(client_as, study):
    client = client_as("administrator")
    client.get(
        reverse("audit:export", args=[study.pk]), {"text": "Maria Muster", "origin": "Maria", "object": "maria m"}
    )
    assert "maria" not in str(list(Entry.objects.values())).lower()
    assert Entry.objects.get(action="log.export").details["filter"]["text"].startswith("mark:")


def test_the_log_of_the_installation_is_read_on_record(client_as, people):
    client = client_as("staff")
    for _ in range(2):
        client.get(reverse("audit:installation"))
    read = Entry.objects.get(action="log.read")
    assert (read.actor_label, read.study_id) == ("staff@example.org", None)


def test_a_clock_that_was_put_back_hides_no_reading(people, study, monkeypatch):
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now + timezone.timedelta(days=2))
    assert reading.once(people["analyst"], "study.read", study)
    monkeypatch.setattr(timezone, "now", lambda: now)
    assert reading.once(people["analyst"], "study.read", study)
    assert not reading.once(people["analyst"], "study.read", study)
