"""What is stored: the database, its tables, the log's protection, files, backups."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from facsweb.audit import triggers
from facsweb.audit.anchors import newest
from facsweb.audit.models import Entry
from facsweb.operation.doctor import Finding, fault, ok, warning
from facsweb.operation.models import Backup

MIGRATE: Final = "python manage.py migrate"
OLDEST_POSTGRESQL: Final = 140_000
LOOK_S: Final = 8.0
CLOCKS_S: Final = 60.0
BACKUP: Final = timedelta(days=2)


def _sqlite_file() -> Path | None:
    return Path(str(connection.settings_dict["NAME"])) if connection.vendor == "sqlite" else None


def _is_there() -> bool:
    """Whether there is a database to look at; looking must not make one."""
    file = _sqlite_file()
    if file is not None and not file.exists():
        return False
    try:
        connection.ensure_connection()
    except DatabaseError:
        return False
    return True


def _tables() -> bool:
    return _is_there() and "audit_entry" in connection.introspection.table_names()


def database() -> Iterator[Finding]:
    """Reachable, whole, and as it has to be set."""
    file = _sqlite_file()
    if file is not None and not file.exists():
        yield fault("database", f"There is no database at {file} yet.", MIGRATE)
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            yield from _sqlite(file) if file is not None else _postgresql()
    except DatabaseError as error:
        said = (str(error).splitlines() or [""])[0]
        where = f"{file} cannot be used" if file else "The database cannot be reached"
        remedy = (
            "Restore it from a backup (docs/operation.md), or correct DATABASE_URL."
            if file
            else "Start PostgreSQL, or correct DATABASE_URL (host, role, password, name of the database)."
        )
        yield fault("database", f"{where}: {said}.", remedy)


def _sqlite(file: Path) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        mode = cursor.execute("PRAGMA journal_mode").fetchone()[0]
        deadline = time.monotonic() + LOOK_S
        connection.connection.set_progress_handler(lambda: time.monotonic() > deadline, 100_000)
        try:
            found = cursor.execute("PRAGMA quick_check(1)").fetchone()[0]
        except DatabaseError as error:
            found = "" if "interrupt" in str(error) else str(error)
        finally:
            connection.connection.set_progress_handler(None, 0)
    if found not in ("ok", ""):
        yield fault(
            "database",
            f"SQLite's own check finds {file} damaged: {found}.",
            "Stop everything, keep a copy of the file, and restore a backup: python manage.py restore DIR",
        )
    elif mode != "wal":
        yield fault(
            "database",
            f"SQLite keeps its journal as {mode}, not as WAL: readers and writers wait for each other.",
            "Put the data folder on a local disk (WAL does not work on network file systems).",
        )
    elif file.stat().st_mode & 0o077:
        yield fault("database", f"Others can read {file}.", f"chmod 600 {file}*")
    else:
        yield ok("database", f"SQLite, WAL, {'whole' if found else 'too large to be checked in a few seconds'}.")


def _postgresql() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        number = connection.connection.info.server_version
        cursor.execute(
            "SELECT r.rolsuper, current_setting('max_connections')::int, "
            "(SELECT count(*) FROM pg_stat_activity), current_setting('server_encoding') "
            "FROM pg_roles r WHERE r.rolname = current_user"
        )
        superuser, most, used, encoding = cursor.fetchone()
    if number < OLDEST_POSTGRESQL:
        yield fault("database", f"This is PostgreSQL {number // 10_000}.", "Upgrade to PostgreSQL 14 or newer.")
    if encoding != "UTF8":
        yield fault("database", f"The database keeps text as {encoding}.", "CREATE DATABASE … ENCODING 'UTF8'")
    if superuser:
        yield warning(
            "database",
            "facsweb runs as a superuser of PostgreSQL, who may do anything to the log.",
            'Give it a role of its own (docs/deploy.md, "PostgreSQL").',
        )
    if used > 0.8 * most:
        yield warning(
            "database",
            f"{used} of {most} connections are in use.",
            "Raise max_connections, or run fewer processes on this server.",
        )
    yield ok("database", f"PostgreSQL {number // 10_000}, {used} of {most} connections.")
    yield from _rights()


def _rights() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = current_schema() AND c.relkind = 'r' AND NOT "
            "(has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')) ORDER BY 1"
        )
        closed = [name for (name,) in cursor.fetchall()]
    if closed:
        yield fault(
            "database rights",
            f"The site's role may not read or write {len(closed)} tables ({closed[0]} …).",
            'GRANT SELECT, INSERT, UPDATE, DELETE on them (docs/deploy.md, "PostgreSQL").',
        )


def migrations() -> Iterator[Finding]:
    """The tables of this version."""
    if not _is_there():
        return
    here = set(MigrationRecorder(connection).applied_migrations())
    known = set(MigrationLoader(None).disk_migrations)
    if behind := known - here:
        yield fault("migrations", f"The database is {len(behind)} migrations behind this version.", MIGRATE)
    if ahead := sorted(here - known):
        yield fault(
            "migrations",
            f"The database has {len(ahead)} migrations that this version does not know ({'.'.join(ahead[0])} …).",
            "Install the version that made them, or a newer one.",
        )
    if not behind and not ahead:
        yield ok("migrations", f"All {len(known)}.")


def audit_log() -> Iterator[Finding]:
    """The log's protection and its anchors; whether it is whole, ``manage.py audit verify`` reads."""
    if not _tables():
        return
    gone, strange = triggers.missing(connection), triggers.strangers(connection)
    if gone or strange:
        what = f"{gone[0]} is gone or changed" if gone else f"{strange[0]} is not ours"
        yield fault(
            "audit log",
            f"The database does not protect the log: the trigger {what}. Somebody with rights did it.",
            "python manage.py audit verify shows what was altered; then: python manage.py audit protect",
        )
    else:
        yield ok("audit log", "Protected by the database.")
    last = Entry.objects.only("at").order_by("-number").first()
    anchor = newest()
    if last is not None and anchor is None and timezone.now() - last.at > BACKUP:
        yield warning("audit log", "It was never signed.", "python manage.py audit anchor")
    if last is not None and (last.at - timezone.now()).total_seconds() > CLOCKS_S:
        yield fault(
            "clock",
            f"The log's last entry is of {last.at:%Y-%m-%d %H:%M}, which is still to come: this clock is behind.",
            "Set the clock and keep it right: timedatectl set-ntp true",
        )


