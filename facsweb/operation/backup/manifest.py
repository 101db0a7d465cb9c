"""What a generation says of itself, and whether it is as it was written."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from facsweb.operation.backup import BackupError

FORMAT: Final = 1
NAME: Final = "manifest.json"
FILES: Final = "files.jsonl.gz"
GENERATION: Final = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z(-\d+)?")
CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of a generation."""

    name: str
    """Below the generation, such as ``media/recordings/…``."""
    size: int
    sha256: str
    changed_ns: int
    """When the installation's own file was last written; with the size, what tells that it is the same."""


def sha256_of(path: Path) -> str:
    """Hex digest of a file's content."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            found.update(piece)
    return found.hexdigest()


def _digest(said: dict[str, Any]) -> str:
    rest = {name: value for name, value in said.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def write(folder: Path, said: dict[str, Any]) -> None:
    """Write the manifest so that it is there whole or not at all."""
    said = {"format": FORMAT, **said}
    said["sha256"] = _digest(said)
    draft = folder / f"{NAME}.draft"
    with draft.open("w", encoding="utf-8") as file:
        json.dump(said, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(folder / NAME)


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a generation.

    Raises
    ------
    BackupError
        There is none, it cannot be read, or it is not as it was written.
    """
    path = folder / NAME
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BackupError(f"{folder} has no {NAME}: it is no backup, or one that was never finished.") from error
    except OSError as error:
        raise BackupError(f"{path} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise BackupError(f"{path} was cut off or altered: it is no JSON any more.") from error
    if not isinstance(said, dict) or said.get("sha256") != _digest(said):
        raise BackupError(f"{path} was altered: its own hash does not fit.")
    if said["format"] != FORMAT:
        raise BackupError(f"{path} has form {said['format']}, which this version does not know. Use a newer one.")
    return said


def generations(folder: Path) -> list[Path]:
    """The finished generations of a backup folder, the oldest first."""
    if not folder.is_dir():
        return []
    found = [one for one in folder.iterdir() if GENERATION.fullmatch(one.name) and (one / NAME).is_file()]
    return sorted(found, key=lambda one: one.name)


def chosen(folder: Path) -> Path:
    """The generation that a person means who names a folder: itself, or the newest in it."""
    if not folder.is_dir():
        raise BackupError(f"There is no folder {folder}.")
    if (folder / NAME).exists() or (folder / FILES).exists():
        return folder
    found = generations(folder)
    if not found:
        raise BackupError(f"{folder} holds no finished backup.")
    return found[-1]


def write_files(folder: Path, kept: list[Kept]) -> None:
    """Write the list of files."""
    with gzip.open(folder / FILES, "wt", compresslevel=1, encoding="utf-8", newline="\n") as file:
        for one in kept:
            file.write(json.dumps([one.name, one.size, one.sha256, one.changed_ns]) + "\n")


def files(folder: Path) -> Iterator[Kept]:
    """The list of files, as it was written."""
    with gzip.open(folder / FILES, "rt", encoding="utf-8", newline="\n") as file:
        for line in file:
            yield Kept(*json.loads(line))


def faults(folder: Path, said: dict[str, Any]) -> Iterator[str]:
    """A sentence for everything that is not as it was written."""
    lists = [(FILES, said["files"]["sha256"]), *((one["file"], one["sha256"]) for one in said["tables"].values())]
    broken = {name: fault for name, digest in lists if (fault := _wrong(folder / name, None, digest))}
    yield from (f"{name} {fault}." for name, fault in broken.items())
    if FILES in broken:
        return
    for one in files(folder):
        if fault := _wrong(folder / one.name, one.size, one.sha256):
            yield f"{one.name} {fault}."


def _wrong(path: Path, size: int | None, digest: str) -> str:
    try:
        found = path.stat().st_size
        if size is not None and found != size:
            return f"has {found} bytes instead of {size}"
        return "" if sha256_of(path) == digest else "was altered: its hash does not fit"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
