"""Tests of the analysis run once, not on each database (tests/side_by_side.py): so none of them may touch one."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    from tests.conftest import touches_database

    if wrong := [item.nodeid for item in items if HERE in item.path.parents and touches_database(item)]:
        raise pytest.UsageError(f"These touch a database, so they belong elsewhere: {', '.join(wrong)}")
