"""Migrations after the recorded ones leave running programs of the version before alone (docs/deploy.md)."""

from __future__ import annotations

import importlib
import json
from types import ModuleType
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, migrations, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ModelState, ProjectState
from django.db.models.functions import Now

from facsweb.gently import AddConstraintGently, AddIndexGently
from tests.rollout.record import HERE
from tests.rollout.rules import REASON, faults


@pytest.fixture(scope="module")
def loader() -> MigrationLoader:
    return MigrationLoader(None, ignore_no_migrations=True)


def ours(loader: MigrationLoader) -> dict[tuple[str, str], Any]:
    labels = {one.label for one in apps.get_app_configs() if one.name.startswith("facsweb.")}
    return {key: found for key, found in loader.disk_migrations.items() if key[0] in labels}


def recorded() -> list[tuple[str, str]]:
    found = json.loads((HERE / "recorded.json").read_text())
    return [(app, name) for app, names in found.items() for name in names]


def test_what_is_recorded_is_there(loader):
    """A migration that others may have applied is not renamed and not taken away."""
    assert set(recorded()) <= set(ours(loader))


def test_later_migrations_leave_old_programs_alone(loader):
    known = set(recorded())
    earlier = {f"{app}.{name}" for app, name in loader.project_state(list(known)).models}
    found = {}
    for key, migration in ours(loader).items():
        if key not in known:
            before = loader.project_state([key], at_end=False)
            if said := faults(migration, importlib.import_module(migration.__module__), earlier, before):
                found[".".join(key)] = said
    assert found == {}, f"Change them, or say in {REASON} why running programs do not mind (docs/deploy.md)."


def test_a_program_does_not_mind_a_database_that_is_ahead_of_it(db):
    """The version before starts again, whatever was migrated meanwhile: that is the way back."""
    recorder = MigrationRecorder(connection)
    recorder.record_applied("studies", "9999_of_the_next_version")
    recorder.record_applied("an_app_of_the_next_version", "0001_initial")
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []


@pytest.fixture
def old_models(db, loader) -> list[Any]:
    """Our tables as the version before knows them, while the database has those of this version."""
    state = loader.project_state(recorded()).apps
    labels = {app for app, _ in recorded()}
    return [one for one in state.get_models(include_auto_created=True) if one._meta.app_label in labels]


def test_old_programs_find_every_table_and_column(old_models):
    assert len(old_models) > 50
    for one in old_models:
        list(one.objects.all()[:1])


def test_columns_that_old_programs_do_not_write_fill_themselves(old_models):
    unfilled = []
    for one in old_models:
        written = {field.column for field in one._meta.concrete_fields}
        with connection.cursor() as cursor:
            there = connection.introspection.get_table_description(cursor, one._meta.db_table)
        assert written <= {column.name for column in there}
        later = [column for column in there if column.name not in written]
        unfilled += [f"{one._meta.db_table}.{c.name}" for c in later if not c.null_ok and c.default is None]
    assert unfilled == []


text = models.TextField


def judged(*operations: Any, **said: str) -> list[str]:
    migration = migrations.Migration("0009_next", "studies")
    migration.operations = list(operations)
    module = ModuleType("next")
    for name, value in said.items():
        setattr(module, name, value)
    before = ProjectState()
    fields = [("name", text()), ("short", models.CharField(max_length=20)), ("maybe", text(null=True))]
    before.add_model(ModelState("studies", "Study", fields))
    return faults(migration, module, {"studies.study", "other.study"}, before)


HARMLESS = {
    "a table": migrations.CreateModel("Room", [("id", models.BigAutoField(primary_key=True))]),
    "a column that may be empty": migrations.AddField("study", "note", text(null=True)),
    "a column with a default of the database": migrations.AddField("study", "note", text(db_default="")),
    "a moment": migrations.AddField("study", "at", models.DateTimeField(db_default=Now())),
    "a column of a table that came with it": migrations.AddField("room", "note", text()),
    "a column that may be empty from now on": migrations.AlterField("study", "name", text(null=True)),
    "a column that takes more": migrations.AlterField("study", "short", models.CharField(max_length=30)),
    "what people read about it": migrations.AlterField("study", "short", models.CharField("S", max_length=20)),
    "an index beside writers": AddIndexGently("study", models.Index("name", name="x")),
    "an index of a table that came with it": migrations.AddIndex("room", models.Index("id", name="x")),
    "a step with a way back": migrations.RunPython(lambda *_: None, migrations.RunPython.noop),
    "words": migrations.AlterModelOptions("study", {"ordering": ["name"]}),
}
HARMFUL = {
    "a column taken away": migrations.RemoveField("study", "name"),
    "a column renamed": migrations.RenameField("study", "name", "title"),
    "a table renamed": migrations.RenameModel("Study", "Project"),
    "a table taken away": migrations.DeleteModel("Study"),
    "another table": migrations.AlterModelTable("study", "projects"),
    "a column that must be filled": migrations.AddField("study", "note", text(default="")),
    "a column that must be filled from now on": migrations.AlterField("study", "maybe", text(default="")),
    "a column that takes less": migrations.AlterField("study", "short", models.CharField(max_length=10)),
    "another kind of column": migrations.AlterField("study", "name", models.IntegerField()),
    "an index that stops writing": migrations.AddIndex("study", models.Index("name", name="x")),
    "a unique column": migrations.AddField("study", "slug", text(null=True, unique=True)),
    "a constraint": migrations.AddConstraint("study", models.CheckConstraint(condition=models.Q(id=1), name="x")),
    "a constraint, gently": AddConstraintGently(
        "study", models.CheckConstraint(condition=models.Q(id=1), name="x")
    ),
    "SQL": migrations.RunSQL("DROP TABLE x", migrations.RunSQL.noop),
    "a step without a way back": migrations.RunPython(lambda *_: None),
    "one of them, hidden": migrations.SeparateDatabaseAndState([migrations.RemoveField("study", "name")]),
}
WHY = "The programs that named this column ended with version 1.4, which is not supported any more."


@pytest.mark.parametrize("what", HARMLESS)
def test_harmless(what):
    assert judged(HARMLESS[what]) == []


@pytest.mark.parametrize("what", HARMFUL)
def test_harmful_unless_the_file_says_why_not(what):
    assert len(judged(HARMFUL[what])) == 1
    assert judged(HARMFUL[what], **{REASON: WHY}) == []
    assert "too little" in judged(HARMFUL[what], **{REASON: "it is fine"})[0]


def test_a_reason_without_need_is_no_reason():
    assert judged(HARMLESS["a table"], **{REASON: WHY}) == [f"{REASON} stands there for nothing; take it out."]
