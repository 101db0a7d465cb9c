"""The database itself refuses to change the log, whoever asks: the application, a shell, or a person with psql.

Whoever may drop a trigger can still alter a row; ``manage.py audit verify`` shows it, and that a trigger is gone.
A later migration that rebuilds a table on SQLite drops its triggers and has to install them again, as
``0003_origin_before_after_anchors`` does; ``tests/audit/test_triggers.py`` fails when it forgets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

ENTRY, ANCHOR = "audit_entry", "audit_anchor"
TABLES: Final = (ENTRY, ANCHOR)
MESSAGE: Final = "The audit log is append-only."
#: Every writer takes this lock of PostgreSQL before it reads the last entry: locking that row would serialise
#: neither the first entry of an empty log nor a writer who saw the row before another one appended.
ADVISORY_LOCK: Final = 7_206_731_205

# INSERT OR REPLACE deletes a row without firing DELETE triggers, and a gap could be filled later: so a row must
# take the next number, carry no hash that is there already, and follow the last entry.
_REFUSE: Final = f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"


_OUT_OF_ORDER: Final = {
    ENTRY: "NEW.number <> (SELECT COALESCE(MAX(number), 0) + 1 FROM audit_entry) "
    "OR NEW.previous_hash <> COALESCE((SELECT hash FROM audit_entry ORDER BY number DESC LIMIT 1), "
    "'0000000000000000000000000000000000000000000000000000000000000000') "
    "OR EXISTS (SELECT 1 FROM audit_entry WHERE hash = NEW.hash)",
    ANCHOR: "NEW.number <> (SELECT COALESCE(MAX(number), 0) + 1 FROM audit_anchor) "
    "OR EXISTS (SELECT 1 FROM audit_anchor WHERE day = NEW.day)",
}


#: A row of SQLite also has a hidden number, and REPLACE removes what has the same one. It is -1 here where the
#: statement names none.
_HIDDEN: Final = "OR (NEW.rowid <> -1 AND EXISTS (SELECT 1 FROM {0} WHERE rowid = NEW.rowid))"


def _sqlite(table: str) -> dict[str, str]:
    wrong = f"{_OUT_OF_ORDER[table]} {_HIDDEN.format(table)}"
    return {
        f"{table}_no_update": f"BEFORE UPDATE ON {table} {_REFUSE}",
        f"{table}_no_delete": f"BEFORE DELETE ON {table} {_REFUSE}",
        f"{table}_in_order": f"BEFORE INSERT ON {table} WHEN {wrong} {_REFUSE}",
    }


def _functions(table: str) -> dict[str, str]:
    """Name and body of PostgreSQL's functions."""
    return {
        f"{table}_refuse": f" BEGIN RAISE EXCEPTION '{MESSAGE}'; END ",
        f"{table}_next": f" BEGIN IF {_OUT_OF_ORDER[table]} THEN RAISE EXCEPTION '{MESSAGE}'; END IF; "
        "RETURN NEW; END ",
    }


def _postgresql(table: str) -> dict[str, str]:
    call = f"EXECUTE FUNCTION {table}_refuse()"
    return {
        f"{table}_no_change": f"BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {call}",
        f"{table}_no_truncate": f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {call}",
        f"{table}_in_order": f"BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_next()",
    }


def install_sql(vendor: str, tables: Sequence[str] = TABLES) -> list[str]:
    """Statements that protect the log in a database of this vendor (``connection.vendor``)."""
    if vendor == "sqlite":
        return [f"CREATE TRIGGER {name} {body}" for table in tables for name, body in _sqlite(table).items()]
    if vendor == "postgresql":
        return [statement for table in tables for statement in _install_postgresql(table)]
    raise NotImplementedError(
        f"The audit log cannot be protected in a {vendor} database; use PostgreSQL or SQLite."
    )


def _install_postgresql(table: str) -> list[str]:
    made = [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"
        for name, body in _functions(table).items()
    ]
    for name, body in _postgresql(table).items():
        made.append(f"CREATE TRIGGER {name} {body}")
        # ALWAYS: it fires even in a session that plays a replica.
        made.append(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
    return made


def remove_sql(vendor: str, tables: Sequence[str] = TABLES) -> list[str]:
    """Statements that lift the protection: for migrations, and for emptying a test database."""
    if vendor == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {name}" for table in tables for name in _sqlite(table)]
    return [
        statement
        for table in tables
        for statement in (
            *(f"DROP TRIGGER IF EXISTS {name} ON {table}" for name in _postgresql(table)),
            *(f"DROP FUNCTION IF EXISTS {name}()" for name in _functions(table)),
        )
    ]


def missing(connection: Any) -> list[str]:
    """Names of the triggers that are gone, switched off or not what they should be."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            found = dict(cursor.fetchall())
            wanted = {name: f"CREATE TRIGGER {name} {body}" for t in TABLES for name, body in _sqlite(t).items()}
            return [name for name, statement in wanted.items() if found.get(name) != statement]
        cursor.execute(
            "SELECT t.tgname, p.proname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
            "WHERE t.tgrelid IN (to_regclass(%s), to_regclass(%s)) AND NOT t.tgisinternal AND t.tgenabled = 'A'",
            TABLES,
        )
        active = {trigger: (function, body) for trigger, function, body in cursor.fetchall()}
    return [
        name
        for table in TABLES
        for name, body in _postgresql(table).items()
        if active.get(name) not in [one for one in _functions(table).items() if f"{one[0]}()" in body]
    ]


def strangers(connection: Any) -> list[str]:
    """Names of triggers and rules on the log that are not ours: one can swallow what is written from then on."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) IN (%s, %s)", TABLES
            )
            ours = {name for table in TABLES for name in _sqlite(table)}
        else:
            of_ours = "IN (to_regclass(%s), to_regclass(%s))"
            cursor.execute(
                f"SELECT tgname FROM pg_trigger WHERE tgrelid {of_ours} AND NOT tgisinternal "  # noqa: S608
                f"UNION ALL SELECT rulename FROM pg_rewrite WHERE ev_class {of_ours}",  # nosec B608 (names of this module)
                [*TABLES, *TABLES],
            )
            ours = {name for table in TABLES for name in _postgresql(table)}
        return sorted({str(name) for (name,) in cursor.fetchall()} - ours)
