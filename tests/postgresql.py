"""The suite on PostgreSQL: one server of the tests' own, reached through a Unix socket, gone afterwards.

``python -m tests.postgresql [pytest's options and paths]`` runs tests there, tests/side_by_side.py all of them.
The server holds one database that the migrations made; everything that needs one starts from a copy.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

#: Names the folder of the socket, where the tests run on PostgreSQL.
SOCKET = "FACSWEB_TEST_POSTGRESQL"
#: Set where the whole suite runs on SQLite at the same time.
BESIDE_SQLITE = "FACSWEB_TEST_BESIDE_SQLITE"
#: The application's role owns its database and is no superuser, as docs/deploy.md has it.
ROLE = "facsweb"
MIGRATED = "migrated"
REPOSITORY = Path(__file__).resolve().parent.parent
# Nothing of this has to survive anything. Compiling a query costs more than any query here.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "jit=off")


class NotHereError(Exception):
    """No PostgreSQL can run on this machine; says why."""


def _programs() -> Path:
    """Folder of initdb and pg_ctl."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("pg_ctl")
    found = [*folders, *([Path(on_path).resolve().parent] if on_path else [])]
    for folder in found:
        if (folder / "initdb").exists():
            return folder
    raise NotHereError("No PostgreSQL was found. On Debian: apt-get install postgresql")


def _as_somebody(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root, so root hands the folder to the user that the package made."""
    if os.getuid() != 0:
        return []
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        raise NotHereError("PostgreSQL does not run as root, and there is no user postgres here.") from None
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["runuser", "-u", "postgres", "--"]


@contextmanager
def server() -> Iterator[Path]:
    """The folder in which the socket of a running PostgreSQL lies. Raises `NotHereError`."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="facsweb-pg-"))
    data = folder / "data"
    chosen = " ".join(f"-c {one}" for one in FAST)
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c max_connections=400 {chosen}"
    try:
        before = _as_somebody(folder)

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
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def own() -> Iterator[Path]:
    """As `server`, for a test that is skipped where none can run."""
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(server())
        except NotHereError as why:
            pytest.skip(str(why))
        yield folder


def url(folder: Path, database: str, role: str = ROLE) -> str:
    """Address of a database, as ``DATABASE_URL`` wants it."""
    return f"postgresql://{role}@{quote(str(folder), safe='')}/{database}"


def superuser(folder: Path, database: str = "postgres") -> Any:
    import psycopg

    return psycopg.connect(url(folder, database, "postgres"), autocommit=True)


@contextmanager
def prepared() -> Iterator[Path]:
    """A running server with the application's role and the migrated database, from which copies are made."""
    from tests.programs import of_its_own

    with server() as folder, tempfile.TemporaryDirectory() as data:
        with superuser(folder) as connection:
            connection.execute(f"CREATE ROLE {ROLE} LOGIN")
            connection.execute(f"CREATE DATABASE {MIGRATED} OWNER {ROLE}")
        environment = of_its_own(Path(data)) | {"DATABASE_URL": url(folder, MIGRATED)}
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=REPOSITORY, env=environment, check=True)
        yield folder


def asked() -> Path | None:
    """The socket's folder, where the tests run on PostgreSQL."""
    return Path(os.environ[SOCKET]) if SOCKET in os.environ else None


def environment(folder: Path, database: str) -> dict[str, str]:
    """Of a process of pytest that runs its tests in a database of that server."""
    return os.environ | {SOCKET: str(folder), "DATABASE_URL": url(folder, database)}


#: For tests of what one of the two databases alone has.
ONLY = pytest.mark.skipif(not asked(), reason="about PostgreSQL alone")
ONLY_SQLITE = pytest.mark.skipif(bool(asked()), reason="about SQLite alone")


def name_of(folder: Path) -> str:
    """Name of the database that belongs to a data folder."""
    return f"of_{hashlib.sha256(str(folder).encode()).hexdigest()[:24]}"


def make(socket: Path, database: str, *, migrated: bool = True) -> None:
    """Make a database of the application's role unless it is there: a copy of the migrated one, or empty."""
    with superuser(socket) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone() is None:
            template = MIGRATED if migrated else "template1"
            connection.execute(f'CREATE DATABASE "{database}" OWNER {ROLE} TEMPLATE {template}')


def main(options: list[str]) -> int:
    try:
        with prepared() as folder:
            call = [sys.executable, "-m", "pytest", *options]
            return subprocess.run(call, env=environment(folder, "tests"), check=False).returncode
    except NotHereError as why:
        print(why, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