def clock() -> Iterator[Finding]:
    """This clock against the database's."""
    if connection.vendor != "postgresql" or not _is_there():
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        apart = abs((cursor.fetchone()[0] - timezone.now()).total_seconds())
    if apart > CLOCKS_S:
        yield fault(
            "clock",
            f"The database's clock and this one are {apart:.0f} s apart.",
            "timedatectl set-ntp true, on both",
        )
    else:
        yield ok("clock", f"{apart:.1f} s from the database's.")


def storage() -> Iterator[Finding]:
    """Where recordings and results lie."""
    if importlib.util.find_spec("facsweb.storage.checking") is not None:
        found = importlib.import_module("facsweb.storage.checking").check()
        yield from (fault("storage", what, remedy) for what, remedy in found)
        if not found:
            yield ok("storage", "Writes, reads and removes.")
        return
    media = Path(settings.MEDIA_ROOT)
    if not media.exists():
        return  # made with the first recording
    probe = media / f".doctor-{time.monotonic_ns()}"
    try:
        probe.write_bytes(b"1")
    except OSError as error:
        yield fault(
            "storage", f"{media} cannot be written ({error.strerror}).", f"chown -R facsweb's user {media}"
        )
        return
    probe.unlink()
    yield ok("storage", f"{media} takes files.")


def backups() -> Iterator[Finding]:
    """When the last one was finished."""
    if not _tables() or Backup._meta.db_table not in connection.introspection.table_names():
        return
    last = Backup.objects.order_by("-at").first()
    remedy = "python manage.py backup DIR, once a day (docs/operation.md)"
    if last is None:
        yield warning("backups", "No backup was ever made with manage.py backup.", remedy)
        return
    age = timezone.now() - last.at
    if age > BACKUP:
        yield warning("backups", f"The last backup is {age.days} days old.", remedy)
    elif last.missing:
        yield warning(
            "backups",
            f"{last.missing} files that rows name were not there at the last backup.",
            "python manage.py backup DIR names them; look for them in older backups.",
        )
    else:
        yield ok("backups", f"The last was finished {last.at:%Y-%m-%d %H:%M} UTC.")


CHECKS: Final = (database, migrations, audit_log, clock, storage, backups)
