"""Everything that goes with a row: the rows that hang on it, in every app, and their files.

Found from the models themselves, so that a table that is added later is not forgotten.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import models

from facsweb.audit.services import canonical
from facsweb.meaning import attempts as readings
from facsweb.meaning.models import Reading
from facsweb.privacy.models import Copy
from facsweb.recordings import files
from facsweb.recordings.models import Recording, Upload
from facsweb.reports.models import Document, Package, Report
from facsweb.runs import attempts as runs
from facsweb.runs.models import AnalysisRun
from facsweb.storage import shelf

#: Rows that a database keeps only for another row: they go with it, or stand in the way of its going.
_FOLLOWED: Final = (models.CASCADE, models.PROTECT, models.RESTRICT)
#: Rows with an id of their own that are nevertheless too many for a tombstone each.
BULK: Final = {"coding.event", "coding.comment"}
AT_ONCE: Final = 500  # ids in one query, below what SQLite allows

#: Folders of a row beside the files that its own fields name.
FOLDERS: Final[dict[type[models.Model], Any]] = {
    Recording: files.recording_folder,
    Upload: files.upload_folder,
    AnalysisRun: runs.folder,
    Reading: readings.folder,
    Package: lambda pk: Path(settings.MEDIA_ROOT) / "packages" / str(pk),
    Copy: lambda pk: Path(settings.MEDIA_ROOT) / "copies" / str(pk),
}

#: Rows whose files carry their id and perhaps more behind it: one that a worker wrote and did not live to publish
#: is named by no row.
DRAFTED: Final[dict[type[models.Model], str]] = {Report: "reports/{pk}", Document: "reports/{pk}"}


@dataclass(slots=True)
class Trace:
    """What a tombstone will say of one object, or of many rows that belong to one object."""

    kind: str
    object_id: str
    sha256: str
    rows: int = 1
    hashes: dict[str, str] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)


def label(model: type[models.Model] | models.Model) -> str:
    """A model's name as tombstones have it, such as ``coding.layer``."""
    return str(model._meta.label_lower)


def below(*roots: models.Model) -> dict[type[models.Model], dict[Any, models.Model]]:
    """Rows of one model and everything that hangs on them, by model, in the order in which it was found."""
    model = type(roots[0])
    found: dict[type[models.Model], dict[Any, models.Model]] = {model: {root.pk: root for root in roots}}
    fresh: list[tuple[type[models.Model], list[Any]]] = [(model, list(found[model]))]
    while fresh:
        model, keys = fresh.pop(0)
        for relation in relations(model):
            known = found.setdefault(relation.related_model, {})
            rows = {row.pk: row for row in _pointing(relation, keys) if row.pk not in known}
            known |= rows
            if rows:
                fresh.append((relation.related_model, list(rows)))
    return {model: rows for model, rows in found.items() if rows}


def relations(model: type[models.Model]) -> Iterator[Any]:
    """Relations by which rows hang on a row of the model."""
    for relation in model._meta.related_objects:
        if relation.on_delete in _FOLLOWED and not relation.related_model._meta.auto_created:
            yield relation


def _pointing(relation: Any, keys: list[Any]) -> Iterator[models.Model]:
    for start in range(0, len(keys), AT_ONCE):
        yield from relation.related_model._base_manager.filter(
            **{f"{relation.field.name}__in": keys[start : start + AT_ONCE]}
        )


def protecting(root: models.Model) -> list[tuple[type[models.Model], list[Any]]]:
    """Rows that would forbid deleting the row, the last found first: deleted in this order, they do not."""
    found = below(root)
    steps = []
    for model in found:
        for relation in relations(model):
            if relation.on_delete is models.PROTECT and (rows := found.get(relation.related_model)):
                steps.append((relation.related_model, list(rows)))
    return steps[::-1]


