"""The database itself refuses to change the log, whoever asks: the application, a shell, or a person with psql.

Whoever may drop a trigger can still alter a row; the chain of hashes (``audit.services.faults``) shows it.
A later migration that rebuilds the table on SQLite drops its triggers and has to install them again;
``tests/audit/test_triggers.py`` fails when it forgets.
"""

from __future__ import annotations

from typing import Final

TABLE: Final = "audit_entry"
MESSAGE: Final = "The audit log is append-only."

# INSERT OR REPLACE deletes a row without firing DELETE triggers, and a gap could be filled later: so a new row
# must take the next number.
_NEXT: Final = "(SELECT COALESCE(MAX(number), 0) + 1 FROM audit_entry)"
_REFUSE: Final = f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
SQLITE: Final = {
    "audit_entry_no_update": f"BEFORE UPDATE ON {TABLE} {_REFUSE}",
    "audit_entry_no_delete": f"BEFORE DELETE ON {TABLE} {_REFUSE}",
    "audit_entry_in_order": f"BEFORE INSERT ON {TABLE} WHEN NEW.number <> {_NEXT} {_REFUSE}",
}
_FUNCTION: Final = (
    "CREATE OR REPLACE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{MESSAGE}'; END $$"
)
_CALL: Final = "EXECUTE FUNCTION audit_entry_refuse()"
POSTGRESQL: Final = {
    "audit_entry_no_change": f"BEFORE UPDATE OR DELETE ON {TABLE} FOR EACH ROW {_CALL}",
    "audit_entry_no_truncate": f"BEFORE TRUNCATE ON {TABLE} FOR EACH STATEMENT {_CALL}",
}


def install_sql(vendor: str) -> list[str]:
    """Statements that protect the log in a database of this vendor (``connection.vendor``)."""
    if vendor == "sqlite":
        return [f"CREATE TRIGGER {name} {body}" for name, body in SQLITE.items()]
    if vendor == "postgresql":
        return [_FUNCTION, *(f"CREATE TRIGGER {name} {body}" for name, body in POSTGRESQL.items())]
    raise NotImplementedError(
        f"The audit log cannot be protected in a {vendor} database; use PostgreSQL or SQLite."
    )


def remove_sql(vendor: str) -> list[str]:
    """Statements that lift the protection: for undoing the migration, and for emptying a test database."""
    if vendor == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {name}" for name in SQLITE]
    return [
        *(f"DROP TRIGGER IF EXISTS {name} ON {TABLE}" for name in POSTGRESQL),
        "DROP FUNCTION IF EXISTS audit_entry_refuse()",
    ]
