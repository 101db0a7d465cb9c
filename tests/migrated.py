"""A database as the migrations leave it: made once, copied for every installation and lane that starts from one.

Migrating from nothing takes some ten seconds of the processor. That it works is shown where it is the matter:
`manage.py demo` in an empty folder (tests/demo), and the one that is made here or by tests/postgresql.py.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

from tests import postgresql
from tests.made_once import made_once
from tests.programs import of_its_own

REPOSITORY = Path(__file__).resolve().parent.parent


def _migrate(folder: Path) -> None:
    folder.mkdir(parents=True)
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    environment = of_its_own(folder) | {"DATABASE_URL": f"sqlite:///{folder / 'facsweb.sqlite3'}"}
    subprocess.run(command, cwd=REPOSITORY, env=environment, check=True)


def database() -> Path:
    """The file of SQLite that is copied."""
    return made_once("migrated", _migrate) / "facsweb.sqlite3"


def installation(folder: Path) -> Path:
    """Give a data folder, which need not be there yet, a migrated database; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if socket := postgresql.asked():
        postgresql.make(socket, postgresql.name_of(folder))
    else:
        shutil.copyfile(database(), folder / "facsweb.sqlite3")
    return folder


def rows(folder: Path, question: str, *values: UUID | str) -> list[tuple[Any, ...]]:
    """What the database of an installation answers to a question of SQL with %s for each value."""
    if socket := postgresql.asked():
        with postgresql.superuser(socket, postgresql.name_of(folder)) as connection:
            return list(connection.execute(question, values))
    kept = [one.hex if isinstance(one, UUID) else one for one in values]
    with closing(sqlite3.connect(folder / "facsweb.sqlite3")) as connection:
        return connection.execute(question.replace("%s", "?"), kept).fetchall()


def of_the_tests() -> str:
    """Name of the migrated database that this process of pytest works on; made here, once."""
    from django.conf import settings

    names = settings.DATABASES["default"]
    if socket := postgresql.asked():
        postgresql.make(socket, names["NAME"])
        return str(names["NAME"])
    shutil.copyfile(database(), names["TEST"]["NAME"])
    return str(names["TEST"]["NAME"])
