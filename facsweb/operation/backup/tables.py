"""Rows of the database as lines of JSON: written from one snapshot, read back into SQLite or PostgreSQL."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.core.management.color import no_style
from django.db import DataError, connection, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from facsweb.operation.backup import BackupError

#: Sessions are keys to accounts, beats and notes of hosts are of what runs now, migrations stand in the manifest.
SKIPPED: Final = frozenset(
    {
        *("django_migrations", "django_session", "operation_beat"),
        *("storage_host", "storage_drop", "storage_claim"),
    }
)
PIECE: Final = 1000
#: Tables in which a fresh installation has no row.
TELLING: Final = ("accounts_user", "studies_study", "audit_entry")
_MODULUS: Final = 2**256
Node = tuple[str, str]


# --- which tables ----------------------------------------------------------------------------------------


def applied() -> list[Node]:
    """Migrations that the database has, as (app, name)."""
    return sorted(MigrationRecorder(connection).applied_migrations())


def leaves(nodes: Iterable[Node]) -> list[Node]:
    """The last of each app's, where the rest follows from."""
    known, graph = set(nodes), MigrationExecutor(connection).loader.graph
    if strange := sorted(node for node in known if node not in graph.nodes):
        app, name = strange[0]
        raise BackupError(
            f"This version of facsweb does not know {len(strange)} migrations of the database ({app}.{name} …). "
            "Use the version that made it, or a newer one."
        )
    return sorted(
        node
        for node in known
        if not any(child.key in known and child.key[0] == node[0] for child in graph.node_map[node].children)
    )


def models_at(nodes: Sequence[Node]) -> dict[str, type[models.Model]]:
    """Table → model, as the tables are after those migrations; the order is that of their names."""
    loader = MigrationExecutor(connection).loader
    ends = leaves(nodes)
    here = apps if ends == sorted(loader.graph.leaf_nodes()) else loader.project_state(ends).apps
    found = here.get_models(include_auto_created=True)
    kept = {one._meta.db_table: one for one in found if one._meta.managed and not one._meta.proxy}
    return {name: kept[name] for name in sorted(kept) if name not in SKIPPED}


