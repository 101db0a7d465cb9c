"""The database refuses to change the log."""

import sqlite3

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from facsweb.accounts.models import User
from facsweb.audit import services, triggers
from facsweb.audit.models import Entry


@pytest.fixture
def entries(study, people):
    return [services.record(people["analyst"], "thing.do", study, step=step) for step in range(4)]


def refused(statement, *params):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, params)


def test_rows_cannot_be_changed_or_deleted(entries):
    refused("UPDATE audit_entry SET action = 'thing.undo' WHERE number = %s", entries[1].number)
    refused("DELETE FROM audit_entry WHERE number = %s", entries[3].number)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Entry.objects.all().delete()
    assert not list(services.faults())
    assert Entry.objects.count() == 4


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's INSERT OR REPLACE")
def test_rows_cannot_be_replaced_or_slipped_in(entries):
    columns = "number, at, actor_label, action, object_type, object_id, details, previous_hash, hash"
    for verb, number in (("INSERT OR REPLACE", entries[1].number), ("INSERT", 99)):
        refused(
            f"{verb} INTO audit_entry ({columns}) VALUES (%s, '2026-01-01', '', 'x', '', '', '{{}}', '', 'h')",
            number,
        )
    assert not list(services.faults())


def test_an_entry_survives_the_account_it_speaks_of(people, study):
    gone = User.objects.create_user("gone@example.org", "Gone")
    entry = services.record(gone, "thing.do", study)
    gone.delete()
    entry = Entry.objects.get(pk=entry.pk)
    assert entry.actor_label == "gone@example.org"
    assert not list(services.faults())


def test_every_trigger_is_there_after_all_migrations(db):
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_entry'")
            expected = set(triggers.SQLITE)
        else:
            cursor.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = 'audit_entry'::regclass AND NOT tgisinternal"
            )
            expected = set(triggers.POSTGRESQL)
        assert {name for (name,) in cursor.fetchall()} == expected


def test_other_databases_are_refused_loudly():
    with pytest.raises(NotImplementedError, match="mysql"):
        triggers.install_sql("mysql")


def test_the_command_finds_the_log_whole(entries, capsys):
    call_command("audit", "verify")
    assert "whole: 4 entries" in capsys.readouterr().out


TAMPERING = {
    "altered": ("UPDATE audit_entry SET details = '{\"step\": 9}' WHERE number = 2", "Entry 2 was altered"),
    "other person": ("UPDATE audit_entry SET actor_label = 'eve' WHERE number = 3", "Entry 3 was altered"),
    "missing": ("DELETE FROM audit_entry WHERE number = 2", "Entry 2 is missing"),
    "first missing": ("DELETE FROM audit_entry WHERE number = 1", "Entry 1 is missing"),
    "reordered": (
        "UPDATE audit_entry SET number = CASE number WHEN 2 THEN 1003 WHEN 3 THEN 1002 ELSE number END;"
        "UPDATE audit_entry SET number = number - 1000 WHERE number > 1000",
        "Entry 2",
    ),
}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="copies the database file")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", TAMPERING)
def test_the_command_names_what_is_wrong_in_a_tampered_copy(entries, kind, tmp_path, capsys, monkeypatch):
    copy = tmp_path / "copy.sqlite3"
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(copy)])
    statement, sentence = TAMPERING[kind]
    tampered = sqlite3.connect(copy)
    with tampered:
        for lift in triggers.remove_sql("sqlite"):
            tampered.execute(lift)
        tampered.executescript(statement)
    tampered.close()

    # The same command on the copy: the connection is pointed at it and back.
    name = connection.settings_dict["NAME"]
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "NAME", str(copy))
    try:
        with pytest.raises(CommandError, match=r"\d fault"):
            call_command("audit", "verify")
    finally:
        connection.close()
        monkeypatch.setitem(connection.settings_dict, "NAME", name)
    assert sentence in capsys.readouterr().err
    call_command("audit", "verify")
