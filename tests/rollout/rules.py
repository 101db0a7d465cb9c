"""Which changes of the database a version may make while the version before it still runs (docs/deploy.md).

Old and new processes share one database while a version is rolled out. So a migration may add, and may take away
only what no running program knows any more. Whatever else it does, its file says in a constant why that is safe:

    ZERO_DOWNTIME = "The column was no part of the models since 1.4, and 1.4 runs everywhere."
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

from django.db import migrations, models
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED

from facsweb.gently import AddConstraintGently, AddIndexGently

REASON: Final = "ZERO_DOWNTIME"
SHORTEST_REASON: Final = 40

Migration = migrations.Migration


def faults(migration: Migration, module: ModuleType, earlier: set[str], before: ProjectState) -> list[str]:
    """What of a migration old programs would stumble over, unless its file says why they do not.

    Parameters
    ----------
    migration : Migration
    module : module
        Its file.
    earlier : set of str
        ``app.model`` in lower case of the tables that were there before this version.
    before : ProjectState
        All models as they are when this migration begins.

    Returns
    -------
    list of str
        One sentence for each; empty where nothing is wrong.
    """
    found = list(_faults(migration, earlier, before))
    reason = getattr(module, REASON, None)
    if reason is None:
        return found
    if not found:
        return [f"{REASON} stands there for nothing; take it out."]
    if not isinstance(reason, str) or len(reason) < SHORTEST_REASON:
        return [f"{REASON} says too little for somebody who has to decide whether it holds."]
    return []


def _faults(migration: Migration, earlier: set[str], before: ProjectState) -> Iterator[str]:
    for one in migration.operations:
        model = f"{migration.app_label}.{getattr(one, 'model_name', None) or getattr(one, 'name', '')}".lower()
        if isinstance(one, migrations.RunPython | migrations.RunSQL):
            yield from _of_program(one)
        elif isinstance(one, migrations.SeparateDatabaseAndState):
            inner = Migration(migration.name, migration.app_label)
            inner.operations = [*one.database_operations]
            yield from _faults(inner, earlier, before)
        elif isinstance(one, migrations.RenameModel):
            if f"{migration.app_label}.{one.old_name}".lower() in earlier:
                yield f"{one.old_name} is renamed: old programs ask for the table by its old name."
        elif model in earlier:
            yield from _of_table(one, model, before)


def _of_program(one: Any) -> Iterator[str]:
    if not one.reversible:
        yield "A step without a way back: nobody can return to the version before."
    if isinstance(one, migrations.RunSQL):
        yield "SQL of its own, of which nobody but its author knows whether old programs live with it."


def _of_table(one: Any, model: str, before: ProjectState) -> Iterator[str]:
    """About an operation on a table that old programs use."""
    if isinstance(one, migrations.DeleteModel | migrations.RemoveField | migrations.RenameField):
        yield f"{type(one).__name__} on {model}: old programs still name it in every query."
    elif isinstance(one, migrations.AlterModelTable):
        yield f"The table of {model} gets another name: old programs ask for the old one."
    elif isinstance(one, migrations.AddField):
        yield from _of_added(one, model)
    elif isinstance(one, migrations.AlterField):
        old = before.models[tuple(model.split("."))].fields.get(one.name)
        if old is None or not _takes_all(old, one.field):
            yield (
                f"{model}.{one.name} may not take what old programs write any more, or PostgreSQL looks at all "
                "rows, or writes them anew, under a lock."
            )
    elif isinstance(one, migrations.AddConstraint | migrations.AlterUniqueTogether):
        gently = isinstance(one, AddConstraintGently)
        locked = "" if gently else " and PostgreSQL looks at all rows under a lock (AddConstraintGently does not)"
        yield f"A constraint on {model}: old programs may write what it forbids{locked}."
    elif isinstance(one, migrations.AddIndex) and not isinstance(one, AddIndexGently):
        yield f"An index on {model} stops all writing while it is made; AddIndexGently does not."


def _takes_all(old: models.Field[Any, Any], new: models.Field[Any, Any]) -> bool:
    """Whether a column stays what it was, but for taking more."""

    def column(field: models.Field[Any, Any]) -> dict[str, Any]:
        _, kind, arguments, words = field.deconstruct()
        kept = {name: value for name, value in words.items() if name not in field.non_db_attrs}
        return {"kind": kind, "arguments": arguments, **kept, "null": field.null}

    was, becomes = column(old), column(new)
    other = {name for name in was.keys() | becomes.keys() if was.get(name) != becomes.get(name)}
    if "null" in other and not new.null:
        return False
    if "max_length" in other and new.max_length is not None and new.max_length < (old.max_length or 1 << 30):
        return False
    # A default that only Python knows is no part of the column.
    return not other - {"null", "max_length", "db_default", "default"}


def _of_added(one: Any, model: str) -> Iterator[str]:
    field = one.field
    if isinstance(field, models.ManyToManyField):
        return  # a table of its own
    if not field.null and field.db_default is NOT_PROVIDED:
        yield (
            f"{model}.{one.name} takes no NULL and the database has no default for it: what old programs insert "
            "would be refused. Give it null=True or db_default, and make it NOT NULL in the next version."
        )
    if field.unique or (field.db_index and not field.is_relation):
        yield f"{model}.{one.name} comes with an index, which is made while nobody may write."
