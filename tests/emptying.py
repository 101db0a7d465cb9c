"""Tables as a test with real transactions found them: what it wrote is deleted, and nothing else is touched.

Django would empty all hundred tables and fill those of permissions again, which takes longer than most tests. Rows
are deleted and tables not truncated, since in PostgreSQL that makes every table and every index anew.
"""

from __future__ import annotations

from django.apps import apps
from django.db import connection, transaction

from facsweb.audit import triggers

#: What the migrations wrote and no test does.
KEPT = frozenset({"django_content_type", "auth_permission", "django_migrations"})


def _tables() -> list[str]:
    models = apps.get_models(include_auto_created=True)
    return sorted({model._meta.db_table for model in models if model._meta.managed} - KEPT)


def written() -> list[str]:
    """The tables that have rows."""
    quote = connection.ops.quote_name
    asked = (f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {quote(table)})" for table in _tables())  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        return [table for (table,) in cursor.fetchall()]


def empty() -> None:
    """Delete all rows; that moment alone lifts the log's protection."""
    full = written()
    if not full:
        return
    logs = [table for table in triggers.TABLES if table in full]
    quote = connection.ops.quote_name
    with transaction.atomic(), connection.cursor() as cursor:  # links between rows are checked at its end
        for statement in (
            *triggers.remove_sql(connection.vendor, logs),
            *(f"DELETE FROM {quote(table)}" for table in full),  # noqa: S608
        ):
            cursor.execute(statement)
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no table is changed that still has to be checked
        for statement in triggers.install_sql(connection.vendor, logs):
            cursor.execute(statement)
