"""Entries, anchors in a folder of their own, and the database as somebody finds it who lifted its protection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from facsweb.audit import services, triggers
from facsweb.audit.models import Entry


@pytest.fixture
def folder(settings, tmp_path):
    """Where the anchors of this test lie."""
    settings.ANCHORS_DIR = tmp_path / "anchors"
    return settings.ANCHORS_DIR


@pytest.fixture
def entries(study, people, folder):
    return [services.record(people["analyst"], "thing.do", study, step=step) for step in range(4)]


@pytest.fixture
def tampered() -> Callable[..., None]:
    """Run statements as somebody who may drop triggers, and who puts them back so that nothing seems amiss."""

    def run(*statements: str | tuple[str, Any]) -> None:
        with connection.cursor() as cursor:
            for lift in triggers.remove_sql(connection.vendor):
                cursor.execute(lift)
            for statement in statements:
                cursor.execute(*([statement] if isinstance(statement, str) else statement))
            for install in triggers.install_sql(connection.vendor):
                cursor.execute(install)

    return run


def forge(entry: Entry, previous: str | None = None, **values: Any) -> None:
    """Write an entry anew with a hash that fits, as somebody does who knows how it is made."""
    from facsweb.audit import chain

    for name, value in values.items():
        setattr(entry, name, value)
    if previous is not None:
        entry.previous_hash = previous
    entry.hash = chain.digest(entry)
    Entry.objects.filter(pk=entry.pk).update(
        **{field.attname: getattr(entry, field.attname) for field in Entry._meta.fields if not field.primary_key}
    )
