"""Checks are kept for a while; a test begins without any."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from facsweb.about.record import ANSWERS
from tests.learning.conftest import _own_scorers, another, layer, three  # noqa: F401  (fixtures)


@pytest.fixture(autouse=True)
def _nothing_kept():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def told(people):
    """Key of a question → its answer, as a stranger to every study reads it; checks are computed anew."""

    def tell(key, who="stranger"):
        cache.clear()
        return ANSWERS[key](people[who])

    return tell


@pytest.fixture
def rows(told):
    """Key of a question and of a table → its rows."""

    def find(question, table):
        return next(one for one in told(question).tables if one.key == table).rows

    return find
