"""A PostgreSQL of the tests' own: in a temporary folder, reached through a Unix socket, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

#: The application's role owns its database and is no superuser, as docs/deploy.md has it.
ROLE = "facsweb"


def _programs() -> Path | None:
    """Folder of initdb and pg_ctl; None where there is no PostgreSQL."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("pg_ctl")
    found = [*folders, *([Path(on_path).resolve().parent] if on_path else [])]
    return next((folder for folder in found if (folder / "initdb").exists()), None)


def _as_somebody(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root, so root hands the folder to the user that the package made."""
    if os.getuid() != 0:
        return []
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres here.")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["runuser", "-u", "postgres", "--"]


@contextmanager
def server() -> Iterator[Path]:
    """The folder in which the socket of a running PostgreSQL lies."""
    programs = _programs()
    if programs is None:
        pytest.skip("No PostgreSQL was found. On Debian: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="facsweb-pg-"))
    before, data = _as_somebody(folder), folder / "data"
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c max_connections=60"

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [*before, str(programs / program), *arguments],
            cwd="/",
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    try:
        run("initdb", "-D", str(data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync")
        run("pg_ctl", "-D", str(data), "-w", "-t", "240", "-l", str(folder / "log"), "-o", options, "start")
        yield folder
    finally:
        if (data / "postmaster.pid").exists():
            run("pg_ctl", "-D", str(data), "-w", "-t", "240", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def url(folder: Path, database: str, role: str = ROLE) -> str:
    """Address of a database, as ``DATABASE_URL`` wants it."""
    return f"postgresql://{role}@{quote(str(folder), safe='')}/{database}"