def row_sha256(row: models.Model) -> str:
    """SHA-256 (hex) of a row's canonical JSON; what is stored as bytes goes in as its own SHA-256."""
    said: dict[str, Any] = {}
    for one in row._meta.concrete_fields:
        value = one.value_from_object(row)
        said[one.attname] = hashlib.sha256(value).hexdigest() if isinstance(value, bytes | memoryview) else value
    return hashlib.sha256(canonical(json.loads(json.dumps(said, default=str)))).hexdigest()


def traces(root: models.Model) -> list[Trace]:
    """What tombstones will say of a row and of everything below it."""
    told = []
    for model, rows in below(root).items():
        kind = label(model)
        if kind not in BULK and isinstance(root.pk, UUID) and isinstance(model._meta.pk, models.UUIDField):
            told += [of_row(row) for row in rows.values()]
        else:
            told.append(together(kind, str(root.pk), rows.values()))
    return told


def of_row(row: models.Model) -> Trace:
    """What a tombstone will say of one row, with its files."""
    return Trace(label(row), str(row.pk), row_sha256(row), 1, _hashes(row), _paths(row))


def together(kind: str, owner: str, rows: Iterable[models.Model]) -> Trace:
    """What a tombstone will say of many rows that belong to one object."""
    listed = sorted(rows, key=lambda row: str(row.pk))
    digest = hashlib.sha256("".join(row_sha256(row) for row in listed).encode()).hexdigest()
    paths = [path for row in listed for path in _paths(row)]
    return Trace(kind, owner, digest, len(listed), {}, paths)


def _hashes(row: models.Model) -> dict[str, str]:
    """SHA-256 of what the row's fields say of files and contents, by name; those that it computed itself."""
    found = {}
    for one in row._meta.concrete_fields:
        if one.name == "secret_sha256":  # of an address that nobody shall be recognised by any more
            continue
        if one.name.endswith("sha256") and (value := one.value_from_object(row)):
            found[one.name] = str(value)
    kept = getattr(row, "files", None)
    if isinstance(kept, dict):
        found |= {str(name): str(value) for name, value in kept.items()}
    return found


def _paths(row: models.Model) -> list[str]:
    found = []
    if (folder := FOLDERS.get(type(row))) is not None:
        found.append(named(folder(row.pk)))
    for one in row._meta.concrete_fields:
        if isinstance(one, models.FileField) and (name := getattr(row, one.attname).name):
            path = f"media/{name}"
            if not any(path.startswith(f"{folder}/") for folder in found):
                found.append(path)
    if (pattern := DRAFTED.get(type(row))) is not None:
        drafts = [f"media/{name}" for name in shelf.beginning(pattern.format(pk=row.pk)) if name.endswith(".pdf")]
        found += [path for path in drafts if path not in found]
    return found


def roots() -> dict[str, Path]:
    """Folders below which files of participants lie, by the name that tombstones give them."""
    return {
        "media": Path(settings.MEDIA_ROOT),
        "uploads": Path(settings.UPLOAD_DIR),
        "scorers": Path(settings.SCORERS_DIR),
    }


def named(path: Path) -> str:
    """A path as tombstones keep it, the same wherever the data folder is moved: ``media/recordings/…``."""
    for name, root in roots().items():
        if path.is_relative_to(root):
            return f"{name}/{path.relative_to(root).as_posix()}"
    raise ValueError(f"{path} lies in none of the folders of this installation.")


def located(name: str) -> Path:
    """Where a tombstone's path lies now; never outside of the folders of this installation."""
    first, _, rest = name.partition("/")
    root = roots()[first].resolve()
    path = (root / rest).resolve()
    if not rest or path == root or not path.is_relative_to(root):
        raise ValueError(f"{name} is no path of a participant's data.")
    return path


def file_hashes(name: str) -> dict[str, str]:
    """SHA-256 of every file at a tombstone's path, by its name in the folder; empty where there is none."""
    return shelf.hashes(located(name))
