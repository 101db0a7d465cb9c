from __future__ import annotations

import pytest

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


@pytest.fixture
def empty(tmp_path, forks):
    """A data folder without anything."""
    (tmp_path / "empty").mkdir()
    return world.Place(tmp_path / "empty", forks)
