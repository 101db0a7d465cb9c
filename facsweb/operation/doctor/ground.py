"""What is looked at before Django loads: Python, packages, folders, files with secrets."""

from __future__ import annotations

import os
import re
import resource
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from facsweb import installation
from facsweb.operation.doctor import Finding, fault, ok, warning

OLDEST: Final = (3, 11)
LOCK: Final = installation.BASE_DIR / "requirements.lock"
INSTALL: Final = "pip install --no-deps --require-hashes -r requirements.lock"
LITTLE_BYTES: Final = 1 << 30
SOME_BYTES: Final = 10 << 30
FEW_FILES: Final = 1024


def python() -> Iterator[Finding]:
    """The interpreter."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        yield fault("python", f"This is Python {found}.", f"Install Python {wanted} or newer.")
    else:
        yield ok("python", f"Python {found}.")


def _locked() -> dict[str, tuple[set[str], bool]]:
    """Name → versions (several, where machines differ) and whether it is for some machines only."""
    found: dict[str, tuple[set[str], bool]] = {}
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)\s*(;?)", line):
            versions, _ = found.get(match[1], (set(), False))
            found[match[1]] = (versions | {match[2]}, bool(match[3]))
    return found


def packages() -> Iterator[Finding]:
    """The packages, against requirements.lock."""
    try:
        wanted = _locked()
    except OSError as error:
        yield warning(
            "packages", f"requirements.lock cannot be read ({error.strerror}).", "Take a whole checkout."
        )
        return
    missing, other = [], []
    for name, (numbers, some) in wanted.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            if not some:
                missing.append(name)
            continue
        if found not in numbers:
            other.append(f"{name} {found} instead of {' or '.join(sorted(numbers))}")
    if missing:
        yield fault("packages", f"Packages are missing: {', '.join(missing[:8])}.", INSTALL)
    if other:
        yield warning(
            "packages", f"Packages have other versions than were tested: {'; '.join(other[:5])}.", INSTALL
        )
    if not missing and not other:
        yield ok("packages", f"The {len(wanted)} packages of requirements.lock.")


def secret_files() -> Iterator[Finding]:
    """Files that ``…_FILE`` names."""
    try:
        installation.read_secret_files()
    except installation.SecretFileError as error:
        yield fault("secrets", str(error), "Correct the file or the variable (docs/deploy.md).")
    else:
        count = sum(1 for name in installation.SECRETS if os.environ.get(f"{name}_FILE"))
        if count:
            yield ok("secrets", f"{count} are read from files.")


def data_folder() -> Iterator[Finding]:
    """The folder of everything that is stored: there, ours, writable, closed to others."""
    folder = installation.data_dir()
    if not folder.exists():
        parent = next((one for one in folder.parents if one.exists()), Path("/"))
        if not parent.is_dir() or not os.access(parent, os.W_OK):
            yield fault(
                "data folder",
                f"{folder} is not there and cannot be made in {parent}.",
                "Set FACSWEB_DATA to a folder of the user that facsweb runs as.",
            )
            return
        yield fault("data folder", f"{folder} is not there: nothing was set up.", "python manage.py migrate")
        return
    probe = folder / f".doctor.{os.getpid()}"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        yield fault(
            "data folder",
            f"{folder} cannot be written ({error.strerror}).",
            f"Run this as the user that facsweb runs as, or: chown -R that user {folder}",
        )
        return
    mode = folder.stat().st_mode & 0o777
    if mode & 0o007:
        yield fault("data folder", f"Everybody on this machine can look into {folder}.", f"chmod 700 {folder}")
    else:
        yield ok("data folder", f"{folder}, closed to others.")
    yield from _open_files(folder)


def _open_files(folder: Path) -> Iterator[Finding]:
    keys = [folder / "secret_key", *(one for one in (folder / "keys").rglob("*") if one.is_file())]
    private = [one for one in keys if one.exists() and not one.name.endswith((".pem.pub", ".crl"))]
    loose = [one for one in private if one.stat().st_mode & 0o077 and "certificate" not in one.name]
    if loose:
        yield fault("keys", f"Others can read {loose[0]}.", f"chmod 600 {' '.join(map(str, loose))}")
    elif private:
        yield ok("keys", "Only their owner can read them.")


def disk() -> Iterator[Finding]:
    """Room for recordings."""
    folder = installation.data_dir()
    place = next(one for one in (folder, *folder.parents) if one.is_dir())
    free = shutil.disk_usage(place).free
    told = f"{free / 2**30:.1f} GiB are free on the disk of {place}."
    if free < LITTLE_BYTES:
        yield fault("disk", told, "Make room or move FACSWEB_DATA to a larger disk: uploads are refused already.")
    elif free < SOME_BYTES:
        yield warning("disk", told, "Plan for more room: an hour of video takes 2 to 8 GiB.")
    else:
        yield ok("disk", told)


def file_limits() -> Iterator[Finding]:
    """How many files and connections a process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < FEW_FILES:
        yield warning(
            "file limits",
            f"A process may open {soft} files; every open page and upload takes one.",
            "ulimit -n 4096, or LimitNOFILE=4096 in the service's unit.",
        )
    else:
        yield ok("file limits", f"A process may open {soft} files.")


CHECKS: Final = (python, packages, secret_files, data_folder, disk, file_limits)
