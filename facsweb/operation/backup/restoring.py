"""An installation made from a generation: checked first, files before rows, rows in one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from facsweb.audit import checking
from facsweb.audit.services import record
from facsweb.operation.backup import BackupError, files, manifest, tables
from facsweb.operation.models import Backup
from facsweb.storage import shelf

#: Says in the data folder that a restore of this very backup was begun, so that it may go on.
MARK: Final = "restoring.json"


@dataclass(slots=True)
class Restored:
    """What came of it."""

    generation: str
    rows: int = 0
    files: int = 0
    migrated: int = 0
    """Migrations that this version has beyond the backup's."""
    last_entry: int = 0
    """Of the log, as it was backed up."""
    with_keys: bool = False
    log_faults: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def restore(folder: Path, *, say: Callable[[str], None] = lambda line: None) -> Restored:
    """Make this (empty) installation what the backup holds.

    Parameters
    ----------
    folder : Path
        A generation, or a backup folder: then its newest.

    Raises
    ------
    BackupError
        The backup is not whole, or this installation is not empty. The database is untouched then; files that
        were copied already are used when the command is given again.
    """
    generation = manifest.chosen(folder)
    said = manifest.read(generation)
    tables.leaves([(app, name) for app, name in said["migrations"]])  # before hours of hashing
    say(f"Checking {generation.name}: {said['files']['count']} files.")
    if broken := list(manifest.faults(generation, said)):
        more = f" And {len(broken) - 10} more." if len(broken) > 10 else ""
        raise BackupError("The backup is not whole, so nothing was restored. " + " ".join(broken[:10]) + more)
    result = Restored(generation.name, with_keys=said["with_keys"], missing=said["missing"])
    result.last_entry = said["audit"]["entry"]
    mark = Path(settings.DATA_DIR) / MARK
    try:
        _must_be_empty(mark, said)
        mark.write_text(json.dumps({"manifest": said["sha256"]}))
        for one in manifest.files(generation):
            _put(generation, one)
            result.files += 1
            if result.files % 1000 == 0:
                say(f"{result.files} files")
    except OSError as error:
        raise BackupError(files.sentence(error, Path(settings.DATA_DIR))) from error
    result.rows = _rows(generation, said, say)
    call_command("migrate", verbosity=0, interactive=False)
    result.migrated = len(tables.applied()) - len(said["migrations"])
    mark.unlink()
    with transaction.atomic():
        row = Backup(pk=0, name=generation.name)  # an object to speak of; it is not a backup of this installation
        record(None, "backup.restore", row, generation=generation.name, rows=result.rows, files=result.files)
    result.log_faults = [fault.sentence for fault in checking.verify().faults]
    return result


def _must_be_empty(mark: Path, said: dict[str, Any]) -> None:
    try:
        found = tables.people_and_studies()
    except DatabaseError as error:
        raise BackupError(
            f"The database cannot be used ({type(error).__name__}). Look at DATABASE_URL; "
            "manage.py doctor says more."
        ) from error
    if found:
        told = ", ".join(f"{count} rows in {name}" for name, count in found.items())
        raise BackupError(
            f"This installation is not empty: {told}. Restore into a new one: an empty database (DATABASE_URL) "
            "and an empty folder (FACSWEB_DATA). Nothing was changed."
        )
    try:
        if json.loads(mark.read_text()).get("manifest") == said["sha256"]:
            return  # this very restore was interrupted: what it copied may be there
    except (FileNotFoundError, ValueError, AttributeError):
        pass
    if any(True for _ in files.names(files.MEDIA, Path(settings.MEDIA_ROOT))):
        raise BackupError(
            "This installation has files already (media in FACSWEB_DATA). Restore into an empty folder. "
            "Nothing was changed."
        )


def _put(generation: Path, one: manifest.Kept) -> None:
    """Lay a file where it belongs; one that is there already and is the same stays."""
    target = files.place_of(one.name)
    if target.is_file():
        if target.stat().st_size == one.size and manifest.sha256_of(target) == one.sha256:
            return
        if not one.name.startswith(f"{files.MEDIA}/"):
            raise BackupError(f"{target} is there already and is another file than in the backup. Move it away.")
    files.copied(generation / one.name, target)
    top, _, rest = one.name.partition("/")
    if top == files.MEDIA:
        shelf.keep(rest)
    elif files.bucket_of(one.name) is not None:
        shelf.keep(target)  # type: ignore[arg-type]  (with a bucket, paths are taken too)
    elif top == "anchors":
        target.chmod(0o444)


def _rows(generation: Path, said: dict[str, Any], say: Callable[[str], None]) -> int:
    nodes = [(app, name) for app, name in said["migrations"]]
    if further := sorted(set(tables.applied()) - set(nodes)):
        raise BackupError(
            f"The database is empty, but {len(further)} migrations further than the backup. Give an empty "
            "database (on SQLite: remove the file; on PostgreSQL: DROP DATABASE and CREATE DATABASE) and do not "
            "migrate it: this command does."
        )
    executor = MigrationExecutor(connection)
    executor.migrate(tables.leaves(nodes))
    found = tables.models_at(nodes)
    if strange := sorted(set(said["tables"]) ^ set(found)):
        raise BackupError(f"The backup and this version differ in tables: {', '.join(strange)}.")
    count = 0
    with transaction.atomic():
        for model in found.values():
            tables.empty(model)
        for name, model in found.items():
            told = said["tables"][name]
            count += tables.load(model, generation / told["file"], told["columns"])
            say(f"{name}: {told['rows']} rows")
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SET CONSTRAINTS ALL IMMEDIATE"
                )  # before sequences are set, and by name if one is broken
        tables.go_on_counting(found.values())
        _compare(generation, said, found)
    return count


def _compare(generation: Path, said: dict[str, Any], found: dict[str, Any]) -> None:
    """Read everything again: what the database answers must be what the backup holds."""
    normal = said["vendor"] != connection.vendor
    for name, model in found.items():
        told = said["tables"][name]
        wanted = told["digest"]
        if normal:
            expected = tables.Digest(model, normal=True)
            for line in tables.lines_of(generation / told["file"]):
                expected.add((), line)
            wanted = expected.value
        here = tables.digest_of(model, normal=normal)
        if (here.rows, here.value) != (told["rows"], wanted):
            raise BackupError(
                f"The rows of {name} are not what the backup holds after they were put in ({here.rows} of "
                f"{told['rows']}). Nothing was kept in the database."
            )
