"""``manage.py audit verify`` names every entry that was altered, removed, moved or slipped in."""

import json
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from facsweb.audit import anchors, chain, checking, services, triggers
from facsweb.audit.models import Anchor, Entry
from tests import postgresql
from tests.audit.conftest import forge

NOTHING_ELSE = "Entry 3 was altered."


def sentences(**options):
    return [fault.sentence for fault in checking.verify(**options).faults]


def verify(capsys, *options):
    """Status and what the command says."""
    try:
        call_command("audit", "verify", *options)
    except CommandError as error:
        captured = capsys.readouterr()
        return 1, captured.out, captured.err + str(error)
    captured = capsys.readouterr()
    return 0, captured.out, captured.err


def test_the_command_finds_the_log_whole(entries, capsys):
    status, out, err = verify(capsys)
    assert (status, err) == (0, "")
    assert "whole: 4 entries" in out
    assert "No anchor was ever signed" in out


def test_an_empty_log_is_whole(db, folder):
    assert sentences() == []


COLUMNS = {
    "at": "'2020-01-01 00:00:00'",
    "actor_id": "NULL",
    "actor_label": "'eve'",
    "action": "'thing.undo'",
    "study_id": "NULL",
    "object_type": "'report'",
    "object_id": "'x'",
    "details": "'{\"step\": 9}'",
    "before": "'{\"step\": 1}'",
    "after": "'{\"step\": 1}'",
    "address": "'198.51.100.1'",
    "agent": "'curl'",
    "session": "'0123456789abcdef'",
    "via": "'API token X'",
    "salt": "'00'",
    "hash": "'0000'",
}


def test_the_table_below_names_every_column():
    named = {*COLUMNS, "number", "format", "previous_hash"}
    assert {field.column for field in Entry._meta.fields} == named


@pytest.mark.parametrize("column", COLUMNS)
def test_an_altered_column_is_found(entries, tampered, column):
    tampered(f"UPDATE audit_entry SET {column} = {COLUMNS[column]} WHERE number = 3")  # noqa: S608
    found = sentences()
    assert found[0] == NOTHING_ELSE
    # Only a changed hash tears the chain behind it too.
    assert found[1:] == (["Entry 4 does not follow the entry before it."] if column == "hash" else [])


def test_an_altered_link_is_found(entries, tampered):
    tampered("UPDATE audit_entry SET previous_hash = 'x' WHERE number = 3")
    assert sentences() == ["Entry 3 does not follow the entry before it.", "Entry 3 was altered."]


@pytest.mark.parametrize("form", [0, 1, 3])
def test_another_form_is_found(entries, tampered, form):
    tampered(("UPDATE audit_entry SET format = %s WHERE number = 3", [form]))
    assert sentences() == [f"Entry 3 was altered: it claims form {form}."]


def test_a_time_that_is_none_is_found(entries, tampered):
    tampered("UPDATE audit_entry SET at = 'yesterday' WHERE number = 3")
    assert sentences() == [NOTHING_ELSE]


def test_a_row_that_cannot_be_read_stops_nothing(entries, tampered):
    nothing = "at = 'infinity'" if postgresql.asked() else "study_id = 'nonsense'"
    tampered(f"UPDATE audit_entry SET {nothing} WHERE number = 3")  # noqa: S608
    tampered("UPDATE audit_entry SET actor_label = 'eve' WHERE number = 4")
    assert sentences() == ["Entry 3 was altered: it cannot be read any more.", "Entry 4 was altered."]


@postgresql.ONLY_SQLITE
def test_json_that_is_none_is_found(entries, tampered):
    tampered(
        "PRAGMA ignore_check_constraints = ON",
        "UPDATE audit_entry SET details = '{' WHERE number = 3",
        "PRAGMA ignore_check_constraints = OFF",
    )
    assert sentences() == [NOTHING_ELSE]


def test_an_old_entry_says_nothing_that_its_hash_does_not_cover(entries, tampered, study):
    with connection.cursor() as cursor:
        for lift in triggers.remove_sql(connection.vendor):
            cursor.execute(lift)
    blank = {"address": "", "agent": "", "session": "", "via": "", "salt": ""}
    previous = chain.GENESIS
    for entry in entries:
        forge(entry, previous, format=1, **blank)
        previous = entry.hash
    tampered("SELECT 1")
    assert sentences() == []
    tampered("UPDATE audit_entry SET address = '198.51.100.1' WHERE number = 2")
    assert sentences() == ["Entry 2 was altered: it says what its form of hash does not cover."]
    tampered(
        "UPDATE audit_entry SET address = '' WHERE number = 2",
        "UPDATE audit_entry SET actor_label = 'eve' WHERE number = 3",
    )
    assert sentences() == [NOTHING_ELSE]


REMOVED = {
    "in the middle": ("number = 2", ["Entry 2 is missing (found 3)."]),
    "several": ("number IN (2, 3)", ["Entries 2 to 3 are missing (found 4)."]),
    "at the start": ("number = 1", ["Entry 1 is missing (found 2)."]),
    "two places": ("number IN (1, 3)", ["Entry 1 is missing (found 2).", "Entry 3 is missing (found 4)."]),
}


@pytest.mark.parametrize("where", REMOVED)
def test_a_removed_entry_is_named(entries, tampered, where):
    condition, expected = REMOVED[where]
    tampered(f"DELETE FROM audit_entry WHERE {condition}")  # noqa: S608
    assert sentences() == expected


