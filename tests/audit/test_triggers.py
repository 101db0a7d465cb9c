"""The database refuses to change the log."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from facsweb.accounts.models import User
from facsweb.audit import chain, checking, services, triggers
from facsweb.audit.models import Entry
from tests import postgresql


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
    assert not list(checking.faults())
    assert Entry.objects.count() == 4


def inserted(verb, like, conflict="", **values):
    """Insert a row as `like` is, but for some values, past the application."""
    row = {}
    for field in Entry._meta.fields:
        row[field.column] = field.get_db_prep_save(getattr(like, field.attname), connection)
    row |= values
    marks = ", ".join(["%s"] * len(row))
    return f"{verb} INTO audit_entry ({', '.join(row)}) VALUES ({marks}) {conflict}", list(row.values())


#: Verb and end of a statement that puts a row in the place of others.
REPLACING = (
    [("INSERT", f"ON CONFLICT ({column}) DO UPDATE SET action = 'x'") for column in ("number", "hash")]
    if postgresql.asked()
    else [("INSERT OR REPLACE", "")]
)


@pytest.mark.parametrize(("verb", "conflict"), [("INSERT", ""), *REPLACING])
def test_rows_cannot_be_replaced_or_slipped_in(entries, verb, conflict):
    last, second = entries[3], entries[1]
    following = {"number": last.number + 1, "previous_hash": last.hash, "hash": "h"}
    for wrong in (
        {"number": second.number, "hash": "h"},  # in the place of another one
        {"number": 0, "hash": "h"},
        {"number": 99, "previous_hash": last.hash, "hash": "h"},  # a gap that could be filled later
        {**following, "previous_hash": second.hash},  # a branch
        {**following, "hash": second.hash},  # REPLACE would delete the entry that has this hash
    ):
        statement, values = inserted(verb, last, conflict, **wrong)
        refused(statement, *values)
    assert checking.verify().faults == []
    # What follows is taken, so the refusals above are about what they say; the chain shows that it is made up.
    statement, values = inserted(verb, last, conflict, **following)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    assert [fault.sentence for fault in checking.verify().faults] == [f"Entry {last.number + 1} was altered."]


def test_an_entry_survives_the_account_it_speaks_of(people, study):
    gone = User.objects.create_user("gone@example.org", "Gone")
    entry = services.record(gone, "thing.do", study)
    gone.delete()
    entry = Entry.objects.get(pk=entry.pk)
    assert entry.actor_label == "gone@example.org"
    assert not list(checking.faults())


def test_every_trigger_is_there_after_all_migrations(db):
    assert triggers.missing(connection) == []


GONE_AND_GUTTED = {
    "sqlite": (
        ["DROP TRIGGER audit_entry_no_update", "DROP TRIGGER audit_entry_no_delete"],
        ["CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry BEGIN SELECT 1; END"],
    ),
    "postgresql": (
        [
            "DROP TRIGGER audit_entry_no_change ON audit_entry",
            "DROP TRIGGER audit_entry_no_truncate ON audit_entry",
        ],
        [
            "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
            "CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry EXECUTE FUNCTION nothing()",
            "ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_no_truncate",
        ],
    ),
}


def test_a_trigger_that_is_gone_or_gutted_is_named(entries):
    gone, gutted = GONE_AND_GUTTED[connection.vendor]
    with connection.cursor() as cursor:
        for statement in (*gone, *gutted):
            cursor.execute(statement)
    named = [statement.split()[2] for statement in gone]
    assert triggers.missing(connection) == named
    kinds = [(fault.kind, fault.sentence) for fault in checking.verify().faults]
    assert [kind for kind, _ in kinds] == ["protection", "protection"]
    assert named[0] in kinds[0][1]


def test_a_migration_back_and_forth_keeps_the_log_and_its_protection(transactional_db, people, study):
    """Entries of form 1 keep their hashes while the table is rebuilt around them."""
    executor = MigrationExecutor(connection)
    executor.migrate([("audit", "0002_protect")])
    old = executor.loader.project_state([("audit", "0002_protect")]).apps.get_model("audit", "Entry")
    entry = Entry(number=1, format=1, at=timezone.now(), actor_label="system", action="thing.do", details={"a": 1})
    entry.object_type, entry.object_id, entry.previous_hash = "study", str(study.pk), chain.GENESIS
    fields = [field.attname for field in old._meta.fields]
    old.objects.create(**{name: getattr(entry, name) for name in fields} | {"hash": chain.digest(entry)})
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("audit"))
    services.record(people["analyst"], "thing.do", study)
    assert list(Entry.objects.order_by("number").values_list("number", "format")) == [(1, 1), (2, 2)]
    assert checking.verify().faults == []


def test_other_databases_are_refused_loudly():
    with pytest.raises(NotImplementedError, match="mysql"):
        triggers.install_sql("mysql")