def fields_of(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    """The columns that are stored, by name: a model and what migrations know of it differ in their order."""
    stored = [one for one in model._meta.concrete_fields if not getattr(one, "generated", False)]
    return sorted(stored, key=lambda one: one.column)


# --- out of the database ---------------------------------------------------------------------------------


@contextmanager
def snapshot() -> Iterator[None]:
    """Inside, the database is as it was at the first look, and writers are not kept waiting."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        with connection.cursor() as cursor:  # not atomic(): that would take the lock of writers
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def plain(value: Any) -> Any:
    """What JSON has no word for."""
    match value:
        case uuid.UUID() | Decimal():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value // timedelta(microseconds=1)
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(bytes(value)).decode()
    raise TypeError(f"A value of {type(value).__name__} cannot be put into a backup.")


def _normal(value: Any) -> Any:
    """Numbers as PostgreSQL's jsonb keeps them, so that rows of two vendors can be compared."""
    if isinstance(value, dict):
        return {name: _normal(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_normal(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Digest:
    """Count and sum of the hashes of rows: the same in whatever order a database gives them."""

    def __init__(self, model: type[models.Model], *, normal: bool = False) -> None:
        self.rows, self.sum = 0, 0
        self.json = any(isinstance(one, models.JSONField) for one in fields_of(model))
        self.normal = normal

    def add(self, values: Sequence[Any], line: str = "") -> None:
        """A row, and its line where that is known already."""
        if self.normal:
            values = _normal(json.loads(line or _line(values)))
        if self.json or self.normal or not line:
            line = json.dumps(values, default=plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        self.rows += 1
        self.sum = (self.sum + int.from_bytes(hashlib.sha256(line.encode()).digest())) % _MODULUS

    @property
    def value(self) -> str:
        return f"{self.sum:064x}"


def _line(values: Sequence[Any]) -> str:
    return json.dumps(values, default=plain, ensure_ascii=False, separators=(",", ":"))


def rows_of(model: type[models.Model]) -> Iterator[tuple[Any, ...]]:
    """Every row, in the order of the key."""
    manager = models.QuerySet(model).order_by("pk")
    yield from manager.values_list(*(one.attname for one in fields_of(model))).iterator(chunk_size=PIECE)


def digest_of(model: type[models.Model], *, normal: bool = False) -> Digest:
    """What the database holds of a table."""
    found = Digest(model, normal=normal)
    for row in rows_of(model):
        found.add(row)
    return found


def write(model: type[models.Model], path: Path) -> Digest:
    """Write a table's rows into a file; what was written, counted and hashed.

    Raises
    ------
    BackupError
        A row holds what its column cannot hold.
    """
    found, why = Digest(model), ""
    with gzip.open(path, "wt", compresslevel=1, encoding="utf-8", newline="\n") as file:
        try:
            for row in rows_of(model):
                line = _line(row)
                found.add(row, line)
                file.write(line + "\n")
        except (ValueError, TypeError, DataError) as error:
            why = type(error).__name__
    if why:
        raise BackupError(
            f"A row of {model._meta.db_table} (after {found.rows} others) cannot be read ({why}): somebody "
            "altered the database by other means. manage.py audit verify shows what was altered in the log. "
            "Correct the row, or copy the database as it is."
        )
    return found


# --- into a database -------------------------------------------------------------------------------------


def people_and_studies() -> dict[str, int]:
    """Rows of the tables in which a fresh installation has none; empty where there are none."""
    there = set(connection.introspection.table_names())
    found = {}
    with connection.cursor() as cursor:
        for table in TELLING:
            if table in there:
                cursor.execute(f"SELECT COUNT(*) FROM {table}")  # noqa: S608  # nosec B608 (a name of this module)
                found[table] = cursor.fetchone()[0]
    return {name: count for name, count in found.items() if count}


def _readers(model: type[models.Model]) -> list[Callable[[Any], Any]]:
    return [_reader(one) for one in fields_of(model)]


def _reader(field: Any) -> Callable[[Any], Any]:
    """What makes the database's value of what stands in a line."""
    target = field
    while target.is_relation:
        target = target.target_field
    kind = target.get_internal_type()

    def read(value: Any) -> Any:
        if value is not None:
            if kind == "BinaryField":
                value = base64.b64decode(value)
            elif kind == "DurationField":
                value = timedelta(microseconds=value)
            elif kind in ("UUIDField", "DateTimeField", "DateField", "TimeField", "DecimalField"):
                value = target.to_python(value)
        return field.get_db_prep_save(value, connection)

    return read


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a table's file."""
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        for line in file:
            yield line.rstrip("\n")


def load(model: type[models.Model], path: Path, columns: Sequence[str]) -> int:
    """Put a file's rows into the (emptied) table; how many."""
    fields = fields_of(model)
    if [one.column for one in fields] != list(columns):
        raise BackupError(f"The table {model._meta.db_table} has other columns than the backup says.")
    quote = connection.ops.quote_name
    names = ", ".join(quote(name) for name in columns)
    marks = ", ".join(["%s"] * len(columns))
    statement = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({marks})"  # noqa: S608  # nosec B608
    readers, count, lines = _readers(model), 0, lines_of(path)
    with connection.cursor() as cursor:
        while piece := list(islice(lines, PIECE)):
            cursor.executemany(
                statement,
                [[read(value) for read, value in zip(readers, json.loads(one), strict=True)] for one in piece],
            )
            count += len(piece)
    return count


def empty(model: type[models.Model]) -> None:
    """Take away what the migrations themselves put into a table."""
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")  # noqa: S608  # nosec B608 (a name of a model)
        if cursor.fetchone():
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608  # nosec B608


def go_on_counting(found: Iterable[type[models.Model]]) -> None:
    """Let PostgreSQL number further rows after those that were put in."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(found)):
            cursor.execute(statement)
