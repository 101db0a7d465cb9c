from __future__ import annotations

import pytest

from tests import migrated, postgresql
from tests.operation import world


@pytest.fixture(scope="session")
def forks(tmp_path_factory):
    made = world.forks_of(tmp_path_factory.mktemp("forks"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory, forks):
    """An installation with signed work; tests add to it and take nothing away."""
    return world.with_work(tmp_path_factory.mktemp("site") / "data", forks)


@pytest.fixture(scope="session")
def on_postgresql(tmp_path_factory):
    """An empty database of PostgreSQL, and a data folder."""
    import psycopg

    with postgresql.own() as socket:
        with psycopg.connect(postgresql.url(socket, "postgres", "postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {postgresql.ROLE} LOGIN")
            connection.execute(f"CREATE DATABASE one OWNER {postgresql.ROLE}")
        made = world.forks_of(tmp_path_factory.mktemp("pg"), DATABASE_URL=postgresql.url(socket, "one"))
        yield world.Place(tmp_path_factory.mktemp("one"), made)
        made.close()


@pytest.fixture
def fresh(empty):
    """An installation that was migrated and has nothing in it."""
    migrated.installation(empty.folder)
    empty.folder.chmod(0o700)
    (empty.folder / "facsweb.sqlite3").chmod(0o600)
    return empty


@pytest.fixture
def empty(tmp_path, forks):
    """A data folder without anything."""
    (tmp_path / "empty").mkdir()
    return world.Place(tmp_path / "empty", forks)
