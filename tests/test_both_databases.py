"""Nothing is forgotten on either database, and what runs on both is found by what it can reach."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import side_by_side
from tests.conftest import REPOSITORY, touches_database


def given(file: Path, lane: side_by_side.Lane) -> bool:
    """Whether the lane's pytest collects the file."""
    left_out = [Path(path.removeprefix("--ignore=")) for path in lane.paths if path.startswith("--ignore=")]
    named = [Path(path) for path in lane.paths if not path.startswith("--")]
    return file not in left_out and any(file.is_relative_to(path) for path in named)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_file_is_given_to_one_process(database, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    lanes = [lane for lane in side_by_side.lanes() if lane.database == database]
    files = list(Path("tests").rglob("test_*.py"))
    counts = {file: sum(given(file, lane) for lane in lanes) for file in files}
    once = {file for file in files if database == "sqlite" or not file.is_relative_to(side_by_side.ENGINE)}
    assert {file for file, count in counts.items() if count == 1} == once
    assert max(counts.values()) == 1


def test_postgresql_is_spared_what_is_named_and_nothing_else(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    both = side_by_side.wanted({"sqlite", "postgresql"}, whole=False)
    here = [lane for lane in both if lane.database == "sqlite"]
    there = [lane for lane in both if lane.database == "postgresql"]
    assert here == side_by_side.wanted({"sqlite"}, whole=False)
    files = list(Path("tests").rglob("test_*.py"))
    counts = {file: sum(given(file, lane) for lane in there) for file in files}
    for file, count in counts.items():
        spared = any(file.is_relative_to(path) for path in (*side_by_side.SPARED, side_by_side.ENGINE))
        assert count == (not spared or file.as_posix() in side_by_side.NOT_SPARED), file


def test_asked_for_all_postgresql_is_spared_nothing():
    assert side_by_side.wanted({"sqlite", "postgresql"}, whole=True) == side_by_side.lanes()
    assert [lane for lane in side_by_side.lanes() if lane.database == "postgresql"] == side_by_side.wanted(
        {"postgresql"}, whole=False
    )


def test_what_has_no_database_runs_once(request):
    assert not touches_database(request.node)


def test_what_has_tables_runs_on_both(request, db):
    assert touches_database(request.node)


@pytest.mark.django_db(transaction=True)
def test_what_is_marked_runs_on_both(request):
    assert touches_database(request.node)


def test_what_starts_an_installation_runs_on_both():
    from tests.processes import test_supervisor

    item = SimpleNamespace(
        obj=test_supervisor.test_as_a_context_manager,
        fixturenames=[],
        get_closest_marker=lambda name: None,
        _fixtureinfo=SimpleNamespace(name2fixturedefs={}),
    )
    assert touches_database(item)
