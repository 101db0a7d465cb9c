"""A database as the migrations leave it: made once, copied for every installation and lane that starts from one.

Migrating from nothing takes some ten seconds of the processor. That it works is shown where it is the matter:
`manage.py demo` in an empty folder (tests/demo), PostgreSQL (tests/audit), and the one that is made here.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.made_once import made_once
from tests.programs import of_its_own

REPOSITORY = Path(__file__).resolve().parent.parent


def _migrate(folder: Path) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=REPOSITORY, env=of_its_own(folder), check=True)


def database() -> Path:
    """The file that is copied."""
    return made_once("migrated", _migrate) / "facsweb.sqlite3"


def installation(folder: Path) -> Path:
    """Give a data folder, which need not be there yet, a migrated database; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(database(), folder / "facsweb.sqlite3")
    return folder