def test_a_removed_entry_whose_place_was_closed_is_found(entries, tampered):
    tampered(
        "DELETE FROM audit_entry WHERE number = 2", "UPDATE audit_entry SET number = number - 1 WHERE number > 2"
    )
    assert sentences() == [
        "Entry 2 does not follow the entry before it.",
        "Entry 2 was altered.",
        "Entry 3 was altered.",
    ]


def test_swapped_entries_are_found(entries, tampered):
    tampered(
        "UPDATE audit_entry SET number = 1000 WHERE number = 2",
        "UPDATE audit_entry SET number = 2 WHERE number = 3",
        "UPDATE audit_entry SET number = 3 WHERE number = 1000",
    )
    found = sentences()
    assert "Entry 2 was altered." in found
    assert NOTHING_ELSE in found


def copied(number, *, to):
    """A statement that slips a copy of an entry in."""
    columns = ", ".join(field.column for field in Entry._meta.fields if field.column not in ("number", "hash"))
    copy = f"SELECT {to}, 'h', {columns} FROM audit_entry WHERE number = {number}"  # noqa: S608
    return f"INSERT INTO audit_entry (number, hash, {columns}) {copy}"


def test_an_entry_before_the_first_is_found(entries, tampered):
    tampered(copied(1, to=0))
    assert sentences()[0] == "Entry 0 stands out of order."


def test_an_inserted_entry_is_found(entries, tampered):
    tampered(
        "UPDATE audit_entry SET number = number + 1000 WHERE number > 2",
        "UPDATE audit_entry SET number = number - 999 WHERE number > 1000",
        copied(2, to=3),
    )
    found = sentences()
    assert NOTHING_ELSE in found
    assert "Entry 4 was altered." in found


def lifted(statements=triggers.remove_sql):
    with connection.cursor() as cursor:
        for statement in statements(connection.vendor):
            cursor.execute(statement)


def test_a_chain_that_was_written_again_is_found_by_an_anchor_only(entries, people, study):
    made = anchors.make(date(2026, 1, 1))
    services.record(people["analyst"], "thing.do", study)
    assert sentences() == []
    lifted()
    previous = Entry.objects.get(number=1).hash
    for number in range(2, 7):
        entry = Entry.objects.get(number=number)
        forge(entry, previous, **({"actor_label": "eve@example.org"} if number == 2 else {}))
        previous = entry.hash
    lifted(triggers.install_sql)
    assert list(checking.faults()) == []  # the chain itself is whole again
    assert made.entry == 4
    assert sentences() == [
        "Entry 4 is not the one that the anchor of 2026-01-01 signed: the chain was written again."
    ]


def test_a_cut_end_is_found_by_an_anchor_only(entries, tampered):
    anchors.make(date(2026, 1, 1))
    tampered("DELETE FROM audit_entry WHERE number > 2")
    assert list(checking.faults()) == []
    assert sentences() == ["The log ends at entry 2; the anchor of 2026-01-01 signed entry 4."]
    tampered("DELETE FROM audit_entry")
    assert "The log ends at entry 0; the anchor of 2026-01-01 signed entry 4." in sentences()


def test_the_command_ends_with_an_error_and_names_what_is_wrong(entries, tampered, capsys):
    tampered(
        "UPDATE audit_entry SET actor_label = 'eve' WHERE number = 2", "DELETE FROM audit_entry WHERE number = 3"
    )
    status, _, err = verify(capsys)
    assert status == 1
    assert "Entry 2 was altered.\nEntry 3 is missing (found 4).\n" in err
    assert "2 fault(s) among 3 entries" in err


def test_json_for_programs(entries, tampered, capsys):
    status, out, _ = verify(capsys, "--json")
    said = json.loads(out)
    assert (status, said["whole"], said["entries"], said["head"]) == (0, True, 4, entries[3].hash)
    tampered("UPDATE audit_entry SET actor_label = 'eve' WHERE number = 2")
    status, out, _ = verify(capsys, "--json")
    said = json.loads(out)
    assert (status, said["whole"]) == (1, False)
    assert said["faults"] == [{"kind": "altered", "sentence": "Entry 2 was altered.", "number": 2, "day": None}]


def test_it_reads_in_pieces_and_finds_the_same(
    entries, people, study, tampered, monkeypatch, django_assert_num_queries
):
    for step in range(7):
        services.record(people["analyst"], "thing.do", study, step=step)
    tampered("DELETE FROM audit_entry WHERE number = 7", "UPDATE audit_entry SET via = 'x' WHERE number IN (4, 8)")
    whole = sentences()
    assert whole == ["Entry 4 was altered.", "Entry 7 is missing (found 8).", "Entry 8 was altered."]
    monkeypatch.setattr(checking, "PIECE", 2)
    assert sentences() == whole


def test_only_what_followed_an_anchor(entries, people, study, tampered):
    services.record(people["analyst"], "thing.do", study)
    tampered("UPDATE audit_entry SET actor_label = 'eve' WHERE number IN (1, 5)")
    assert sentences(start=4) == ["Entry 5 was altered."]
    tampered("DELETE FROM audit_entry WHERE number = 4")
    assert (
        sentences(start=4)[0] == "Entry 1 was altered."
    )  # what it should begin with is gone, so everything is read


def test_values_of_every_kind_keep_their_hash(study, people, folder):
    services.record(
        people["analyst"],
        "thing.do",
        study,
        numbers=[1, 0, -0.0, 1e20, 1.5, 1e-9, float("nan"), float("inf"), 2**70],
        words="ü\0\ud800 \u2028 😀",
        nested={"a": [None, True, {"b": ()}], 7: timedelta(seconds=1)},
        before={"day": date(2026, 1, 1)},
        after={"day": None},
    )
    assert sentences() == []
    assert Anchor.objects.count() == 0
