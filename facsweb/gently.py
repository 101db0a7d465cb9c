"""Migration operations for large tables that are in use: nobody who writes has to wait (docs/deploy.md).

Django's own for PostgreSQL need its driver, which not every installation has, and do not run on SQLite. These do
what PostgreSQL can and, elsewhere, what Django does. A migration that uses them says ``atomic = False``.
"""

from __future__ import annotations

from typing import Any

from django.db import NotSupportedError, migrations, transaction
from django.db.models import CheckConstraint


def _on_postgresql(schema_editor: Any) -> bool:
    if schema_editor.connection.vendor != "postgresql":
        return False
    if schema_editor.connection.in_atomic_block:
        raise NotSupportedError("The migration has to say `atomic = False`: this cannot be done in a transaction.")
    return True


class AddIndexGently(migrations.AddIndex):
    """Make an index while others write. One that was interrupted is left INVALID: drop it and migrate again."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            beside = {"concurrently": True} if _on_postgresql(schema_editor) else {}
            schema_editor.add_index(model, self.index, **beside)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            beside = {"concurrently": True} if _on_postgresql(schema_editor) else {}
            schema_editor.remove_index(model, self.index, **beside)


class AddConstraintGently(migrations.AddConstraint):
    """Make a check hold for what is written from now on, then look at the old rows while others write.

    A row that does not fit fails the second step; the first stays. Mend the row and migrate again: the constraint
    that is there already is taken for the one that is wanted.
    """

    def __init__(self, model_name: str, constraint: CheckConstraint) -> None:
        if not isinstance(constraint, CheckConstraint):
            raise TypeError("Only checks can be added like this; for what is unique, make an index first.")
        super().__init__(model_name, constraint)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if not _on_postgresql(schema_editor):
            with transaction.atomic(schema_editor.connection.alias):  # SQLite writes the table anew, or not at all
                super().database_forwards(app_label, schema_editor, from_state, to_state)
        elif self.allow_migrate_model(schema_editor.connection.alias, model):
            table, name = (schema_editor.quote_name(each) for each in (model._meta.db_table, self.constraint.name))
            with schema_editor.connection.cursor() as cursor:
                known = schema_editor.connection.introspection.get_constraints(cursor, model._meta.db_table)
            if self.constraint.name not in known:
                schema_editor.execute(f"{self.constraint.create_sql(model, schema_editor)} NOT VALID", params=None)
            schema_editor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}", params=None)
