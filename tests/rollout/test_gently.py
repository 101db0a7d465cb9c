"""Indexes and checks on tables that others write to meanwhile: on PostgreSQL beside them, on SQLite as ever."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import dj_database_url
import pytest
from django.db import IntegrityError, NotSupportedError, OperationalError, connections, migrations, models
from django.db.migrations.state import ProjectState
from django.db.utils import ConnectionHandler

from facsweb.gently import AddConstraintGently, AddIndexGently
from tests import postgresql
from tests.programs import wait_until

NUMBERS = itertools.count()
CHECK = models.CheckConstraint(condition=models.Q(size__gt=0), name="large")
INDEX = models.Index("size", name="by_size")


@pytest.fixture(scope="module")
def addresses(tmp_path_factory) -> Iterator[dict[str, str]]:
    with postgresql.own() as folder:
        sqlite = tmp_path_factory.mktemp("gently") / "db.sqlite3"
        yield {"postgresql": postgresql.url(folder, "postgres", "postgres"), "sqlite": f"sqlite:///{sqlite}"}


class Table:
    """A table ``next_room`` with a column ``size``, and operations on it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.before = ProjectState()
        fields = [("id", models.BigAutoField(primary_key=True)), ("size", models.IntegerField())]
        self.room = migrations.CreateModel("Room", fields)
        self.room.state_forwards("next", self.before)
        self.connections: list[Any] = []
        with self.connect().schema_editor() as editor:
            self.room.database_forwards("next", editor, ProjectState(), self.before)

    def connect(self) -> Any:
        alias = f"gently-{next(NUMBERS)}"  # known by its name, because a transaction is asked for by name
        settings = ConnectionHandler({"default": dj_database_url.parse(self.address)}).settings["default"]
        connections.settings[alias] = settings
        found = connections[alias]
        found.inc_thread_sharing()
        self.connections.append(found)
        return found

    def apply(self, operation: Any, *, atomic: bool = False, back: bool = False) -> None:
        after = self.before.clone()
        operation.state_forwards("next", after)
        with self.connect().schema_editor(atomic=atomic) as editor:
            if back:
                operation.database_backwards("next", editor, after, self.before)
            else:
                operation.database_forwards("next", editor, self.before, after)

    def insert(self, size: int, connection: Any = None) -> None:
        with (connection or self.connect()).cursor() as cursor:
            cursor.execute("INSERT INTO next_room (size) VALUES (%s)", [size])

    def known(self) -> dict[str, Any]:
        connection = self.connect()
        with connection.cursor() as cursor:
            found: dict[str, Any] = connection.introspection.get_constraints(cursor, "next_room")
        return found

    def drop(self) -> None:
        with self.connect().schema_editor() as editor:
            self.room.database_backwards("next", editor, self.before, ProjectState())
        for one in self.connections:
            one.close()
            del connections.settings[one.alias]


@pytest.fixture(params=["postgresql", "sqlite"])
def table(request, addresses, django_db_blocker) -> Iterator[Table]:
    with django_db_blocker.unblock():
        made = Table(addresses[request.param])
        yield made
        made.drop()


def test_made_and_taken_away(table):
    table.insert(1)
    table.apply(AddIndexGently("room", INDEX))
    assert "by_size" in table.known()
    table.apply(AddIndexGently("room", INDEX), back=True)
    table.apply(AddConstraintGently("room", CHECK))
    with pytest.raises(IntegrityError):
        table.insert(0)
    table.apply(AddConstraintGently("room", CHECK), back=True)
    table.insert(0)


def test_a_row_that_does_not_fit_is_found_and_can_be_mended(table):
    table.insert(0)
    with pytest.raises(IntegrityError):
        table.apply(AddConstraintGently("room", CHECK))
    with table.connect().cursor() as cursor:
        cursor.execute("DELETE FROM next_room")
    table.apply(AddConstraintGently("room", CHECK))
    assert "large" in table.known()


def test_only_checks(table):
    with pytest.raises(TypeError, match="unique"):
        AddConstraintGently("room", models.UniqueConstraint("size", name="once"))


def can_write_beside(table: Table, operation: Any) -> bool:
    """Whether somebody can write while an index waits for a transaction that began before it."""
    writer, watcher = table.connect(), table.connect()
    writer.set_autocommit(False)
    table.insert(1, writer)
    making = threading.Thread(target=table.apply, args=[operation])
    making.start()

    def ask(statement: str) -> Callable[[], bool]:
        def asked() -> bool:
            with watcher.cursor() as cursor:
                cursor.execute(statement)
                return bool(cursor.fetchone()[0])

        return asked

    waits = (
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE NOT granted AND query LIKE 'CREATE INDEX%'"
    )
    try:
        wait_until(ask(waits), what="the index waits")
        with watcher.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'")
        table.insert(2, watcher)
    except OperationalError:
        return False
    else:
        return True
    finally:
        writer.commit()
        making.join()


def test_who_writes_does_not_wait_for_an_index(addresses, django_db_blocker):
    with django_db_blocker.unblock():
        table = Table(addresses["postgresql"])
        assert can_write_beside(table, AddIndexGently("room", INDEX))
        assert "by_size" in table.known()
        table.apply(AddIndexGently("room", INDEX), back=True)
        assert not can_write_beside(table, migrations.AddIndex("room", INDEX)), "Django's own lets nobody"
        table.drop()


def test_in_a_transaction_it_says_what_is_missing(addresses, django_db_blocker):
    with django_db_blocker.unblock():
        table = Table(addresses["postgresql"])
        with pytest.raises(NotSupportedError, match="atomic = False"):
            table.apply(AddIndexGently("room", INDEX), atomic=True)
        table.drop()
