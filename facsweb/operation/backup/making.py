"""Making a generation, going on with one that was interrupted, taking old ones away."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone

from facsweb.audit.services import head, record
from facsweb.operation.backup import BackupError, files, manifest, tables
from facsweb.operation.backup.manifest import Kept
from facsweb.operation.models import Backup

PARTIAL: Final = "partial"
JOURNAL: Final = "journal.jsonl"
LOCK: Final = "lock"


@dataclass(slots=True)
class Made:
    """What a generation holds."""

    folder: Path
    rows: int = 0
    files: int = 0
    size: int = 0
    copied: int = 0
    """Bytes that were read and written, for the rest is shared or was there already."""
    missing: list[str] = field(default_factory=list)
    """Files that rows name and that are not there."""


def make(
    folder: Path,
    *,
    keys: bool = False,
    uploads: bool = False,
    whole: bool = False,
    keep: int = 0,
    say: Callable[[str], None] = lambda line: None,
) -> Made:
    """Make a generation in a backup folder.

    Parameters
    ----------
    folder : Path
        Is made where it does not exist.
    keys, uploads : bool
        Whether the keys, and the pieces of unfinished uploads, are in it.
    whole : bool
        Read every file again instead of sharing what an older generation has.
    keep : int
        How many generations stay; 0: all.
    say : callable
        Told how far it is.

    Raises
    ------
    BackupError
        With what was copied kept for the next time.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(folder):
            made = _made(folder, keys=keys, uploads=uploads, whole=whole, say=say)
            _noted(made)
            sweep(folder, keep)
    except OSError as error:
        raise BackupError(files.sentence(error, folder)) from error
    return made


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupError(f"Another backup into {folder} is being made. Wait until it is finished.") from error
        yield


def _made(folder: Path, *, keys: bool, uploads: bool, whole: bool, say: Callable[[str], None]) -> Made:
    began = datetime.now(UTC)
    partial = folder / PARTIAL
    partial.mkdir(mode=0o700, exist_ok=True)
    older = manifest.generations(folder)[-1:]
    said: dict[str, Any] = {
        "began_at": began.isoformat(),
        "facsweb": version("facsweb") if _installed() else "",
        "site": settings.SITE_URL,
        "vendor": connection.vendor,
        "with_keys": keys,
    }
    made = Made(partial)
    _rows(made, said, say)
    named = set(said.pop("named"))
    kept = _files(made, older[0] if older and not whole else None, keys=keys, uploads=uploads, say=say)
    made.missing = sorted(_still_named(named - {one.name for one in kept}))
    _leftovers(partial, {one.name for one in kept})
    manifest.write_files(partial, kept)
    said["files"] = {
        "count": len(kept),
        "size": made.size,
        "sha256": manifest.sha256_of(partial / manifest.FILES),
    }
    said |= {"missing": made.missing, "finished_at": datetime.now(UTC).isoformat()}
    (partial / JOURNAL).unlink(missing_ok=True)
    os.sync()  # before the manifest says that it is all there
    manifest.write(partial, said)
    made.folder = _free(folder, began)
    partial.rename(made.folder)
    return made


def _installed() -> bool:
    from importlib.metadata import PackageNotFoundError

    try:
        version("facsweb")
    except PackageNotFoundError:
        return False
    return True


def _free(folder: Path, began: datetime) -> Path:
    stem, number = began.strftime("%Y-%m-%dT%H%M%SZ"), 1
    path = folder / stem
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}"
    return path


# --- rows ------------------------------------------------------------------------------------------------


