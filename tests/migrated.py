"""A database as the migrations leave it: made once, copied for every installation and lane that starts from one.

Migrating from nothing takes some ten seconds of the processor. That it works is shown where it is the matter:
`manage.py demo` in an empty folder (tests/demo), PostgreSQL (tests/audit), and the one that is made here.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.programs import of_its_own

REPOSITORY = Path(__file__).resolve().parent.parent
#: Names the folder that the lanes of one run of the suite share (tests/side_by_side.py).
SHARED = "FACSWEB_TEST_SHARED"


def database() -> Path:
    """The file that is copied; whoever asks first makes it, others wait for it."""
    folder = Path(os.environ.get(SHARED) or os.environ["FACSWEB_TEST_DATA"])
    made = folder / "migrated" / "facsweb.sqlite3"
    with (folder / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            begun = folder / "migrating"
            shutil.rmtree(begun, ignore_errors=True)
            command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            subprocess.run(command, cwd=REPOSITORY, env=of_its_own(begun), check=True)
            begun.rename(made.parent)
    return made


def installation(folder: Path) -> Path:
    """Give a data folder, which need not be there yet, a migrated database; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(database(), folder / "facsweb.sqlite3")
    return folder