def _rows(made: Made, said: dict[str, Any], say: Callable[[str], None]) -> None:
    place = made.folder / "tables"
    shutil.rmtree(place, ignore_errors=True)  # of an interrupted one: an older snapshot
    place.mkdir(mode=0o700)
    named: list[str] = []
    with tables.snapshot():
        migrations = tables.applied()
        found = tables.models_at(migrations)
        said["migrations"] = migrations
        said["audit"] = dict(zip(("entry", "hash"), head(), strict=True))
        said["tables"] = {}
        for number, (name, model) in enumerate(found.items(), 1):
            path = place / f"{name}.jsonl.gz"
            digest = tables.write(model, path)
            path.chmod(0o600)
            said["tables"][name] = {
                "file": f"tables/{path.name}",
                "sha256": manifest.sha256_of(path),
                "rows": digest.rows,
                "digest": digest.value,
                "columns": [one.column for one in tables.fields_of(model)],
            }
            made.rows += digest.rows
            named += _named(model)
            say(f"Table {number} of {len(found)}: {name}, {digest.rows} rows")
    said["named"] = named


def _named(model: type[models.Model]) -> Iterator[str]:
    """Files that the rows name, as they are called in a generation."""
    for one in tables.fields_of(model):
        if isinstance(one, models.FileField):
            values = models.QuerySet(model).exclude(**{one.attname: ""}).values_list(one.attname, flat=True)
            yield from (f"{files.MEDIA}/{name}" for name in values.iterator(chunk_size=tables.PIECE) if name)


def _still_named(missing: set[str]) -> set[str]:
    """Those that rows name now too: others were destroyed while the backup was made, rows and files."""
    if not missing:
        return missing
    found = tables.models_at(tables.applied())
    return missing & {name for model in found.values() for name in _named(model)}


# --- files -----------------------------------------------------------------------------------------------


def _files(made: Made, older: Path | None, *, keys: bool, uploads: bool, say: Callable[[str], None]) -> list[Kept]:
    before = {one.name: one for one in manifest.files(older)} if older else {}
    here = _journal(made.folder)
    kept: list[Kept] = []
    with (made.folder / JOURNAL).open("a", encoding="utf-8") as journal:
        for name in files.sources(keys=keys, uploads=uploads):
            known, place = (here[name], made.folder) if name in here else (before.get(name), older)
            try:
                one, fresh = files.taken(name, made.folder, known, place)
            except FileNotFoundError:
                continue  # destroyed or finished meanwhile; where a row still names it, it is missed below
            kept.append(one)
            made.files += 1
            made.size += one.size
            if fresh:
                made.copied += one.size
                journal.write(json.dumps(list(asdict(one).values())) + "\n")
                journal.flush()
            if made.files % 1000 == 0:
                say(f"{made.files} files, {made.copied} bytes copied")
    return kept


def _journal(folder: Path) -> dict[str, Kept]:
    """What an interrupted backup had copied; a line that was cut off counts as not copied."""
    found: dict[str, Kept] = {}
    with contextlib.suppress(FileNotFoundError):
        for line in (folder / JOURNAL).read_text(encoding="utf-8", errors="replace").splitlines():
            with contextlib.suppress(ValueError, TypeError):
                one = Kept(*json.loads(line))
                found[one.name] = one
    return found


def _leftovers(partial: Path, kept: set[str]) -> None:
    """Take away what an interrupted backup copied and the installation does not have any more."""
    for name in list(files.below(partial)):
        if name not in kept and not name.startswith("tables/") and name not in (JOURNAL, manifest.FILES):
            (partial / name).unlink(missing_ok=True)


# --- afterwards ------------------------------------------------------------------------------------------


def _noted(made: Made) -> None:
    """Let doctor and figures know of it, on every host."""
    with transaction.atomic():
        row = Backup.objects.create(
            name=made.folder.name,
            at=timezone.now(),
            files=made.files,
            size=made.size,
            rows=made.rows,
            missing=len(made.missing),
        )
        record(None, "backup.make", row, files=made.files, rows=made.rows, missing=len(made.missing))


def sweep(folder: Path, keep: int) -> list[str]:
    """Take the oldest generations away until so many are left; their names."""
    old = manifest.generations(folder)[:-keep] if keep else []
    for one in old:
        (one / manifest.NAME).unlink()  # first: half a generation must not look like one
        shutil.rmtree(one)
    return [one.name for one in old]
